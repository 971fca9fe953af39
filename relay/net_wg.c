/* SPDX-License-Identifier: GPL-2.0-only */
/* The permanent pair wg0/wg1: made once, never deleted while it has peers. */
#include "net_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "../lib/file.h"
#include "../lib/log.h"
#include "../lib/nl_link.h"
#include "../lib/nl_wg.h"

/* The private key of one device: read, or made at the first start. */
static int key_load(const char *dir, int which, uint8_t ret_key[static KEY_LEN], struct err *err)
{
	char path[CONF_PATH_LEN + 16], out[KEY_TEXT_LEN];
	AUTO_FREE char *text = NULL;
	int r;

	snprintf(path, sizeof(path), "%s/wg%d.key", dir, which);
	r = file_read(path, 128, &text, NULL, err);
	if (!r) {
		text[strcspn(text, "\n")] = '\0';
		r = b64_key_parse(text, ret_key);
		explicit_bzero(text, strlen(text));
		return r ? err_set(err, r, "%s: not a WireGuard private key", path) : 0;
	}
	if (r != -ENOENT)
		return r;
	r = wg_key_make(ret_key);
	if (r)
		return err_sys(err, r, "%s: no random bytes", path);
	b64_key_text(out, ret_key);
	out[KEY_TEXT_LEN - 1] = '\n';
	r = file_write_atomic(path, 0600, out, sizeof(out), err);
	explicit_bzero(out, sizeof(out));
	if (!r)
		log_info("made %s", path);
	return r;
}

static int device_start(struct net *net, int which, const char *dir, struct err *err)
{
	struct nl_wg_device dev = {}, have = {};
	char name[IFNAMSIZ];
	struct nl_link link;
	int r;

	snprintf(name, sizeof(name), "wg%d", which);
	r = nl_link_get(net->rtnl, name, &link, err);
	if (r == -ENODEV) {
		r = nl_link_add_wireguard(net->rtnl, name, net->conf.mtu, err);
		if (!r)
			r = nl_link_get(net->rtnl, name, &link, err);
	}
	if (!r && link.kind != NL_LINK_WIREGUARD)
		r = err_set(err, -EEXIST, "device %s exists and is not WireGuard", name);
	if (!r && link.mtu != net->conf.mtu)
		r = nl_link_set_mtu(net->rtnl, link.ifindex, net->conf.mtu, err);
	if (!r)
		r = key_load(dir, which, dev.private_key, err);
	if (!r)
		r = nl_wg_dump(net->genl, link.ifindex, &have, NULL, NULL, err);
	if (!r) {
		dev.ifindex = link.ifindex;
		/* The same key again would make every session start anew. */
		dev.has_private_key = memcmp(have.private_key, dev.private_key, KEY_LEN) != 0;
		dev.listen_port = net->conf.wg_port[which];
		dev.has_listen_port = have.listen_port != dev.listen_port;
		if (dev.has_private_key || dev.has_listen_port)
			r = nl_wg_set(net->genl, &dev, NULL, 0, err);
	}
	if (!r && !link.up)
		r = nl_link_set_up(net->rtnl, link.ifindex, true, err);
	if (!r)
		r = wg_key_public(dev.private_key, net->wg_public_key[which]);
	net->wg_ifindex[which] = link.ifindex;
	explicit_bzero(&dev, sizeof(dev));
	explicit_bzero(&have, sizeof(have));
	return r ? err_prefix(err, "%s", name) : 0;
}

int net_wg_start(struct net *net, struct err *err)
{
	char dir[CONF_PATH_LEN + 8];
	int r;

	snprintf(dir, sizeof(dir), "%s/net", net->conf.state_dir);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_sys(err, -errno, "%s", dir);
	r = device_start(net, 0, dir, err);
	return r ? r : device_start(net, 1, dir, err);
}
