/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys of the configuration by table: each names the field of a struct that it fills. A new kind
 * of value is a new conf_set_*() function.
 */
#ifndef RELAY_CONF_KEY_H
#define RELAY_CONF_KEY_H

#include "conf.h"
#include "conf_yaml.h"

#define CONF_WHERE_LEN 160

/* One pass over a file. `where` is the path of the mapping in work: "", "pools[0]", "tiers.free".
 */
struct conf_walk {
	const char *file;
	char where[CONF_WHERE_LEN];
	struct err *err;
};

struct conf_key;
typedef int conf_set(struct conf_walk *w, const struct conf_yaml_node *node,
		     const struct conf_key *key, void *field);

struct conf_key {
	const char *name; /* NULL ends the table */
	conf_set *set;
	size_t offset; /* of the field in the table's struct */
	uint32_t min, max;
	const char *const *choices;  /* conf_set_choice */
	const struct conf_key *keys; /* conf_set_map: the inner table, offsets from the field */
};

/* Every key of a mapping into `base`. Unknown keys are refused. */
int conf_walk_map(struct conf_walk *w, const struct conf_yaml_node *map,
		  const struct conf_key *keys, void *base);
/* Enters an inner path for the errors of what `keys` read: "tiers.free", "pools[0]". */
int conf_walk_inner(struct conf_walk *w, const struct conf_yaml_node *map, const char *step,
		    const struct conf_key *keys, void *base);
/* "FILE:LINE:COLUMN: WHERE.KEY: "value": text". */
int conf_refuse(struct conf_walk *w, const struct conf_yaml_node *node, const char *fmt, ...)
	PRINTF(3, 4);

conf_set conf_set_map;	/* an inner mapping */
conf_set conf_set_name; /* char[CONF_NAME_LEN]; letters, digits and . _ + -; "" only if min is 0 */
conf_set conf_set_device;   /* char[IFNAMSIZ] */
conf_set conf_set_path;	    /* char[CONF_PATH_LEN], absolute */
conf_set conf_set_bool;	    /* true or false */
conf_set conf_set_u32;	    /* min..max */
conf_set conf_set_choice;   /* an enum, index into choices */
conf_set conf_set_endpoint; /* struct endpoint */
conf_set conf_set_ports;    /* uint16_t[2] */
conf_set conf_set_key;	    /* uint8_t[KEY_LEN], base64 */
conf_set conf_set_replica;  /* char[CONF_URL_LEN]: an absolute path, SCHEME://... or "" */
conf_set conf_set_url;	    /* char[CONF_URL_LEN]: https://HOST[:PORT] or "" */

/* A name as accounts, tiers and relays have: conf_set_name()'s form, at most CONF_NAME_LEN - 1. */
bool conf_name_ok(const char *text);

#endif
