/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of the configuration for each enum, NULL at the end, and limits of single keys. */
#ifndef RELAY_CONF_NAMES_H
#define RELAY_CONF_NAMES_H

#define CONF_SLOT_BITS_MIN 14
#define CONF_SLOT_BITS_MAX 32
#define CONF_SLOT_BITS_DEFAULT 20
#define CONF_MTU_MIN 1280 /* RFC 8200 section 5: no IPv6 link may have less */
#define CONF_MTU_MAX 8940
#define CONF_SHAPER_CLASSES_MAX 4096
#define CONF_RATE_KBPS_MAX 100000000 /* 100 Gbit/s */
#define CONF_HOLD_DAYS_MAX 3650
#define CONF_USAGE_MONTHS_MAX 240
#define CONF_QUARANTINE_S_MAX 86400
#define CONF_SCAN_PER_S_MAX 1000000
#define CONF_SYNC_MS_MIN 100
#define CONF_SYNC_MS_MAX 60000

extern const char *const conf_pool_mode_names[];
extern const char *const conf_isolation_names[];
extern const char *const conf_hairpin_names[];
extern const char *const conf_xdp_names[];
extern const char *const conf_shaper_names[];
extern const char *const conf_state_mode_names[];
extern const char *const conf_log_names[];

#endif
