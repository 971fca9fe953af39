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

#define KEY_PATH_LEN (CONF_PATH_LEN + 32)

static const char *key_path(char out[static KEY_PATH_LEN], const struct conf *conf, int which)
{
	snprintf(out, KEY_PATH_LEN, "%s/net/wg%d.key", conf->state_dir, which);
	return out;
}

static int key_read(const char *path, uint8_t ret_key[static KEY_LEN], struct err *err)
{
	AUTO_FREE char *text = NULL;
	int r = file_read(path, 128, &text, NULL, err);

	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	r = b64_key_parse(text, ret_key);
	explicit_bzero(text, strlen(text));
	return r ? err_set(err, r, "%s: not a WireGuard private key", path) : 0;
}

static int key_make(const char *path, uint8_t ret_key[static KEY_LEN], struct err *err)
{
	char out[KEY_TEXT_LEN];
	int r = wg_key_make(ret_key);

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

static int key_load(const char *path, uint8_t ret_key[static KEY_LEN], struct err *err)
{
	int r = key_read(path, ret_key, err);

	return r == -ENOENT ? key_make(path, ret_key, err) : r;
}

bool net_wg_is_ours(struct nl *genl, const struct conf *conf, int which, int ifindex)
{
	struct nl_wg_device have = {};
	char path[KEY_PATH_LEN];
	bool ours;

	ours = !nl_wg_dump(genl, ifindex, &have, NULL, NULL, NULL) &&
	       (!have.has_private_key || !access(key_path(path, conf, which), F_OK));
	explicit_bzero(&have, sizeof(have));
	return ours;
}

/* Key and port, where they differ: the same key again would make every session start anew. */
static int device_configure(struct net *net, int which, const struct nl_link *link, struct err *err)
{
	struct nl_wg_device dev = {.ifindex = link->ifindex}, have = {};
	char path[KEY_PATH_LEN];
	int r = nl_wg_dump(net->genl, link->ifindex, &have, NULL, NULL, err);

	if (!r)
		r = key_load(key_path(path, &net->conf, which), dev.private_key, err);
	if (!r && link->mtu != net->conf.mtu)
		r = nl_link_set_mtu(net->rtnl, link->ifindex, net->conf.mtu, err);
	if (!r) {
		dev.has_private_key = memcmp(have.private_key, dev.private_key, KEY_LEN) != 0;
		dev.listen_port = net->conf.wg_port[which];
		dev.has_listen_port = have.listen_port != dev.listen_port;
		if (dev.has_private_key || dev.has_listen_port)
			r = nl_wg_set(net->genl, &dev, NULL, 0, err);
	}
	if (!r)
		r = wg_key_public(dev.private_key, net->wg_public_key[which]);
	explicit_bzero(&dev, sizeof(dev));
	explicit_bzero(&have, sizeof(have));
	return r;
}

/* wg0 is what many call their own VPN. */
static int device_check(struct net *net, int which, struct err *err)
{
	char name[IFNAMSIZ], path[KEY_PATH_LEN];
	struct nl_link link;
	int r;

	snprintf(name, sizeof(name), "wg%d", which);
	r = nl_link_get(net->rtnl, name, &link, err);
	if (r)
		return r == -ENODEV ? 0 : r;
	if (link.kind != NL_LINK_WIREGUARD)
		return err_set(err, -EEXIST, "device %s exists and is not WireGuard", name);
	if (!net_wg_is_ours(net->genl, &net->conf, which, link.ifindex))
		return err_set(err, -EEXIST,
			       "device %s is another program's: it has a key, and there is no %s",
			       name, key_path(path, &net->conf, which));
	return 0;
}

int net_wg_check(struct net *net, struct err *err)
{
	int r = device_check(net, 0, err);

	return r ? r : device_check(net, 1, err);
}

static int device_start(struct net *net, int which, struct err *err)
{
	struct nl_link link = {};
	char name[IFNAMSIZ];
	int r;

	snprintf(name, sizeof(name), "wg%d", which);
	r = nl_link_get(net->rtnl, name, &link, err);
	if (r == -ENODEV) {
		r = nl_link_add_wireguard(net->rtnl, name, net->conf.mtu, err);
		if (!r)
			r = nl_link_get(net->rtnl, name, &link, err);
	}
	if (!r)
		r = device_configure(net, which, &link, err);
	if (!r && !link.up)
		r = nl_link_set_up(net->rtnl, link.ifindex, true, err);
	net->wg_ifindex[which] = link.ifindex;
	return r ? err_prefix(err, "%s", name) : 0;
}

int net_wg_start(struct net *net, struct err *err)
{
	char dir[CONF_PATH_LEN + 8];
	int r;

	snprintf(dir, sizeof(dir), "%s/net", net->conf.state_dir);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_sys(err, -errno, "%s", dir);
	r = device_start(net, 0, err);
	return r ? r : device_start(net, 1, err);
}
