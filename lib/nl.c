/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NL_MAX_FAMILIES 4
#define NL_DUMP_RETRIES 5
#define NL_RCVBUF_BYTES (4 << 20)
#define BATCH_BYTES (128 << 10)
#define MAX_ERRNO 4095
#define BATCH_MAX 512 /* messages in flight: their acks fit the receive buffer */

struct nl {
	struct mnl_socket *sock;
	uint32_t seq;
	struct {
		char name[GENL_NAMSIZ];
		uint16_t id;
	} family[NL_MAX_FAMILIES];
	char out[NL_BUF_LEN];
	char in[NL_BUF_LEN * 2];
};

int nl_open(int bus, struct nl **ret_nl, struct err *err)
{
	AUTO_FREE struct nl *nl = calloc(1, sizeof(*nl));
	int one = 1, rcvbuf = NL_RCVBUF_BYTES;

	if (!nl)
		return err_sys(err, -ENOMEM, "netlink");
	nl->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->sock)
		return err_sys(err, -errno, "netlink: open");
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = err_sys(err, -errno, "netlink: bind");

		mnl_socket_close(nl->sock);
		return r;
	}
	/* Since 4.12 and 4.20; without them errors are only less well explained. */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sock, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	if (setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf,
		       sizeof(rcvbuf)))
		setsockopt(mnl_socket_get_fd(nl->sock), SOL_SOCKET, SO_RCVBUF, &rcvbuf,
			   sizeof(rcvbuf));
	nl->seq = (uint32_t)time(NULL);
	*ret_nl = steal(&nl);
	return 0;
}

void nl_close(struct nl *nl)
{
	if (!nl)
		return;
	mnl_socket_close(nl->sock);
	/* It may have carried a private key. */
	explicit_bzero(nl, sizeof(*nl));
	free(nl);
}

static struct nlmsghdr *msg_at(struct nl *nl, void *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++nl->seq;
	return nlh;
}

struct nlmsghdr *nl_msg(struct nl *nl, uint16_t type, uint16_t flags)
{
	return msg_at(nl, nl->out, type, flags);
}

bool nl_ok(const struct nlmsghdr *nlh, int left)
{
	return mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (uint32_t)left;
}

const void *nl_head(const struct nlmsghdr *nlh, size_t size)
{
	return nlh->nlmsg_len < mnl_nlmsg_size(size) ? NULL : mnl_nlmsg_get_payload(nlh);
}

static uint64_t attr_uint(const struct nlattr *attr, size_t size)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} v = {};

	if (mnl_attr_get_payload_len(attr) < size)
		return 0;
	memcpy(&v, mnl_attr_get_payload(attr), size);
	return size == 1 ? v.u8 : size == 2 ? v.u16 : size == 4 ? v.u32 : v.u64;
}

uint8_t nl_attr_u8(const struct nlattr *attr)
{
	return (uint8_t)attr_uint(attr, sizeof(uint8_t));
}

uint16_t nl_attr_u16(const struct nlattr *attr)
{
	return (uint16_t)attr_uint(attr, sizeof(uint16_t));
}

uint32_t nl_attr_u32(const struct nlattr *attr)
{
	return (uint32_t)attr_uint(attr, sizeof(uint32_t));
}

uint64_t nl_attr_u64(const struct nlattr *attr)
{
	return attr_uint(attr, sizeof(uint64_t));
}

const char *nl_attr_text(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) ? "" : mnl_attr_get_str(attr);
}

static int ext_ack_attr(const struct nlattr *attr, void *ctx)
{
	const char **text = ctx;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		*text = nl_attr_text(attr);
	return MNL_CB_OK;
}

/* The kernel's own words behind an error answer, if it gave any. */
static int kernel_error(const struct nlmsghdr *nlh, struct err *err)
{
	const struct nlmsgerr *e = nl_head(nlh, sizeof(*e));
	const char *text = NULL;
	size_t skip = sizeof(*e);

	if (!e || e->error > 0 || e->error < -MAX_ERRNO)
		return err_set(err, -EPROTO, "netlink: an error answer that is none");
	if (!e->error)
		return 0;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && nlh->nlmsg_len > mnl_nlmsg_size(skip))
		mnl_attr_parse(nlh, (unsigned int)skip, ext_ack_attr, &text);
	if (text)
		return err_set(err, e->error, "%s (kernel: %s)", strerror(-e->error), text);
	return err_set(err, e->error, "%s", strerror(-e->error));
}

static int send_msg(struct nl *nl, const void *data, size_t len, struct err *err)
{
	if (mnl_socket_sendto(nl->sock, data, len) < 0)
		return err_sys(err, -errno, "netlink: send");
	return 0;
}

static int receive(struct nl *nl, struct err *err)
{
	ssize_t n;

	do {
		n = mnl_socket_recvfrom(nl->sock, nl->in, sizeof(nl->in));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, -errno, "netlink: receive");
	return (int)n;
}

int nl_do(struct nl *nl, struct nlmsghdr *nlh, struct err *err)
{
	int r = send_msg(nl, nlh, nlh->nlmsg_len, err);

	while (!r) {
		const struct nlmsghdr *in = (const void *)nl->in;
		int len = receive(nl, err);

		if (len < 0)
			return len;
		for (; nl_ok(in, len); in = mnl_nlmsg_next(in, &len)) {
			if (in->nlmsg_seq != nlh->nlmsg_seq)
				continue; /* left over from a call that gave up */
			if (in->nlmsg_type == NLMSG_ERROR)
				return kernel_error(in, err);
		}
	}
	return r;
}

/* What ended a dump before its time is in its last message. */
static int dump_done(const struct nlmsghdr *nlh, struct err *err)
{
	const int *result = nl_head(nlh, sizeof(*result));

	if (!result || *result >= 0 || *result < -MAX_ERRNO)
		return 0;
	return err_sys(err, *result, "netlink: dump");
}

/* One pass of a dump: 1 = interrupted by a change, again. */
static int dump_once(struct nl *nl, uint32_t seq, nl_cb *cb, void *ctx, struct err *err)
{
	bool interrupted = false;

	for (;;) {
		const struct nlmsghdr *in = (const void *)nl->in;
		int len = receive(nl, err), r;

		if (len < 0)
			return len;
		for (; nl_ok(in, len); in = mnl_nlmsg_next(in, &len)) {
			if (in->nlmsg_seq != seq)
				continue;
			if (in->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (in->nlmsg_type == NLMSG_DONE) {
				r = dump_done(in, err);
				return r ? r : interrupted;
			}
			if (in->nlmsg_type == NLMSG_ERROR) {
				r = kernel_error(in, err);
				if (r)
					return r;
				/* The ack of a request that is no dump: the answer is whole. */
				return interrupted;
			}
			r = cb(in, ctx);
			if (r < 0)
				return err_sys(err, r, "netlink: dump");
		}
	}
}

int nl_dump(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *ctx, struct err *err)
{
	for (int i = 0; i < NL_DUMP_RETRIES; i++) {
		int r = send_msg(nl, nlh, nlh->nlmsg_len, err);

		if (!r)
			r = dump_once(nl, nlh->nlmsg_seq, cb, ctx, err);
		if (r <= 0)
			return r;
		nlh->nlmsg_seq = ++nl->seq;
	}
	return err_set(err, -EAGAIN, "netlink: the dump was interrupted %d times", NL_DUMP_RETRIES);
}

static int family_attr(const struct nlattr *attr, void *ctx)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(uint16_t *)ctx = nl_attr_u16(attr);
	return MNL_CB_OK;
}

static int family_cb(const struct nlmsghdr *nlh, void *ctx)
{
	if (!nl_head(nlh, sizeof(struct genlmsghdr)) ||
	    mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, ctx) < 0)
		return -EPROTO;
	return MNL_CB_OK;
}

int nl_family(struct nl *nl, const char *name, uint16_t *ret_id, struct err *err)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *genl;
	uint16_t id = 0;
	int r, slot = 0;

	for (; slot < NL_MAX_FAMILIES && nl->family[slot].id; slot++) {
		if (!strcmp(nl->family[slot].name, name)) {
			*ret_id = nl->family[slot].id;
			return 0;
		}
	}
	nlh = nl_msg(nl, GENL_ID_CTRL, 0);
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	r = nl_dump(nl, nlh, family_cb, &id, err);
	if (r || !id)
		return err_set(err, r ? r : -ENOENT, "the kernel has no \"%s\" (modprobe %s)", name,
			       name);
	if (slot < NL_MAX_FAMILIES) {
		snprintf(nl->family[slot].name, sizeof(nl->family[slot].name), "%s", name);
		nl->family[slot].id = id;
	}
	*ret_id = id;
	return 0;
}

struct nl_batch {
	struct nl *nl;
	size_t used; /* bytes of complete messages */
	struct nlmsghdr *last;
	unsigned int queued, done; /* in the buffer; acked before */
	int result;
	bool refused; /* the message `failed`; else it was the socket */
	unsigned int failed;
	struct err err;
	char buf[BATCH_BYTES];
};

int nl_batch_new(struct nl *nl, struct nl_batch **ret_batch)
{
	struct nl_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->nl = nl;
	*ret_batch = b;
	return 0;
}

/* Sends what is queued and waits for every ack. */
static void batch_flush(struct nl_batch *b)
{
	struct nl *nl = b->nl;
	uint32_t first = nl->seq - b->queued + 1;
	unsigned int left = b->queued;

	if (b->last)
		b->used += MNL_ALIGN(b->last->nlmsg_len);
	b->last = NULL;
	if (!b->result && b->used)
		b->result = send_msg(nl, b->buf, b->used, &b->err);
	while (!b->result && left) {
		const struct nlmsghdr *in = (const void *)nl->in;
		int len = receive(nl, &b->err), r;

		if (len < 0) {
			b->result = len;
			break;
		}
		for (; nl_ok(in, len); in = mnl_nlmsg_next(in, &len)) {
			if (in->nlmsg_type != NLMSG_ERROR || in->nlmsg_seq - first >= b->queued)
				continue;
			left--;
			r = kernel_error(in, b->result ? NULL : &b->err);
			if (r && !b->result) {
				b->result = r;
				b->refused = true;
				b->failed = b->done + (in->nlmsg_seq - first);
			}
		}
	}
	b->done += b->queued;
	b->queued = 0;
	b->used = 0;
}

struct nlmsghdr *nl_batch_msg(struct nl_batch *b, uint16_t type, uint16_t flags)
{
	if (b->last) {
		b->used += MNL_ALIGN(b->last->nlmsg_len);
		b->last = NULL;
	}
	if (b->used + 4096 > sizeof(b->buf) || b->queued == BATCH_MAX)
		batch_flush(b);
	b->queued++;
	b->last = msg_at(b->nl, b->buf + b->used, type, flags);
	return b->last;
}

int nl_batch_run(struct nl_batch *b, unsigned int *ret_failed, struct err *err)
{
	int r;

	batch_flush(b);
	r = b->result;
	if (r && b->refused && ret_failed)
		*ret_failed = b->failed;
	if (r)
		err_set(err, r, "%s", b->err.text);
	b->result = 0;
	b->refused = false;
	b->done = 0;
	return r;
}

void nl_batch_free(struct nl_batch *b)
{
	free(b);
}
