/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * relay.yaml as a struct: plain data, filled by conf_parse() alone, checked before anything uses
 * it. Every key is in relay.yaml.5; an unknown key is an error with line and column.
 */
#ifndef RELAY_CONF_H
#define RELAY_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "../bpf/include/abi.h"
#include "../lib/addr.h"
#include "../lib/b64.h"
#include "../lib/err.h"
#include "dp.h"

#define CONF_MAX_BYTES 65536
#define CONF_MAX_TIERS 32
#define CONF_NAME_LEN 64
#define CONF_PATH_LEN 200
#define CONF_URL_LEN 200

enum conf_pool_mode { CONF_POOL_AUTO, CONF_POOL_ONLINK, CONF_POOL_ROUTED };
enum conf_isolation { CONF_ISOLATION_PEER, CONF_ISOLATION_ACCOUNT };
enum conf_shaper { CONF_SHAPER_HTB, CONF_SHAPER_EDT };
enum conf_hairpin { CONF_HAIRPIN_UPLINK, CONF_HAIRPIN_DENY };
enum conf_log { CONF_LOG_TEXT, CONF_LOG_JSON };
enum conf_state_mode { CONF_STATE_DISK, CONF_STATE_TMPFS };

struct conf_pool6 {
	struct prefix6 prefix;
	enum conf_pool_mode mode;
	uint32_t slot_bits;
};

struct conf_pool4 {
	struct prefix4 prefix;
	enum conf_pool_mode mode;
};

struct conf_tier {
	char name[CONF_NAME_LEN];
	uint32_t max_peers;
	uint32_t max_ipv4;
	uint32_t max_ipv6;
	uint32_t rate_kbps;	 /* ceiling per peer each way, 0 = unshaped */
	uint32_t guarantee_mbps; /* largest guarantee a peer may ask for, 0 = none */
	bool smtp;		 /* peers may open connections to port 25 */
	uint32_t scan_per_s;	 /* new destinations a peer may open connections to, 0 = no limit */
};

/* Pages that only the operator can write: /terms and so on. */
#define CONF_PAGE_LIST(X)                                                                          \
	X(TERMS, "terms", "Terms of Service")                                                      \
	X(PRIVACY, "privacy", "Privacy Policy")                                                    \
	X(AUP, "aup", "Acceptable Use Policy")                                                     \
	X(DMCA, "dmca", "Copyright")                                                               \
	X(SUBPROCESSORS, "subprocessors", "Subprocessors")                                         \
	X(SECURITY, "security", "Security")

enum conf_page {
#define X(NAME, name, title) CONF_PAGE_##NAME,
	CONF_PAGE_LIST(X)
#undef X
		CONF_PAGE_MAX
};

struct conf {
	char name[CONF_NAME_LEN];      /* name: of this relay; default "relay" */
	char region[CONF_NAME_LEN];    /* region: */
	char uplink[IFNAMSIZ];	       /* uplink: ext0 (required) */
	bool has_public4, has_public6; /* public: {ipv4:, ipv6:}: at least one */
	struct addr4 public4;
	struct addr6 public6;
	struct endpoint listen;		       /* listen: default "[::]:8443", both families */
	uint32_t connections;		       /* connections: 12288 of the API, 64..65536 */
	uint16_t wg_port[2];		       /* wireguard: {ports: [51820, 51821]} */
	uint32_t mtu;			       /* wireguard: {mtu: 1420}, 1280..8940 */
	struct conf_pool6 pool6[SC_MAX_POOLS]; /* pools: - {prefix:, mode:, slot_bits:} */
	size_t n_pool6;
	struct conf_pool4 pool4[SC_MAX_POOLS];
	size_t n_pool4;
	uint32_t slots;		       /* slots: 16384, at most SC_SLOTS_MAX and 2^slot_bits */
	uint32_t quarantine_s;	       /* quarantine_s: 600: addresses of who has gone, 0..86400 */
	enum conf_isolation isolation; /* isolation: peer | account */
	enum conf_hairpin hairpin;     /* hairpin: uplink | deny */
	enum dp_xdp_mode xdp;	       /* xdp: auto | native | generic | tc | proxy */
	bool mld;		       /* mld: true: solicited-node groups are joined */
	enum conf_shaper shaper;       /* shaper: {mode: htb | edt, classes:, total_mbps:} */
	uint32_t shaper_classes;       /* 2048, 0..4096 */
	uint32_t shaper_total_mbps;    /* 0 = not known */
	struct conf_tier tiers[CONF_MAX_TIERS]; /* tiers: {free: {peers: 3, ipv4: 0, ...}} */
	size_t n_tiers;				/* none given: the product's table */
	char state_dir[CONF_PATH_LEN];		/* state: {dir: /var/lib/relayd} */
	enum conf_state_mode state_mode;	/* state: {mode: disk | tmpfs} */
	/* state: {replica:, sync_ms: 1000, litestream:}: with tmpfs alone */
	char replica[CONF_URL_LEN]; /* a folder, or a URL that Litestream knows */
	uint32_t replica_sync_ms;
	char litestream[CONF_PATH_LEN];
	char run_dir[CONF_PATH_LEN]; /* run_dir: /run/relayd (relayctl's socket) */
	enum conf_log log;	     /* log: text | json */
	char url[CONF_URL_LEN]; /* url: "https://..." without a path; "" = what clients ask for */
	uint32_t hold_days;	/* billing: {hold_days: 30}: addresses of stopped peers */
	uint32_t usage_months;	/* billing: {usage_months: 24}: how many are kept, this one too */
	char canary[CONF_PATH_LEN]; /* canary: {file:, key:}; "" = none */
	uint8_t canary_key[KEY_LEN];
	char pages[CONF_PAGE_MAX][CONF_PATH_LEN]; /* pages: {terms: FILE, ...}; "" = none */
};

/* Parses and checks text; `name` is the file's name for errors: "relay.yaml:3:5: unknown key...".
 */
int conf_parse(const char *text, size_t len, const char *name, struct conf *ret_conf,
	       struct err *err);
int conf_load(const char *path, struct conf *ret_conf, struct err *err);
/* Canonical form, every key given; parses again to the same struct. */
void conf_print(FILE *out, const struct conf *conf);
const struct conf_tier *conf_tier(const struct conf *conf, const char *name);

#endif
