/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl_wg.h"

#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

/* Peers per message: a peer takes at most about 250 bytes, the buffer has 32 KiB. */
#define PEERS_PER_MSG 64

static struct nlmsghdr *wg_msg(struct nl *nl, uint16_t family, uint8_t cmd, uint16_t flags)
{
	struct nlmsghdr *nlh = nl_msg(nl, family, flags);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = cmd;
	genl->version = WG_GENL_VERSION;
	return nlh;
}

static void put_allowed(struct nlmsghdr *nlh, uint16_t family, const void *addr, size_t addr_len,
			uint8_t len)
{
	struct nlattr *ip = mnl_attr_nest_start(nlh, 0);

	mnl_attr_put_u16(nlh, WGALLOWEDIP_A_FAMILY, family);
	mnl_attr_put(nlh, WGALLOWEDIP_A_IPADDR, addr_len, addr);
	mnl_attr_put_u8(nlh, WGALLOWEDIP_A_CIDR_MASK, len);
	mnl_attr_nest_end(nlh, ip);
}

static void put_endpoint(struct nlmsghdr *nlh, const struct endpoint *e)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(e->port)};

	if (e->family == AF_INET6) {
		memcpy(&sin6.sin6_addr, &e->v6, sizeof(e->v6));
		mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(sin6), &sin6);
	} else {
		memcpy(&sin.sin_addr, &e->v4, sizeof(e->v4));
		mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(sin), &sin);
	}
}

static void put_peer(struct nlmsghdr *nlh, const struct nl_wg_peer *p)
{
	struct nlattr *peer = mnl_attr_nest_start(nlh, 0), *ips;
	bool ips_given = p->has_v4 || p->has_v6;
	uint32_t flags = (p->remove ? WGPEER_F_REMOVE_ME : 0) |
			 (p->update_only ? WGPEER_F_UPDATE_ONLY : 0) |
			 (ips_given && !p->remove ? WGPEER_F_REPLACE_ALLOWEDIPS : 0);

	mnl_attr_put(nlh, WGPEER_A_PUBLIC_KEY, KEY_LEN, p->public_key);
	mnl_attr_put_u32(nlh, WGPEER_A_FLAGS, flags);
	if (!p->remove) {
		if (p->has_psk)
			mnl_attr_put(nlh, WGPEER_A_PRESHARED_KEY, KEY_LEN, p->psk);
		if (p->has_endpoint)
			put_endpoint(nlh, &p->endpoint);
		if (p->has_keepalive)
			mnl_attr_put_u16(nlh, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
					 p->keepalive_s);
		if (ips_given) {
			ips = mnl_attr_nest_start(nlh, WGPEER_A_ALLOWEDIPS);
			if (p->has_v4)
				put_allowed(nlh, AF_INET, &p->v4.addr, 4, p->v4.len);
			if (p->has_v6)
				put_allowed(nlh, AF_INET6, &p->v6.addr, 16, p->v6.len);
			mnl_attr_nest_end(nlh, ips);
		}
	}
	mnl_attr_nest_end(nlh, peer);
}

int nl_wg_set(struct nl *nl, const struct nl_wg_device *dev, const struct nl_wg_peer *peers,
	      size_t n_peers, struct err *err)
{
	uint16_t family;
	size_t at = 0;
	int r = nl_family(nl, WG_GENL_NAME, &family, err);

	do {
		struct nlmsghdr *nlh;
		struct nlattr *list;

		if (r)
			return r;
		nlh = wg_msg(nl, family, WG_CMD_SET_DEVICE, 0);
		mnl_attr_put_u32(nlh, WGDEVICE_A_IFINDEX, (uint32_t)dev->ifindex);
		if (!at && dev->has_private_key)
			mnl_attr_put(nlh, WGDEVICE_A_PRIVATE_KEY, KEY_LEN, dev->private_key);
		if (!at && dev->has_listen_port)
			mnl_attr_put_u16(nlh, WGDEVICE_A_LISTEN_PORT, dev->listen_port);
		if (!at && dev->has_fwmark)
			mnl_attr_put_u32(nlh, WGDEVICE_A_FWMARK, dev->fwmark);
		if (n_peers) {
			list = mnl_attr_nest_start(nlh, WGDEVICE_A_PEERS);
			for (int i = 0; i < PEERS_PER_MSG && at < n_peers; i++)
				put_peer(nlh, &peers[at++]);
			mnl_attr_nest_end(nlh, list);
		}
		r = nl_do(nl, nlh, err);
	} while (!r && at < n_peers);
	return r;
}

struct wg_walk {
	struct nl_wg_device *dev;
	nl_wg_peer_cb *cb;
	void *ctx;
	struct nl_wg_peer peer; /* collected until the next one's key is seen */
	bool has_peer;
	int result;
};

static void read_endpoint(const struct nlattr *attr, struct nl_wg_peer *p)
{
	const struct sockaddr *sa = mnl_attr_get_payload(attr);
	uint16_t len = mnl_attr_get_payload_len(attr);
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (len == sizeof(sin) && sa->sa_family == AF_INET) {
		memcpy(&sin, sa, sizeof(sin));
		p->endpoint.family = AF_INET;
		p->endpoint.port = ntohs(sin.sin_port);
		memcpy(&p->endpoint.v4, &sin.sin_addr, sizeof(p->endpoint.v4));
		p->has_endpoint = true;
	} else if (len == sizeof(sin6) && sa->sa_family == AF_INET6) {
		memcpy(&sin6, sa, sizeof(sin6));
		p->endpoint.family = AF_INET6;
		p->endpoint.port = ntohs(sin6.sin6_port);
		memcpy(&p->endpoint.v6, &sin6.sin6_addr, sizeof(p->endpoint.v6));
		p->has_endpoint = true;
	}
}

struct allowed {
	uint16_t family;
	uint8_t len;
	struct addr6 addr; /* v4 in its first bytes */
};

static int allowed_attr(const struct nlattr *attr, void *ctx)
{
	struct allowed *a = ctx;
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case WGALLOWEDIP_A_FAMILY:
		a->family = nl_attr_u16(attr);
		break;
	case WGALLOWEDIP_A_IPADDR:
		if (len <= sizeof(a->addr))
			memcpy(&a->addr, mnl_attr_get_payload(attr), len);
		break;
	case WGALLOWEDIP_A_CIDR_MASK:
		a->len = nl_attr_u8(attr);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void read_allowed(const struct nlattr *list, struct nl_wg_peer *p)
{
	const struct nlattr *ip;

	mnl_attr_for_each_nested (ip, list) {
		struct allowed a = {};

		mnl_attr_parse_nested(ip, allowed_attr, &a);
		if (a.family == AF_INET) {
			memcpy(&p->v4.addr, &a.addr, sizeof(p->v4.addr));
			p->v4.len = a.len;
			p->has_v4 = true;
		} else if (a.family == AF_INET6) {
			p->v6.addr = a.addr;
			p->v6.len = a.len;
			p->has_v6 = true;
		}
	}
}

static int peer_attr(const struct nlattr *attr, void *ctx)
{
	struct nl_wg_peer *p = ctx;
	const void *data = mnl_attr_get_payload(attr);
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case WGPEER_A_PUBLIC_KEY:
		if (len == KEY_LEN)
			memcpy(p->public_key, data, KEY_LEN);
		break;
	case WGPEER_A_PRESHARED_KEY:
		if (len == KEY_LEN) {
			memcpy(p->psk, data, KEY_LEN);
			p->has_psk = true;
		}
		break;
	case WGPEER_A_ENDPOINT:
		read_endpoint(attr, p);
		break;
	case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
		p->keepalive_s = nl_attr_u16(attr);
		p->has_keepalive = true;
		break;
	case WGPEER_A_LAST_HANDSHAKE_TIME:
		/* struct __kernel_timespec: two 64-bit numbers. */
		if (len == sizeof(int64_t) * 2) {
			int64_t t[2];

			memcpy(t, data, sizeof(t));
			p->last_handshake.tv_sec = t[0];
			p->last_handshake.tv_nsec = t[1];
		}
		break;
	case WGPEER_A_RX_BYTES:
		p->rx_bytes = nl_attr_u64(attr);
		break;
	case WGPEER_A_TX_BYTES:
		p->tx_bytes = nl_attr_u64(attr);
		break;
	case WGPEER_A_ALLOWEDIPS:
		read_allowed(attr, p);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void hand_over(struct wg_walk *walk)
{
	if (walk->has_peer && walk->cb && walk->result >= 0)
		walk->result = walk->cb(&walk->peer, walk->ctx);
	walk->has_peer = false;
	explicit_bzero(&walk->peer, sizeof(walk->peer));
}

static void read_peers(const struct nlattr *list, struct wg_walk *walk)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, list) {
		struct nl_wg_peer p = {};

		mnl_attr_parse_nested(attr, peer_attr, &p);
		/* A peer goes on in the next message: its key again, then more allowed IPs. */
		if (walk->has_peer && !memcmp(p.public_key, walk->peer.public_key, KEY_LEN)) {
			mnl_attr_parse_nested(attr, peer_attr, &walk->peer);
			continue;
		}
		hand_over(walk);
		walk->peer = p;
		walk->has_peer = true;
	}
}

static int device_attr(const struct nlattr *attr, void *ctx)
{
	struct wg_walk *walk = ctx;
	struct nl_wg_device *dev = walk->dev;
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case WGDEVICE_A_IFINDEX:
		dev->ifindex = (int)nl_attr_u32(attr);
		break;
	case WGDEVICE_A_PRIVATE_KEY:
		if (len == KEY_LEN) {
			memcpy(dev->private_key, mnl_attr_get_payload(attr), KEY_LEN);
			dev->has_private_key = true;
		}
		break;
	case WGDEVICE_A_PUBLIC_KEY:
		if (len == KEY_LEN)
			memcpy(dev->public_key, mnl_attr_get_payload(attr), KEY_LEN);
		break;
	case WGDEVICE_A_LISTEN_PORT:
		dev->listen_port = nl_attr_u16(attr);
		dev->has_listen_port = true;
		break;
	case WGDEVICE_A_FWMARK:
		dev->fwmark = nl_attr_u32(attr);
		dev->has_fwmark = true;
		break;
	case WGDEVICE_A_PEERS:
		read_peers(attr, walk);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int device_cb(const struct nlmsghdr *nlh, void *ctx)
{
	struct wg_walk *walk = ctx;

	if (!nl_head(nlh, sizeof(struct genlmsghdr)) ||
	    mnl_attr_parse(nlh, sizeof(struct genlmsghdr), device_attr, walk) < 0)
		return -EPROTO;
	return walk->result < 0 ? walk->result : MNL_CB_OK;
}

int nl_wg_dump(struct nl *nl, int ifindex, struct nl_wg_device *ret_dev, nl_wg_peer_cb *cb,
	       void *ctx, struct err *err)
{
	struct nl_wg_device dev = {};
	struct wg_walk walk = {.dev = &dev, .cb = cb, .ctx = ctx};
	struct nlmsghdr *nlh;
	uint16_t family;
	int r = nl_family(nl, WG_GENL_NAME, &family, err);

	if (r)
		return r;
	nlh = wg_msg(nl, family, WG_CMD_GET_DEVICE, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, WGDEVICE_A_IFINDEX, (uint32_t)ifindex);
	r = nl_dump(nl, nlh, device_cb, &walk, err);
	if (!r)
		hand_over(&walk);
	if (!r && walk.result < 0)
		r = err_sys(err, walk.result, "WireGuard dump");
	if (!r && ret_dev)
		*ret_dev = dev;
	explicit_bzero(&dev, sizeof(dev));
	return r;
}
