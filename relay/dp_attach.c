/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs onto devices, by pinned links (filters, where the kernel has no links for tc). A link
 * that is on the right device already gets the new program in one atomic step; traffic never meets
 * a device without its programs.
 */
#include "dp_impl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "sidecar.skel.h"

static uint32_t link_ifindex(const struct bpf_link_info *info)
{
	switch (info->type) {
	case BPF_LINK_TYPE_XDP:
		return info->xdp.ifindex;
	case BPF_LINK_TYPE_TCX:
		return info->tcx.ifindex;
	default:
		return 0;
	}
}

/* A link of the former layout's programs becomes ours by its pin's name. */
static int link_take_over(const struct dp *dp, const char *name, const char *path, struct err *err)
{
	char former[PATH_MAX];

	if (!dp_former_path(former, dp, name) || !access(path, F_OK))
		return 0;
	if (rename(former, path) && errno != ENOENT)
		return err_sys(err, -errno, "%s", former);
	return 0;
}

/* 1: the pinned link took the program. 0: there is none (a useless one was removed). */
static int link_adopt(struct dp *dp, const char *name, struct bpf_program *prog, int ifindex,
		      struct err *err)
{
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);
	struct bpf_link *link;
	char path[PATH_MAX];
	int r;

	dp_pin_path(path, dp, name);
	r = link_take_over(dp, name, path, err);
	if (r)
		return r;
	link = bpf_link__open(path);
	if (!link)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "%s", path);
	r = bpf_link_get_info_by_fd(bpf_link__fd(link), &info, &len);
	if (!r && link_ifindex(&info) == (uint32_t)ifindex)
		r = bpf_link__update_program(link, prog) ? 0 : 1;
	else
		r = 0;
	bpf_link__destroy(link);
	/* Of a device that is gone, of another one, or of a program type of an older release. */
	if (r <= 0 && unlink(path) && errno != ENOENT)
		return err_sys(err, -errno, "%s", path);
	return r;
}

static int link_pin(struct dp *dp, const char *name, struct bpf_link *link, struct err *err)
{
	char path[PATH_MAX];
	int r;

	dp_pin_path(path, dp, name);
	r = bpf_link__pin(link, path);
	bpf_link__destroy(link); /* the pin keeps it; without one it is detached */
	return r ? err_sys(err, r, "%s", path) : 0;
}

/* Detached here and now: the kernel does so some time after the last pin is gone, and until then
 * the device takes no other kind of XDP. */
static int link_unpin(const char *path, struct err *err)
{
	AUTO_FD int fd = bpf_obj_get(path);

	if (fd >= 0)
		bpf_link_detach(fd);
	if (unlink(path) && errno != ENOENT)
		return err_sys(err, -errno, "%s", path);
	return 0;
}

static int link_remove(const struct dp *dp, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r = 0;

	dp_clsact_remove(dp, name);
	if (dp_former_path(path, dp, name))
		r = link_unpin(path, err);
	if (r)
		return r;
	dp_pin_path(path, dp, name);
	return link_unpin(path, err);
}

/* first: in front of what is attached there already, not behind it. */
static int attach_tcx(struct dp *dp, const char *name, struct bpf_program *prog, int ifindex,
		      bool first, struct err *err)
{
	LIBBPF_OPTS(bpf_tcx_opts, opts, .flags = first ? BPF_F_BEFORE : 0);
	struct bpf_link *link;
	int r;

	if (dp->clsact)
		return dp_clsact_attach(dp, name, prog, ifindex, first, err);
	r = link_adopt(dp, name, prog, ifindex, err);
	if (r)
		return r < 0 ? r : 0;
	dp_log_start();
	link = bpf_program__attach_tcx(prog, ifindex, &opts);
	if (!link)
		return err_sys(err, -errno, "attaching %s to device %d: %s",
			       bpf_program__name(prog), ifindex, dp_log_text());
	return link_pin(dp, name, link, err);
}

/* The guard's three forms; each has a pin of its own. */
struct guard {
	enum dp_xdp_mode mode;
	const char *pin;
	struct bpf_program *prog;
};

#define N_GUARDS 3

static void guards_of(const struct dp *dp, struct guard ret_guards[static N_GUARDS])
{
	ret_guards[0] =
		(struct guard){DP_XDP_NATIVE, "link_uplink_xdp", dp->skel->progs.sc_uplink_xdp};
	ret_guards[1] =
		(struct guard){DP_XDP_GENERIC, "link_uplink_skb", dp->skel->progs.sc_uplink_skb};
	ret_guards[2] = (struct guard){DP_XDP_TC, "link_uplink_tc", dp->skel->progs.sc_uplink_tc};
}

static int attach_xdp(struct dp *dp, const struct guard *g, int ifindex, struct err *err)
{
	bool native = g->mode == DP_XDP_NATIVE;
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	char path[PATH_MAX];
	AUTO_FD int fd = -1;
	int r = link_adopt(dp, g->pin, g->prog, ifindex, err);

	if (r)
		return r < 0 ? r : 0;
	fd = bpf_link_create(bpf_program__fd(g->prog), ifindex, BPF_XDP, &opts);
	if (fd < 0)
		return err_sys(err, fd, "attaching XDP (%s) to device %d",
			       native ? "native" : "generic", ifindex);
	dp_pin_path(path, dp, g->pin);
	r = bpf_obj_pin(fd, path);
	return r ? err_sys(err, r, "%s", path) : 0;
}

/*
 * A device runs one kind of XDP at a time, so the others go first. Meanwhile uplink_in still drops
 * what no slot owns; only solicitations go unanswered for that moment.
 */
static int attach_guard(struct dp *dp, const struct guard *guards, const struct guard *g,
			int ifindex, struct err *err)
{
	int r;

	for (int i = 0; i < N_GUARDS; i++) {
		if (guards[i].mode == g->mode)
			continue;
		r = link_remove(dp, guards[i].pin, err);
		if (r)
			return r;
	}
	if (g->mode == DP_XDP_TC)
		r = attach_tcx(dp, g->pin, g->prog, ifindex, true, err);
	else
		r = attach_xdp(dp, g, ifindex, err);
	if (!r)
		dp->mode = g->mode;
	return r;
}

static bool link_exists(const struct dp *dp, const char *name)
{
	char path[PATH_MAX];

	if (dp_clsact_exists(dp, name))
		return true;
	if (dp_former_path(path, dp, name) && !access(path, F_OK))
		return true;
	dp_pin_path(path, dp, name);
	return !access(path, F_OK);
}

/* auto: what runs already, else the first form that the device takes. */
static int attach_guards(struct dp *dp, int ifindex, struct err *err)
{
	enum dp_xdp_mode want = dp->conf.xdp_mode == DP_XDP_PROXY ? DP_XDP_TC : dp->conf.xdp_mode;
	struct guard guards[N_GUARDS];
	int r = -EINVAL;

	guards_of(dp, guards);
	for (int i = 0; i < N_GUARDS && want == DP_XDP_AUTO; i++) {
		if (link_exists(dp, guards[i].pin))
			want = guards[i].mode;
	}
	if (want != DP_XDP_AUTO)
		r = attach_guard(dp, guards, &guards[want - DP_XDP_NATIVE], ifindex, err);
	if (dp->conf.xdp_mode != DP_XDP_AUTO)
		return r;
	for (int i = 0; i < N_GUARDS && r; i++)
		r = attach_guard(dp, guards, &guards[i], ifindex, err);
	return r;
}

/* In two steps: a packet in between has no router, and not half of each. */
int dp_gateway_set(struct dp *dp, uint16_t family, uint16_t router_family, const void *router,
		   struct err *err)
{
	struct bpf_redir_neigh have, nh = {};
	int fd = bpf_map__fd(dp->skel->maps.gateway), r;
	uint32_t key = family == AF_INET6;

	if (router)
		memcpy(nh.ipv6_nh, router, router_family == AF_INET6 ? 16 : 4);
	nh.nh_family = router ? router_family : 0;
	r = bpf_map_lookup_elem(fd, &key, &have);
	if (!r && !memcmp(&have, &nh, sizeof(nh)))
		return 0;
	nh.nh_family = 0;
	if (!r)
		r = bpf_map_update_elem(fd, &key, &nh, BPF_ANY);
	nh.nh_family = router ? router_family : 0;
	if (!r)
		r = bpf_map_update_elem(fd, &key, &nh, BPF_ANY);
	return r ? err_sys(err, r, "map gateway") : 0;
}

/* The routers of another device are none of this one. */
static int forget_gateways(struct dp *dp, struct err *err)
{
	int r = dp_gateway_set(dp, AF_INET, 0, NULL, err);

	return r ? r : dp_gateway_set(dp, AF_INET6, 0, NULL, err);
}

static int set_uplink(struct dp *dp, int ifindex, struct err *err)
{
	struct sc_uplink up = {};
	struct ifreq req = {};
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t zero = 0;
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "socket");
	if (!if_indextoname((unsigned int)ifindex, req.ifr_name))
		return err_sys(err, -errno, "device %d", ifindex);
	if (ioctl(fd, SIOCGIFHWADDR, &req))
		return err_sys(err, -errno, "%s: its MAC", req.ifr_name);
	r = bpf_map_lookup_elem(bpf_map__fd(dp->skel->maps.uplink), &zero, &up);
	if (r)
		return err_sys(err, r, "map uplink");
	if (up.ifindex != (uint32_t)ifindex)
		r = forget_gateways(dp, err);
	if (r)
		return r;
	up.ifindex = (uint32_t)ifindex;
	memcpy(up.mac, req.ifr_hwaddr.sa_data, sizeof(up.mac));
	r = bpf_map_update_elem(bpf_map__fd(dp->skel->maps.uplink), &zero, &up, BPF_ANY);
	return r ? err_sys(err, r, "map uplink") : 0;
}

int dp_attach_uplink(struct dp *dp, int ifindex, struct err *err)
{
	int r = set_uplink(dp, ifindex, err);

	if (r)
		return r;
	r = attach_tcx(dp, "link_uplink_out", dp->skel->progs.sc_uplink_out, ifindex, false, err);
	if (r)
		return r;
	r = attach_tcx(dp, "link_uplink_in", dp->skel->progs.sc_uplink_in, ifindex, false, err);
	if (r)
		return r;
	return attach_guards(dp, ifindex, err);
}

int dp_attach_wg(struct dp *dp, int ifindex, unsigned int which, struct err *err)
{
	static const char *const out[] = {"link_wg0_out", "link_wg1_out"};
	static const char *const in[] = {"link_wg0_in", "link_wg1_in"};
	int r;

	if (which >= ARRAY_SIZE(out))
		return err_set(err, -EINVAL, "tunnel device %u: there are two", which);
	r = attach_tcx(dp, out[which], dp->skel->progs.sc_wg_out, ifindex, false, err);
	if (r)
		return r;
	return attach_tcx(dp, in[which], dp->skel->progs.sc_wg_in, ifindex, false, err);
}

bool dp_has_xdp(const struct dp *dp)
{
	return dp->mode == DP_XDP_NATIVE || dp->mode == DP_XDP_GENERIC;
}

const char *dp_xdp_mode_text(const struct dp *dp)
{
	static const char *const text[] = {
		[DP_XDP_AUTO] = "none",
		[DP_XDP_NATIVE] = "native",
		[DP_XDP_GENERIC] = "generic",
		[DP_XDP_TC] = "tc",
	};

	return dp->conf.xdp_mode == DP_XDP_PROXY ? "proxy" : text[dp->mode];
}
