/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * YAML text as a tree of mappings, lists and scalars that know where they stood. libyaml's event
 * parser reads; anchors, aliases, tags, repeated keys and second documents are refused.
 */
#ifndef RELAY_CONF_YAML_H
#define RELAY_CONF_YAML_H

#include <stddef.h>
#include <stdint.h>
#include "../lib/err.h"

#define CONF_YAML_MAX_NODES 4096 /* more: the file is refused */
#define CONF_YAML_MAX_DEPTH 8	 /* deeper: the file is refused */
#define CONF_YAML_TEXT_LEN 256	 /* of a key or a scalar, NUL included; longer: refused */

enum conf_yaml_kind { CONF_YAML_SCALAR, CONF_YAML_MAP, CONF_YAML_LIST };

struct conf_yaml_node {
	enum conf_yaml_kind kind;
	uint32_t line, column; /* of the value, from 1 */
	uint32_t key_line, key_column;
	char key[CONF_YAML_TEXT_LEN];
	char text[CONF_YAML_TEXT_LEN];	     /* scalar */
	struct conf_yaml_node *first, *next; /* children; siblings in the file's order */
};

struct conf_yaml; /* a parsed file, owns its nodes */

/* `name` stands in front of errors: "relay.yaml:3:5: ...". */
int conf_yaml_parse(const char *text, size_t len, const char *name, struct conf_yaml **ret_yaml,
		    struct err *err);
/* The top mapping; an empty file is an empty mapping. */
const struct conf_yaml_node *conf_yaml_root(const struct conf_yaml *yaml);
void conf_yaml_free(struct conf_yaml *yaml);
DEFINE_CLEANUP(conf_yaml, struct conf_yaml *, conf_yaml_free)
#define AUTO_CONF_YAML CLEANUP(conf_yaml)

#endif
