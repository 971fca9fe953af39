/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_pin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/log.h"
#include "api_audit.h"
#include "api_handlers.h"
#include "api_state.h"

#define PATH_LEN (API_STATE_DIR_LEN + 32)

static const char *path_of(char out[static PATH_LEN], const char *dir, const char *file)
{
	snprintf(out, PATH_LEN, "%s/tls/%s", dir, file);
	return out;
}

static bool is_there(const char *dir, const char *file)
{
	char path[PATH_LEN];

	return !access(path_of(path, dir, file), F_OK);
}

static int move(const char *dir, const char *from, const char *to, struct err *err)
{
	char a[PATH_LEN], b[PATH_LEN];

	if (rename(path_of(a, dir, from), path_of(b, dir, to)))
		return err_sys(err, -errno, "%s", a);
	return 0;
}

static int sync_dir(const char *dir, struct err *err)
{
	char path[PATH_LEN];
	AUTO_FD int fd = open(path_of(path, dir, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? err_sys(err, -errno, "%s", path) : 0;
}

/*
 * The steps of roll_files(), from wherever they ended. A certificate is never beside another key:
 * one that is missing is made anew from its key.
 */
static int finish_roll(const char *dir, struct err *err)
{
	int r = 0;

	if (!is_there(dir, "standby.key")) {
		if (is_there(dir, "standby.crt") && !is_there(dir, "live.crt"))
			r = move(dir, "standby.crt", "live.crt", err);
		if (!r && is_there(dir, "next.key"))
			r = move(dir, "next.key", "standby.key", err);
	}
	if (!r && is_there(dir, "next.crt") && !is_there(dir, "next.key") &&
	    !is_there(dir, "standby.crt"))
		r = move(dir, "next.crt", "standby.crt", err);
	return r;
}

/* "live": the key and its certificate, made if need be. */
static int open_key(const char *dir, const char *which, const char *name, struct tls_pin *ret_pin,
		    struct err *err)
{
	char file[32], key[PATH_LEN], cert[PATH_LEN];
	int r;

	snprintf(file, sizeof(file), "%s.key", which);
	path_of(key, dir, file);
	snprintf(file, sizeof(file), "%s.crt", which);
	path_of(cert, dir, file);
	r = tls_key_make(key, cert, name, err);
	return r ? r : tls_key_pin(key, ret_pin, err);
}

static struct tls_ctx *open_ctx(const char *dir, struct err *err)
{
	char key[PATH_LEN], cert[PATH_LEN];

	return tls_ctx_new_server(path_of(key, dir, "live.key"), path_of(cert, dir, "live.crt"),
				  TLS_PUBLIC_GROUPS, err);
}

int api_pin_open(struct api *api, const char *dir, struct err *err)
{
	char tls[PATH_LEN];
	int r;

	if (mkdir(path_of(tls, dir, ""), 0700) && errno != EEXIST)
		return err_sys(err, -errno, "%s", tls);
	r = finish_roll(dir, err);
	if (!r)
		r = open_key(dir, "standby", api->conf.name, &api->pins[1], err);
	if (!r)
		r = open_key(dir, "live", api->conf.name, &api->pins[0], err);
	if (r)
		return r;
	api->tls = open_ctx(dir, err);
	return api->tls ? 0 : err->code;
}

static int roll_files(const char *dir, const char *name, struct err *err)
{
	struct tls_pin next;
	char path[PATH_LEN];
	int r = open_key(dir, "next", name, &next, err);

	if (!r && unlink(path_of(path, dir, "live.crt")))
		r = err_sys(err, -errno, "%s", path);
	if (!r)
		r = move(dir, "standby.key", "live.key", err);
	/* From here on there is no way back: what is missing is done at the next start. */
	if (!r)
		r = finish_roll(dir, err);
	return r ? r : sync_dir(dir, err);
}

static int roll(struct api *api, struct err *err)
{
	char dir[API_STATE_DIR_LEN];
	struct tls_ctx *ctx;
	int r;

	api_state_dir(dir, &api->conf);
	r = roll_files(dir, api->conf.name, err);
	if (!r)
		r = open_key(dir, "standby", api->conf.name, &api->pins[1], err);
	if (!r)
		r = open_key(dir, "live", api->conf.name, &api->pins[0], err);
	if (r)
		return r;
	ctx = open_ctx(dir, err);
	if (!ctx)
		return err ? err->code : -EIO;
	tls_ctx_replace(api->tls, ctx);
	return 0;
}

static int64_t made_at(const struct api *api, const char *file)
{
	char dir[API_STATE_DIR_LEN], path[PATH_LEN];
	struct stat st;

	if (stat(path_of(path, api_state_dir(dir, &api->conf), file), &st))
		return 0;
	return st.st_mtime;
}

static json_t *pins_json(const struct api *api)
{
	static const char *const roles[] = {"live", "standby"};
	json_t *array = json_array();
	char text[PIN_TEXT_LEN], file[32];

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		snprintf(file, sizeof(file), "%s.key", roles[i]);
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:o}", "role", roles[i], "pin",
						b64_pin_text(text, api->pins[i].sha256), "made_at",
						api_time_json(made_at(api, file))));
	}
	return array;
}

void api_ctl_pin_list(struct api_req *req)
{
	api_reply_json(req, 200, pins_json(req->api));
}

static void note_roll(struct api_req *req)
{
	char live[PIN_TEXT_LEN], standby[PIN_TEXT_LEN];
	struct err err;

	b64_pin_text(live, req->api->pins[0].sha256);
	b64_pin_text(standby, req->api->pins[1].sha256);
	log_info("TLS keys rolled: live %s, standby %s", live, standby);
	if (api_audit(req->api, req, 0, &err, "pin.roll", "live %s, standby %s", live, standby))
		log_err("%s", err.text);
}

/* #syscalls(api): rename unlink open openat fsync stat newfstatat mkdir access faccessat2 */
void api_ctl_pin_roll(struct api_req *req)
{
	static const char *const known[] = {"force", NULL};
	int64_t age = db_now() - made_at(req->api, "standby.key");
	bool force = false;
	struct err err;
	int r;

	r = json_only(req->body, known, &err);
	if (!r)
		r = json_get_bool(req->body, "force", &force, &err);
	if (r && r != -ENOENT) {
		api_refuse(req, API_ERROR_INVALID_REQUEST, "%s", err.text);
		return;
	}
	if (!force && age < API_PIN_MIN_AGE_S) {
		api_refuse(req, API_ERROR_PIN_YOUNG,
			   "the standby key is younger than %d minutes: an agent that has not "
			   "heard of it would be locked out (--force rolls all the same)",
			   API_PIN_MIN_AGE_S / 60);
		return;
	}
	if (roll(req->api, &err)) {
		log_err("rolling the TLS keys: %s", err.text);
		api_refuse(req, API_ERROR_INTERNAL, "%s", err.text);
		return;
	}
	note_roll(req);
	api_reply_json(req, 200, pins_json(req->api));
}
