/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_tc.h"

#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define HTB_HANDLE 0x00010000u
#define FQ_HANDLE 0x005c0000u
#define FQ_PACKETS 131072     /* all that wait */
#define FQ_FLOW_PACKETS 16384 /* of one flow: its horizon comes first */
#define FQ_BUCKETS_LOG 14
#define FQ_ORPHAN_MASK 0xffff /* flows that are told apart, less one */
#define LEAF_HANDLE(minor) ((0x1000u + (minor)) << 16)
#define LEAF_FLOWS 64 /* 4.5 KB a leaf; the kernel's 1024 would be 70 KB */
#define QUANTUM_BYTES 15140
#define BURST_MS 10
#define MIN_BURST_BYTES (UINT64_C(16) * 1514)
#define TICK_NS 64 /* PSCHED_SHIFT 6: one scheduler tick */

static struct tcmsg *put_tcm(struct nlmsghdr *nlh, int ifindex, uint32_t parent, uint32_t handle)
{
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = ifindex;
	tcm->tcm_parent = parent;
	tcm->tcm_handle = handle;
	return tcm;
}

static int kind_attr(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == TCA_KIND)
		*(bool *)ctx = !strcmp(nl_attr_text(attr), "htb");
	return MNL_CB_OK;
}

struct root_walk {
	int ifindex;
	bool there;
};

static int root_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct tcmsg *tcm = nl_head(nlh, sizeof(*tcm));
	struct root_walk *walk = ctx;

	if (!tcm)
		return -EPROTO;
	if (nlh->nlmsg_type == RTM_NEWQDISC && tcm->tcm_ifindex == walk->ifindex &&
	    tcm->tcm_parent == TC_H_ROOT && tcm->tcm_handle == HTB_HANDLE)
		mnl_attr_parse(nlh, sizeof(*tcm), kind_attr, &walk->there);
	return MNL_CB_OK;
}

int nl_tc_htb_root_get(struct nl *nl, int ifindex, bool *ret_there, struct err *err)
{
	struct root_walk walk = {.ifindex = ifindex};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETQDISC, NLM_F_DUMP);
	int r;

	put_tcm(nlh, ifindex, 0, 0);
	r = nl_dump(nl, nlh, root_cb, &walk, err);
	if (!r)
		*ret_there = walk.there;
	return r;
}

int nl_tc_htb_root_add(struct nl *nl, int ifindex, struct err *err)
{
	const struct tc_htb_glob glob = {.version = 3, .rate2quantum = 10, .defcls = 0};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
	struct nlattr *options;

	put_tcm(nlh, ifindex, TC_H_ROOT, HTB_HANDLE);
	mnl_attr_put_strz(nlh, TCA_KIND, "htb");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_HTB_INIT, sizeof(glob), &glob);
	mnl_attr_nest_end(nlh, options);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "HTB root");
	return 0;
}

static int queue_attr(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == TCA_STATS_QUEUE &&
	    mnl_attr_get_payload_len(attr) >= sizeof(struct gnet_stats_queue))
		memcpy(ctx, mnl_attr_get_payload(attr), sizeof(struct gnet_stats_queue));
	return MNL_CB_OK;
}

static int stats_attr(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == TCA_STATS2)
		mnl_attr_parse_nested(attr, queue_attr, ctx);
	return MNL_CB_OK;
}

static int stats_cb(const struct nlmsghdr *nlh, void *ctx)
{
	if (nlh->nlmsg_type == RTM_NEWQDISC)
		mnl_attr_parse(nlh, sizeof(struct tcmsg), stats_attr, ctx);
	return MNL_CB_OK;
}

int nl_tc_root_stats(struct nl *nl, int ifindex, uint32_t *ret_drops, uint32_t *ret_waiting_bytes,
		     struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETQDISC, 0);
	struct gnet_stats_queue queue = {};
	int r;

	put_tcm(nlh, ifindex, TC_H_ROOT, 0);
	r = nl_dump(nl, nlh, stats_cb, &queue, err);
	/* It has none but the kernel's own, which is not shown. */
	if (r == -EINVAL || r == -ENOENT)
		r = 0;
	if (r)
		return err_prefix(err, "queue of device %d", ifindex);
	*ret_drops = queue.drops;
	*ret_waiting_bytes = queue.backlog;
	return 0;
}

static int root_del(struct nl *nl, int ifindex, uint32_t handle, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_DELQDISC, 0);
	int r;

	put_tcm(nlh, ifindex, TC_H_ROOT, handle);
	r = nl_do(nl, nlh, err);
	return r == -ENOENT || r == -EINVAL || r == -ENODEV ? 0 : r;
}

int nl_tc_root_del(struct nl *nl, int ifindex, struct err *err)
{
	int r = root_del(nl, ifindex, HTB_HANDLE, err);

	return r ? r : root_del(nl, ifindex, FQ_HANDLE, err);
}

int nl_tc_fq_root_set(struct nl *nl, int ifindex, uint64_t horizon_ns, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
	struct nlattr *options;

	put_tcm(nlh, ifindex, TC_H_ROOT, FQ_HANDLE);
	mnl_attr_put_strz(nlh, TCA_KIND, "fq");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u32(nlh, TCA_FQ_PLIMIT, FQ_PACKETS);
	mnl_attr_put_u32(nlh, TCA_FQ_FLOW_PLIMIT, FQ_FLOW_PACKETS);
	mnl_attr_put_u32(nlh, TCA_FQ_BUCKETS_LOG, FQ_BUCKETS_LOG);
	mnl_attr_put_u32(nlh, TCA_FQ_ORPHAN_MASK, FQ_ORPHAN_MASK);
	mnl_attr_put_u32(nlh, TCA_FQ_HORIZON, (uint32_t)(horizon_ns / 1000));
	mnl_attr_put_u8(nlh, TCA_FQ_HORIZON_DROP, 1);
	mnl_attr_nest_end(nlh, options);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "fq root (module sch_fq)");
	return 0;
}

struct class_walk {
	nl_tc_class_cb *cb;
	void *ctx;
};

static int class_cb(const struct nlmsghdr *nlh, void *ctx)
{
	const struct tcmsg *tcm = nl_head(nlh, sizeof(*tcm));
	struct class_walk *walk = ctx;

	if (!tcm)
		return -EPROTO;
	if (nlh->nlmsg_type != RTM_NEWTCLASS || TC_H_MAJ(tcm->tcm_handle) != HTB_HANDLE)
		return MNL_CB_OK;
	return walk->cb((uint16_t)TC_H_MIN(tcm->tcm_handle), walk->ctx);
}

int nl_tc_class_dump(struct nl *nl, int ifindex, nl_tc_class_cb *cb, void *ctx, struct err *err)
{
	struct class_walk walk = {cb, ctx};
	struct nlmsghdr *nlh = nl_msg(nl, RTM_GETTCLASS, NLM_F_DUMP);

	put_tcm(nlh, ifindex, 0, 0);
	return nl_dump(nl, nlh, class_cb, &walk, err);
}

/* Time to send a burst at this rate, in scheduler ticks. */
static uint32_t burst_ticks(uint64_t bytes_per_s)
{
	uint64_t burst = bytes_per_s * BURST_MS / 1000;

	if (burst < MIN_BURST_BYTES)
		burst = MIN_BURST_BYTES;
	return (uint32_t)(burst * 1000000000 / bytes_per_s / TICK_NS);
}

static void put_class(struct nlmsghdr *nlh, int ifindex, uint16_t minor, uint32_t rate_kbps,
		      uint32_t ceil_kbps)
{
	uint32_t parent = minor == NL_TC_ALL ? HTB_HANDLE : HTB_HANDLE | NL_TC_ALL;
	uint64_t rate = (uint64_t)rate_kbps * 125, ceil = (uint64_t)ceil_kbps * 125;
	struct tc_htb_opt opt = {.quantum = QUANTUM_BYTES};
	struct nlattr *options;

	opt.rate.linklayer = opt.ceil.linklayer = TC_LINKLAYER_ETHERNET;
	opt.rate.rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
	opt.ceil.rate = ceil > UINT32_MAX ? UINT32_MAX : (uint32_t)ceil;
	opt.buffer = burst_ticks(rate);
	opt.cbuffer = burst_ticks(ceil);
	put_tcm(nlh, ifindex, parent, HTB_HANDLE | minor);
	mnl_attr_put_strz(nlh, TCA_KIND, "htb");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_HTB_PARMS, sizeof(opt), &opt);
	if (rate > UINT32_MAX)
		mnl_attr_put_u64(nlh, TCA_HTB_RATE64, rate);
	if (ceil > UINT32_MAX)
		mnl_attr_put_u64(nlh, TCA_HTB_CEIL64, ceil);
	mnl_attr_nest_end(nlh, options);
}

int nl_tc_all_set(struct nl *nl, int ifindex, uint32_t kbps, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_NEWTCLASS, NLM_F_CREATE);

	put_class(nlh, ifindex, NL_TC_ALL, kbps, kbps);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "HTB class of all");
	return 0;
}

int nl_tc_class_change(struct nl *nl, int ifindex, uint16_t minor, uint32_t rate_kbps,
		       uint32_t ceil_kbps, struct err *err)
{
	struct nlmsghdr *nlh = nl_msg(nl, RTM_NEWTCLASS, 0);

	put_class(nlh, ifindex, minor, rate_kbps, ceil_kbps);
	if (nl_do(nl, nlh, err))
		return err_prefix(err, "HTB class 1:%x", minor);
	return 0;
}

void nl_tc_class_put(struct nl_batch *b, int ifindex, uint16_t minor, uint32_t rate_kbps,
		     uint32_t ceil_kbps)
{
	struct nlmsghdr *nlh = nl_batch_msg(b, RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *options;

	put_class(nlh, ifindex, minor, rate_kbps, ceil_kbps);
	nlh = nl_batch_msg(b, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	put_tcm(nlh, ifindex, HTB_HANDLE | minor, LEAF_HANDLE(minor));
	mnl_attr_put_strz(nlh, TCA_KIND, "fq_codel");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put_u32(nlh, TCA_FQ_CODEL_FLOWS, LEAF_FLOWS);
	mnl_attr_nest_end(nlh, options);
}
