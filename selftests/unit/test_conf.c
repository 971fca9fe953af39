/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "../../relay/conf.h"

#define MINIMAL                                                                                    \
	"uplink: ext0\n"                                                                           \
	"public: {ipv4: 203.0.113.2}\n"                                                            \
	"pools:\n"                                                                                 \
	"  - prefix: \"2001:db8:5:5::/64\"\n"

static int parse(const char *text, struct conf *ret, struct err *err)
{
	err->text[0] = '\0';
	return conf_parse(text, strlen(text), "t.yaml", ret, err);
}

static void test_defaults(UNUSED void **state)
{
	struct conf conf;
	struct err err;

	assert_int_equal(parse(MINIMAL, &conf, &err), 0);
	assert_string_equal(conf.name, "relay");
	assert_string_equal(conf.uplink, "ext0");
	assert_int_equal(conf.listen.family, AF_INET6);
	assert_int_equal(conf.listen.port, 8443);
	assert_int_equal(conf.connections, 12288);
	assert_int_equal(conf.wg_port[1], 51821);
	assert_int_equal(conf.mtu, 1420);
	assert_int_equal(conf.slots, SC_SLOTS_DEFAULT);
	assert_int_equal(conf.quarantine_s, 600);
	assert_true(conf.mld);
	assert_int_equal(conf.n_pool6, 1);
	assert_int_equal(conf.pool6[0].slot_bits, 20);
	assert_int_equal(conf.n_pool4, 0);
	assert_int_equal(conf.n_tiers, 7);
	assert_int_equal(conf_tier(&conf, "pulse+ipv4")->max_ipv4, 1);
	assert_true(conf_tier(&conf, "pulse+ipv4")->smtp);
	assert_false(conf_tier(&conf, "free")->smtp);
	assert_int_equal(conf_tier(&conf, "free")->scan_per_s, 50);
	assert_null(conf_tier(&conf, "gold"));
}

/* Every key, in another order than the canonical one. */
static const char full[] =
	"pages: {aup: /p/aup.md, terms: /p/terms.html}\n"
	"canary: {key: AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=, "
	"file: /p/canary}\n"
	"billing: {usage_months: 3, hold_days: 7}\n"
	"url: 'https://relay.example:444'\n"
	"log: json\n"
	"run_dir: /run/r\n"
	"state: {litestream: /opt/ls, sync_ms: 250, mode: tmpfs, "
	"replica: 's3://bucket/relay', dir: /srv/state}\n"
	"tiers:\n"
	"  gold: {scan_per_s: 70, rate_kbps: 5000, peers: 2, ipv4: 1, ipv6: 4, smtp: true}\n"
	"shaper: {total_mbps: 940, classes: 0, mode: edt}\n"
	"mld: false\n"
	"xdp: generic\n"
	"hairpin: deny\n"
	"isolation: account\n"
	"quarantine_s: 60\n"
	"slots: 1024\n"
	"pools:\n"
	"  - {prefix: 192.0.2.0/24, mode: routed}\n"
	"  - {slot_bits: 14, prefix: '2001:db8::/56'}\n"
	"  - {prefix: '2001:db8:1::/100', mode: onlink}\n"
	"wireguard: {mtu: 1280, ports: [1, 2]}\n"
	"connections: 2000\n"
	"listen: 127.0.0.1:443\n"
	"public: {ipv6: '2001:db8:ffff::2', ipv4: 203.0.113.2}\n"
	"uplink: eth0\n"
	"region: eu-west\n"
	"name: paris-1\n";

static const char canonical[] = "name: paris-1\n"
				"region: \"eu-west\"\n"
				"uplink: \"eth0\"\n"
				"public:\n"
				"  ipv4: \"203.0.113.2\"\n"
				"  ipv6: \"2001:db8:ffff::2\"\n"
				"listen: \"127.0.0.1:443\"\n"
				"connections: 2000\n"
				"wireguard:\n"
				"  ports: [1, 2]\n"
				"  mtu: 1280\n"
				"pools:\n"
				"  - prefix: \"2001:db8::/56\"\n"
				"    mode: auto\n"
				"    slot_bits: 14\n"
				"  - prefix: \"2001:db8:1::/100\"\n"
				"    mode: onlink\n"
				"    slot_bits: 20\n"
				"  - prefix: \"192.0.2.0/24\"\n"
				"    mode: routed\n"
				"slots: 1024\n"
				"quarantine_s: 60\n"
				"isolation: account\n"
				"hairpin: deny\n"
				"xdp: generic\n"
				"mld: false\n"
				"shaper:\n"
				"  mode: edt\n"
				"  classes: 0\n"
				"  total_mbps: 940\n"
				"tiers:\n"
				"  gold:\n"
				"    peers: 2\n"
				"    ipv4: 1\n"
				"    ipv6: 4\n"
				"    rate_kbps: 5000\n"
				"    guarantee_mbps: 500\n"
				"    smtp: true\n"
				"    scan_per_s: 70\n"
				"state:\n"
				"  dir: \"/srv/state\"\n"
				"  mode: tmpfs\n"
				"  replica: \"s3://bucket/relay\"\n"
				"  sync_ms: 250\n"
				"  litestream: \"/opt/ls\"\n"
				"run_dir: \"/run/r\"\n"
				"log: json\n"
				"url: \"https://relay.example:444\"\n"
				"billing:\n"
				"  hold_days: 7\n"
				"  usage_months: 3\n"
				"canary:\n"
				"  file: \"/p/canary\"\n"
				"  key: \"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\"\n"
				"pages:\n"
				"  terms: \"/p/terms.html\"\n"
				"  aup: \"/p/aup.md\"\n";

static char *print(const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	conf_print(out, conf);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void test_canonical(UNUSED void **state)
{
	struct conf conf, again;
	struct err err;
	char *first, *second;

	assert_int_equal(parse(full, &conf, &err), 0);
	first = print(&conf);
	assert_string_equal(first, canonical);
	assert_int_equal(parse(first, &again, &err), 0);
	second = print(&again);
	assert_string_equal(first, second);
	free(first);
	free(second);

	assert_int_equal(parse(MINIMAL, &conf, &err), 0);
	first = print(&conf);
	assert_int_equal(parse(first, &again, &err), 0);
	second = print(&again);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static const struct {
	const char *text;
	const char *error;
} bad[] = {
	{"uplink: a\ncolour: red\n", "t.yaml:2:1: unknown key \"colour\""},
	{"pools:\n  - {prefix: 192.0.2.0/24, size: 3}\n",
	 "t.yaml:2:28: unknown key \"size\" in pools[0]"},
	{"tiers: {free: {smtp: yes}}\n",
	 "t.yaml:1:22: tiers.free.smtp: \"yes\": expected true or false"},
	{"tiers: {free: {scan_per_s: -1}}\n",
	 "t.yaml:1:28: tiers.free.scan_per_s: \"-1\": expected a number from 0 to 1000000"},
	{"tiers: {free: {peer: 3}}\n", "t.yaml:1:16: unknown key \"peer\" in tiers.free"},
	{"pools:\n  - {prefix: \"2001:db8::1/64\"}\n",
	 "t.yaml:2:14: pools[0].prefix: \"2001:db8::1/64\": expected ADDRESS/LENGTH without "
	 "host bits"},
	{"pools:\n  - mode: onlink\n", "t.yaml:2:5: pools[0]: prefix: missing"},
	{"pools: {}\n", "t.yaml:1:8: pools: expected a list"},
	{"pools: [x]\n", "t.yaml:1:9: \"x\": expected keys and values"},
	{"pools:\n- {prefix: 10.0.0.0/8, slot_bits: 14}\n",
	 "t.yaml:2:3: pools[0]: slot_bits: only IPv6 pools have them"},
	{"slots: 0x10\n", "t.yaml:1:8: slots: \"0x10\": expected a number from 1 to 131072"},
	{"slots: 131073\n", "t.yaml:1:8: slots: \"131073\": expected a number from 1 to 131072"},
	{"wireguard: {mtu: 1279}\n",
	 "t.yaml:1:18: wireguard.mtu: \"1279\": expected a number from 1280 to 8940"},
	{"wireguard: {ports: [1]}\n",
	 "t.yaml:1:20: wireguard.ports: expected two ports: [51820, 51821]"},
	{"wireguard: {ports: [1, 2, 3]}\n",
	 "t.yaml:1:20: wireguard.ports: expected two ports: [51820, 51821]"},
	{"shaper: {mode: police}\n",
	 "t.yaml:1:16: shaper.mode: \"police\": expected one of htb, edt"},
	{"shaper: {total_mbps: 100001}\n",
	 "t.yaml:1:22: shaper.total_mbps: \"100001\": expected a number from 0 to 100000"},
	{"hairpin: maybe\n", "t.yaml:1:10: hairpin: \"maybe\": expected one of uplink, deny"},
	{"uplink: [a]\n", "t.yaml:1:9: uplink: expected a single value"},
	{"uplink: eth0/1\n",
	 "t.yaml:1:9: uplink: \"eth0/1\": expected the name of a network device"},
	{"listen: 8443\n", "t.yaml:1:9: listen: \"8443\": expected ADDRESS:PORT or [ADDRESS]:PORT"},
	{"state: {dir: var}\n",
	 "t.yaml:1:14: state.dir: \"var\": expected an absolute path of at most 199 characters"},
	{"uplink: a\nuplink: b\n", "t.yaml:2:1: key \"uplink\" stands here twice"},
	{"uplink: &a x\n", "t.yaml:1:9: anchors and tags are not supported"},
	{"uplink: *a\n", "t.yaml:1:9: aliases are not supported"},
	{"uplink: !!str a\n", "t.yaml:1:9: anchors and tags are not supported"},
	{"a: [[[[[[[[[[1]]]]]]]]]]\n", "t.yaml:1:11: nested too deep"},
	{"[a]: b\n", "t.yaml:1:1: expected a key"},
	{"uplink: a\n---\nuplink: b\n", "t.yaml:2:1: a second document"},
	{"just text\n", "t.yaml:1:1: expected keys and values"},
	{"uplink: ext0\npools: [\n", "t.yaml:3:1: did not find expected node content"},
	{"uplink: \"\\x01\"\n",
	 "t.yaml:1:9: uplink: \"\\x01\": expected the name of a network device"},
	{"state: {dir: \"/a b\"}\n",
	 "t.yaml:1:14: state.dir: \"/a b\": expected an absolute path of at most 199 characters"},
	{"log: xml\n", "t.yaml:1:6: log: \"xml\": expected one of text, json"},
	{"state: {mode: ram}\n", "t.yaml:1:15: state.mode: \"ram\": expected one of disk, tmpfs"},
	{"state: {sync_ms: 99}\n",
	 "t.yaml:1:18: state.sync_ms: \"99\": expected a number from 100 to 60000"},
	{"state: {replica: srv}\n",
	 "t.yaml:1:18: state.replica: \"srv\": expected an absolute path or SCHEME://..."},
	{"state: {replica: \"s3://\"}\n",
	 "t.yaml:1:18: state.replica: \"s3://\": expected an absolute path or SCHEME://..."},
	{MINIMAL "state: {mode: tmpfs}\n", "t.yaml:5:15: state.replica: missing: mode is tmpfs"},
	{MINIMAL "state: {replica: /srv/r}\n", "t.yaml:5:18: state.replica: only with mode: tmpfs"},
	{MINIMAL "state: {mode: tmpfs, replica: /run/relayd/r}\n",
	 "t.yaml:5:31: state.replica: /run/relayd does not outlive a reboot"},
	{MINIMAL "state: {mode: tmpfs, replica: /run/relayd2}\n", NULL},
	{"name: ''\n",
	 "t.yaml:1:7: name: \"\": expected a name of letters, digits and . _ + -, at most 63"},
	{"name: \"a\\x00b\"\n", "t.yaml:1:7: a NUL character"},
	{"", "t.yaml: uplink: missing"},
	{"uplink: a\n", "t.yaml: public: ipv4 or ipv6 is required"},
	{"uplink: a\npublic: {ipv4: 1.2.3.4}\n",
	 "t.yaml: pools: at least one IPv6 prefix is required"},
	{"uplink: a\npublic: {}\n", "t.yaml:2:9: public: ipv4 or ipv6 is required"},
	{"uplink: a\npublic: {ipv4: 1.2.3.4}\npools: [{prefix: 192.0.2.0/24}]\n",
	 "t.yaml:3:8: pools: at least one IPv6 prefix is required"},
	{MINIMAL "  - prefix: 'fd00::/115'\n",
	 "t.yaml:5:13: pools: fd00::/115 has no room for 14 slot bits"},
	{MINIMAL "slots: 16385\n  \n", NULL},
	{MINIMAL "  - {prefix: 'fd00::/64', slot_bits: 14}\nslots: 16385\n",
	 "t.yaml:6:8: slots: 16385 do not fit into 14 bits of fd00::/64 (5:14)"},
	{MINIMAL "  - prefix: '2001:db8::/32'\n",
	 "t.yaml:5:13: pools: 2001:db8:5:5::/64 (4:13) and 2001:db8::/32 overlap"},
	{MINIMAL "  - prefix: 10.0.0.0/15\n",
	 "t.yaml:5:13: pools: more than 65536 IPv4 addresses in all"},
	{MINIMAL "  - prefix: 10.0.0.0/24\n  - prefix: 10.0.0.128/25\n",
	 "t.yaml:6:13: pools: 10.0.0.0/24 (5:13) and 10.0.0.128/25 overlap"},
	/* The others' families and numbers are not mixed up. */
	{MINIMAL "  - prefix: 10.0.0.0/24\n  - prefix: 'fd00::/64'\n  - mode: routed\n"
		 "    prefix: 'fd00::/56'\n",
	 "t.yaml:8:13: pools: fd00::/64 (6:13) and fd00::/56 overlap"},
	{MINIMAL "  - prefix: 10.0.0.0/17\n  - prefix: 10.1.0.0/17\n  - prefix: 10.2.0.0/28\n"
		 "  - prefix: 10.3.0.0/28\n",
	 "t.yaml:7:13: pools: more than 65536 IPv4 addresses in all"},
	{MINIMAL "run_dir: /srv\nstate: {replica: /srv/r, mode: tmpfs}\n",
	 "t.yaml:6:18: state.replica: /srv does not outlive a reboot"},
	{"uplink: a\nname: \xff\n", "t.yaml:2:7: invalid leading UTF-8 octet"},
	{"# \xc3\xa4\xc3\xb6\xff\n", "t.yaml:1:5: invalid leading UTF-8 octet"},
	{"\xef\xbb\xbf"
	 "a: \xc3\n",
	 "t.yaml:1:5: invalid trailing UTF-8 octet"},
	{"uplink: a\n\nname: b\x01\n", "t.yaml:3:8: control characters are not allowed"},
	/* UTF-16: no lines are counted. */
	{"\xff\xfe"
	 "a:\x01\x01\xff\xdf",
	 "t.yaml: byte 7: unexpected low surrogate area"},
	{MINIMAL "wireguard: {ports: [5, 5]}\n",
	 "t.yaml:5:20: wireguard.ports: the two ports are the same"},
	{MINIMAL "tiers: {}\n", "t.yaml:5:8: tiers: at least one is required"},
	{MINIMAL "canary: {file: /c}\n", "t.yaml:5:16: canary.key: missing"},
	{MINIMAL "canary: {key: AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=}\n",
	 "t.yaml:5:15: canary.file: missing"},
	{"canary: {key: AAAA}\n",
	 "t.yaml:1:15: canary.key: \"AAAA\": expected 44 characters of base64"},
	{"url: http://relay.example\n",
	 "t.yaml:1:6: url: \"http://relay.example\": expected https://HOST or https://HOST:PORT"},
	{"url: https://relay.example/\n",
	 "t.yaml:1:6: url: \"https://relay.example/\": expected https://HOST or https://HOST:PORT"},
	{"tiers: {free: {smtp: yes}}\n",
	 "t.yaml:1:22: tiers.free.smtp: \"yes\": expected true or false"},
	{"quarantine_s: 86401\n",
	 "t.yaml:1:15: quarantine_s: \"86401\": expected a number from 0 to 86400"},
	{"billing: {usage_months: 0}\n",
	 "t.yaml:1:25: billing.usage_months: \"0\": expected a number from 1 to 240"},
	{"billing: {hold_days: 3651}\n",
	 "t.yaml:1:22: billing.hold_days: \"3651\": expected a number from 0 to 3650"},
	{"pages: {imprint: /x}\n", "t.yaml:1:9: unknown key \"imprint\" in pages"},
};

static void test_errors(UNUSED void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct conf conf = {.name = "untouched"};
		struct err err;
		int r = parse(bad[i].text, &conf, &err);

		if (!bad[i].error) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(r, -EINVAL);
		assert_string_equal(conf.name, "untouched");
	}
}

/* A cut file is an answer, never a crash: each prefix of a full file. */
static void test_prefixes(UNUSED void **state)
{
	for (size_t len = 0; len < sizeof(full); len++) {
		struct conf conf;
		struct err err;

		conf_parse(full, len, "t.yaml", &conf, &err);
	}
}

static void test_limits(UNUSED void **state)
{
	static char big[CONF_MAX_BYTES + 2];
	struct conf conf;
	struct err err;

	memset(big, ' ', sizeof(big));
	assert_int_equal(conf_parse(big, sizeof(big), "t.yaml", &conf, &err), -EFBIG);
	/* Valid for YAML, but more entries than we keep. */
	memcpy(big, "a: [", 4);
	for (size_t i = 4; i + 2 < CONF_MAX_BYTES; i += 2)
		memcpy(big + i, "1,", 2);
	big[CONF_MAX_BYTES - 1] = ']';
	assert_int_equal(conf_parse(big, CONF_MAX_BYTES, "t.yaml", &conf, &err), -EINVAL);
	assert_non_null(strstr(err.text, "too many entries"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_errors),	 cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
