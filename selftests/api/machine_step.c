/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent's TLS connection, kept open: machine_step PORT PIN TOKEN obeys lines on standard input,
 * each answered by a line "METHOD PATH STATUS BODY":
 *
 *	enrol NAME KEY F1 F2 F3		POST /v1/machines; KEY and factors are numbers below 256, a
 *					factor of 0 = none
 *	forge NAME KEY F1 F2 F3		the same with another connection's proof
 *	call METHOD PATH [BODY]
 */
#include <stdio.h>
#include <string.h>
#include "lib/http.h"
#include "lib/json.h"
#include "lib/machine.h"
#include "lib/parse.h"

#define LINE_LEN 8192

static uv_loop_t loop;
static struct http_client *client;
static char auth[128];
static bool quiet, done;

static void on_done(int r, const struct http_msg *msg, const struct err *err, void *ctx)
{
	const char *what = ctx;

	done = true;
	if (quiet)
		return;
	if (r)
		printf("%s 000 %s\n", what, err->text);
	else
		printf("%s %d %s\n", what, msg->status, msg->body);
}

static void call(const char *method, const char *path, const char *body)
{
	struct http_header headers[] = {{"Authorization", auth},
					{"Content-Type", "application/json"}};
	struct http_request req = {
		.method = method,
		.target = path,
		.headers = headers,
		.n_headers = body ? 2 : 1,
		.body = body,
		.body_len = body ? strlen(body) : 0,
	};
	char what[256];

	snprintf(what, sizeof(what), "%s %s", method, path);
	done = false;
	if (!http_client_send(client, &req, on_done, NULL, what))
		exit(1);
	while (!done)
		uv_run(&loop, UV_RUN_ONCE);
}

static json_t *factor_json(const uint8_t hash[static MACHINE_FACTOR_LEN])
{
	char text[KEY_TEXT_LEN];

	return hash[0] ? json_string(b64_key_text(text, hash)) : json_null();
}

static void enrol(char *words[], bool forge)
{
	struct machine_proof proof = {.name = words[1]};
	uint8_t seed[KEY_LEN] = {}, public_key[KEY_LEN], sig[MACHINE_SIG_LEN];
	char key[KEY_TEXT_LEN], sig_text[B64_TEXT_LEN(MACHINE_SIG_LEN)];
	AUTO_JSON json_t *body = NULL;
	AUTO_FREE char *text = NULL;
	struct err err = {};
	uint32_t v = 0;

	if (!http_client_tls(client)) {
		quiet = true;
		call("GET", "/v1/relay", NULL);
		quiet = false;
	}
	parse_u32(words[2], 0, 255, &v);
	seed[0] = (uint8_t)v;
	for (int i = 0; i < MACHINE_FACTORS; i++) {
		parse_u32(words[3 + i], 0, 255, &v);
		proof.factors.hash[i][0] = (uint8_t)v;
	}
	if (!http_client_tls(client) ||
	    tls_conn_export(http_client_tls(client), MACHINE_EXPORT_LABEL, proof.exporter,
			    sizeof(proof.exporter), &err))
		exit(1);
	proof.exporter[0] ^= forge;
	if (machine_public(seed, public_key, &err) || machine_sign(seed, &proof, sig, &err))
		exit(1);
	body = json_pack("{s:s, s:s, s:[o, o, o], s:s}", "machine", proof.name, "machine_key",
			 b64_key_text(key, public_key), "factors",
			 factor_json(proof.factors.hash[0]), factor_json(proof.factors.hash[1]),
			 factor_json(proof.factors.hash[2]), "signature",
			 b64_text(sig_text, sizeof(sig_text), sig, sizeof(sig)));
	text = json_dumps(body, JSON_COMPACT);
	call("POST", "/v1/machines", text);
}

static void obey(char *line)
{
	char *words[7] = {}, *save = NULL;

	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "call ", 5)) {
		words[0] = strtok_r(line + 5, " ", &save);
		words[1] = strtok_r(NULL, " ", &save);
		if (words[1])
			call(words[0], words[1], save && save[0] ? save : NULL);
		return;
	}
	words[0] = strtok_r(line, " ", &save);
	for (int i = 1; i < 6; i++)
		words[i] = strtok_r(NULL, " ", &save);
	if (!words[5])
		exit(2);
	enrol(words, !strcmp(words[0], "forge"));
}

int main(int argc, char **argv)
{
	struct http_client_conf conf = {.host = "127.0.0.1"};
	char line[LINE_LEN];
	struct tls_pin pin;
	struct err err;

	if (argc != 4 || parse_u16(argv[1], 1, 65535, &conf.port) ||
	    b64_pin_parse(argv[2], strlen(argv[2]), pin.sha256))
		return 2;
	snprintf(auth, sizeof(auth), "Bearer %s", argv[3]);
	uv_loop_init(&loop);
	conf.tls = tls_ctx_new_client(&pin, 1, TLS_AGENT_GROUPS, &err);
	client = conf.tls ? http_client_new(&loop, &conf) : NULL;
	if (!client)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		obey(line);
		fflush(stdout);
	}
	http_client_free(client);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	tls_ctx_free(conf.tls);
	return 0;
}
