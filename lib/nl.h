/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One netlink socket over libmnl: strict checking, extended acks, sequence numbers checked,
 * interrupted dumps restarted a bounded number of times. A function for a kernel object fills a
 * message with nl_msg(), then calls nl_do() or nl_dump(). Files: nl_link, nl_addr, nl_neigh,
 * nl_route, nl_rule, nl_wg, nl_tc: one per kernel object.
 */
#ifndef LIB_NL_H
#define LIB_NL_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include "err.h"

#define NL_BUF_LEN 32768

struct nl; /* a socket, bound to the network namespace it was opened in */

/* bus: NETLINK_ROUTE or NETLINK_GENERIC. */
int nl_open(int bus, struct nl **ret_nl, struct err *err);
void nl_close(struct nl *nl);
DEFINE_CLEANUP(nl, struct nl *, nl_close)
#define AUTO_NL CLEANUP(nl)

/* Starts a message in the socket's own buffer; flags without NLM_F_REQUEST and NLM_F_ACK. */
struct nlmsghdr *nl_msg(struct nl *nl, uint16_t type, uint16_t flags);
/* Sends the message and waits for the ack. -errno and the kernel's own words in err. */
int nl_do(struct nl *nl, struct nlmsghdr *nlh, struct err *err);
/* Sends and calls cb for each answer; cb returns MNL_CB_OK or a negative errno to stop. */
typedef int nl_cb(const struct nlmsghdr *nlh, void *ctx);
int nl_dump(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *ctx, struct err *err);
/* Is there a whole message in what is left of a datagram? (libmnl lets a length of 2 GiB pass.) */
bool nl_ok(const struct nlmsghdr *nlh, int left);
/* Of an answer: the fixed part of a message, NULL if it is shorter; attributes, of which one that
 * is too short (or text without an end) is 0 and "". */
const void *nl_head(const struct nlmsghdr *nlh, size_t size);
uint8_t nl_attr_u8(const struct nlattr *attr);
uint16_t nl_attr_u16(const struct nlattr *attr);
uint32_t nl_attr_u32(const struct nlattr *attr);
uint64_t nl_attr_u64(const struct nlattr *attr);
const char *nl_attr_text(const struct nlattr *attr);
/* Generic netlink family id by name, cached in the socket. */
int nl_family(struct nl *nl, const char *name, uint16_t *ret_id, struct err *err);

/* A batch of messages, each acked: for thousands of routes. Stops at the first error. The index of
 * a message that the kernel refused goes to ret_failed; untouched if it was none in particular. */
struct nl_batch;
int nl_batch_new(struct nl *nl, struct nl_batch **ret_batch);
struct nlmsghdr *nl_batch_msg(struct nl_batch *b, uint16_t type, uint16_t flags);
int nl_batch_run(struct nl_batch *b, unsigned int *ret_failed, struct err *err);
void nl_batch_free(struct nl_batch *b);

#endif
