/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels before 6.6 (Debian 12) have no tcx links: programs are filters of a clsact qdisc there. A
 * filter outlives relayd by itself and is replaced in one step; a pin of its program, named
 * filter-NAME-IFINDEX-i|e-PRIORITY, tells where it is (with -new behind it: where it is about to
 * be).
 */
#include "dp_impl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/parse.h"

#define PREFIX "filter-"
#define HANDLE 1
#define PRIORITY_FIRST 0x5c01
#define PRIORITY 0x5c02

struct place {
	uint32_t ifindex, priority;
	bool egress;
};

bool dp_clsact_needed(int prog_fd)
{
	/* With tcx there is no such device; without, no such way to attach. */
	int fd = bpf_link_create(prog_fd, INT32_MAX, BPF_TCX_INGRESS, NULL);

	if (fd >= 0)
		close(fd);
	return fd != -ENODEV;
}

/* Of NAME-IFINDEX-i|e-PRIORITY, which it cuts to pieces; false: another name's, or not one. */
static bool place_parse(char *text, const char *name, struct place *ret_place)
{
	char *part[4] = {strtok_r(text, "-", &text)};

	for (int i = 1; i < 4; i++)
		part[i] = part[i - 1] ? strtok_r(NULL, "-", &text) : NULL;
	if (!part[3] || (name && strcmp(part[0], name)) ||
	    (strcmp(part[2], "i") && strcmp(part[2], "e")) ||
	    parse_u32(part[1], 1, INT32_MAX, &ret_place->ifindex) ||
	    parse_u32(part[3], 1, UINT16_MAX, &ret_place->priority))
		return false;
	ret_place->egress = part[2][0] == 'e';
	return true;
}

static struct bpf_tc_hook hook_of(const struct place *p)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)p->ifindex,
		    .attach_point = p->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);

	return hook;
}

/* A device that is gone took its filters along. */
static void detach(const struct place *p)
{
	struct bpf_tc_hook hook = hook_of(p);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = p->priority);

	bpf_tc_detach(&hook, &opts);
}

void dp_clsact_forget(const char *pin)
{
	char text[NAME_MAX + 1];
	struct place p;

	if (strncmp(pin, PREFIX, strlen(PREFIX)) || strlen(pin) >= sizeof(text))
		return;
	memcpy(text, pin + strlen(PREFIX), strlen(pin) - strlen(PREFIX) + 1);
	if (place_parse(text, NULL, &p))
		detach(&p);
}

/* Pins of that name in one folder; remove: they go, but for the one called spare, and their filters
 * but for the one on keep's device. Returns how many there were. */
static int each_in(const char *folder, const char *name, bool remove, const struct place *keep,
		   const char *spare)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	char path[PATH_MAX];
	int n = 0;

	while (dir && (e = readdir(dir))) {
		char text[sizeof(e->d_name)];
		struct place p;

		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)))
			continue;
		memcpy(text, e->d_name + strlen(PREFIX), strlen(e->d_name) - strlen(PREFIX) + 1);
		if (!place_parse(text, name, &p))
			continue;
		n++;
		if (!remove || (spare && !strcmp(e->d_name, spare)))
			continue;
		if (!keep || p.ifindex != keep->ifindex)
			detach(&p);
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	return n;
}

/* The former layout's filters lie at the same places: who removed its folder later would detach
 * what has replaced them. */
static int each(const struct dp *dp, const char *name, bool remove, const struct place *keep,
		const char *spare)
{
	int n = each_in(dp->pin_dir, name, remove, keep, spare);

	return dp->former_dir[0] ? n + each_in(dp->former_dir, name, remove, keep, NULL) : n;
}

bool dp_clsact_exists(const struct dp *dp, const char *name)
{
	return each(dp, name, false, NULL, NULL);
}

void dp_clsact_remove(const struct dp *dp, const char *name)
{
	each(dp, name, true, NULL, NULL);
}

/* Pinned before it is attached, under a name that says the same: a filter that no pin tells of
 * would never go again. */
int dp_clsact_attach(struct dp *dp, const char *name, struct bpf_program *prog, int ifindex,
		     bool first, struct err *err)
{
	const struct place p = {.ifindex = (uint32_t)ifindex,
				.priority = first ? PRIORITY_FIRST : PRIORITY,
				.egress =
					bpf_program__expected_attach_type(prog) == BPF_TCX_EGRESS};
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = HANDLE, .priority = p.priority,
		    .prog_fd = bpf_program__fd(prog), .flags = BPF_TC_F_REPLACE);
	struct bpf_tc_hook hook = hook_of(&p);
	char pin[NAME_MAX - 4], path[PATH_MAX], fresh[PATH_MAX + 4];
	int r;

	dp_log_start();
	r = bpf_tc_hook_create(&hook);
	if (r && r != -EEXIST)
		return err_sys(err, r, "clsact on device %d: %s", ifindex, dp_log_text());
	snprintf(pin, sizeof(pin), PREFIX "%s-%u-%c-%u", name, p.ifindex, p.egress ? 'e' : 'i',
		 p.priority);
	dp_pin_path(path, dp, pin);
	snprintf(fresh, sizeof(fresh), "%s-new", path);
	unlink(fresh);
	r = bpf_obj_pin(opts.prog_fd, fresh);
	if (r)
		return err_sys(err, r, "%s", fresh);
	r = bpf_tc_attach(&hook, &opts);
	if (r)
		return err_sys(err, r, "attaching %s to device %d: %s", bpf_program__name(prog),
			       ifindex, dp_log_text());
	if (rename(fresh, path))
		return err_sys(err, -errno, "%s", path);
	each(dp, name, true, &p, pin);
	return 0;
}
