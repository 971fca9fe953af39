/* SPDX-License-Identifier: GPL-2.0-only */
/* What an operator would use in our place: nftables. */
#include <stdio.h>
#include "bench.h"

void bench_nft(const char *rules)
{
	FILE *f = fopen("/tmp/bench.nft", "we");

	if (!f || fputs(rules, f) < 0 || fclose(f))
		bench_die("rules");
	env_run("nft -f /tmp/bench.nft");
}

void bench_nft_per_peer(const char *whose)
{
	char rules[512];

	snprintf(rules, sizeof(rules),
		 "table inet bench {\n"
		 "	set peers { type ipv6_addr; flags dynamic; size 262144; }\n"
		 "	chain forward {\n"
		 "		type filter hook forward priority filter; policy accept;\n"
		 "		update @peers { ip6 %s counter limit rate over 100000000/second } "
		 "drop\n"
		 "	}\n"
		 "}\n",
		 whose);
	bench_nft(rules);
}

void bench_nft_off(void)
{
	env_run("nft flush ruleset");
}
