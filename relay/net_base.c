/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold before any packet is forwarded: sysctls, and a filter that closes by default. */
#include "net_int.h"

#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include "../lib/file.h"
#include "../lib/log.h"

struct sysctl {
	const char *path; /* below /proc/sys/net; %s = the uplink */
	const char *value;
};

/* In this order: forwarding makes the kernel ignore router advertisements unless accept_ra is 2. */
static const struct sysctl sysctls[] = {
	{"ipv6/conf/%s/accept_ra", "2"},
	{"ipv6/conf/all/forwarding", "1"},
	{"ipv4/ip_forward", "1"},
	/* The way back to a container is wg, the way in is its VRF: strict and loose both drop it.
	 * Our own source check stands in. The effective value is the largest of all and device. */
	{"ipv4/conf/all/rp_filter", "0"},
	{"ipv4/conf/default/rp_filter", "0"},
	{"ipv4/conf/%s/rp_filter", "0"},
};

int net_base_sysctls(const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		const char *p = sysctls[i].path, *mark = strstr(p, "%s");
		AUTO_FREE char *text = NULL;
		char path[128];
		int r;

		if (mark)
			snprintf(path, sizeof(path), "/proc/sys/net/%.*s%s%s", (int)(mark - p), p,
				 conf->uplink, mark + 2);
		else
			snprintf(path, sizeof(path), "/proc/sys/net/%s", p);
		if (!file_read(path, 64, &text, NULL, NULL) && text[0] == sysctls[i].value[0] &&
		    text[1] == '\n')
			continue;
		r = file_write_sysctl(path, sysctls[i].value, err);
		if (r)
			return r;
		log_info("set %s = %s", path, sysctls[i].value);
	}
	return 0;
}

/* Marks: SC_MARK_UP 0x5c......, SC_MARK_DOWN 0x5d...... (bpf/include/abi.h). */
const char net_base_rules[] =
	"add table inet sidecar\n"
	"delete table inet sidecar\n"
	"table inet sidecar {\n"
	"	chain forward {\n"
	"		type filter hook forward priority filter; policy accept;\n"
	"		iifname \"sc-*\" meta mark & 0xff000000 != 0x5c000000 counter drop\n"
	"		iifname { \"wg0\", \"wg1\" } counter drop\n"
	"		oifname { \"wg0\", \"wg1\" } meta mark & 0xfe000000 != 0x5c000000 counter "
	"drop\n"
	"	}\n"
	"	chain input {\n"
	"		type filter hook input priority filter; policy accept;\n"
	"		iifname { \"wg0\", \"wg1\", \"sc-*\" } counter drop\n"
	"	}\n"
	"}\n";

const char net_base_no_rules[] = "add table inet sidecar\n"
				 "delete table inet sidecar\n";

int net_base_nft(const char *commands, struct err *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int r = 0;

	if (!nft)
		return err_set(err, -ENOMEM, "nftables: no context");
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	if (nft_run_cmd_from_buffer(nft, commands))
		r = err_set(err, -EIO, "nftables: %.200s", nft_ctx_get_error_buffer(nft));
	nft_ctx_free(nft);
	return r;
}

int net_base_filter(struct err *err)
{
	int r;

	if (!net_base_nft("list table inet sidecar\n", NULL))
		return 0;
	r = net_base_nft(net_base_rules, err);
	if (!r)
		log_warn("table inet sidecar had gone (nftables.service?): it is there again");
	return r;
}
