/* SPDX-License-Identifier: GPL-2.0-only */
/* The only way into a packet: a position that moves forward and never past the end. */
#ifndef SIDECAR_CURSOR_H
#define SIDECAR_CURSOR_H

#include "base.h"

struct cursor {
	void *pos;
	void *end;
};

/* The next len bytes, or NULL when the packet is shorter. */
STAGE void *cursor_take(struct cursor *c, __u32 len)
{
	void *p = c->pos;

	if (p + len > c->end)
		return NULL;
	c->pos = p + len;
	return p;
}

/* Skips a length that only the packet knows. */
STAGE bool cursor_skip(struct cursor *c, __u64 len, __u32 max)
{
	/* The compiler may know that len <= max and leave the check out; the verifier does not. */
	asm volatile("" : "+r"(len));
	if (len > max || c->pos + len > c->end)
		return false;
	c->pos += len;
	return true;
}

/* A packet in XDP or in tc. */
struct frame {
	void *ctx;    /* struct xdp_md or __sk_buff */
	__u32 l2_len; /* the IP header lies behind as many bytes */
	bool xdp;
};

/* Slower than a cursor, for places whose offset is known only at run time. */
STAGE long frame_copy(const struct frame *f, __u32 offset, void *to, __u32 len)
{
	return f->xdp ? bpf_xdp_load_bytes(f->ctx, offset, to, len)
		      : bpf_skb_load_bytes(f->ctx, offset, to, len);
}

/* Both a frame's and an skb's data and data_end. */
#define CURSOR(ctx)                                                                                \
	((struct cursor){.pos = (void *)(long)(ctx)->data, .end = (void *)(long)(ctx)->data_end})

#endif
