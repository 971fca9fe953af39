/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf_key.h"

#include <stdarg.h>
#include <string.h>
#include "../lib/log.h"
#include "../lib/parse.h"

#define SHOWN_LEN 80

int conf_refuse(struct conf_walk *w, const struct conf_yaml_node *node, const char *fmt, ...)
{
	char text[ERR_TEXT_LEN], key[SHOWN_LEN], value[SHOWN_LEN];
	bool scalar = node->kind == CONF_YAML_SCALAR;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_esc(key, sizeof(key), node->key, strlen(node->key));
	log_esc(value, sizeof(value), node->text, strlen(node->text));
	return err_set(w->err, -EINVAL, "%s:%u:%u: %s%s%s%s%s%s%s%s", w->file, node->line,
		       node->column, w->where, w->where[0] && key[0] ? "." : "", key,
		       w->where[0] || key[0] ? ": " : "", scalar ? "\"" : "", scalar ? value : "",
		       scalar ? "\": " : "", text);
}

static int refuse_key(struct conf_walk *w, const struct conf_yaml_node *node)
{
	char key[SHOWN_LEN];

	log_esc(key, sizeof(key), node->key, strlen(node->key));
	return err_set(w->err, -EINVAL, "%s:%u:%u: unknown key \"%s\"%s%s", w->file, node->key_line,
		       node->key_column, key, w->where[0] ? " in " : "", w->where);
}

int conf_walk_map(struct conf_walk *w, const struct conf_yaml_node *map,
		  const struct conf_key *keys, void *base)
{
	for (const struct conf_yaml_node *n = map->first; n; n = n->next) {
		const struct conf_key *key = keys;
		int r;

		while (key->name && strcmp(key->name, n->key))
			key++;
		if (!key->name)
			return refuse_key(w, n);
		r = key->set(w, n, key, (char *)base + key->offset);
		if (r)
			return r;
	}
	return 0;
}

int conf_walk_inner(struct conf_walk *w, const struct conf_yaml_node *map, const char *step,
		    const struct conf_key *keys, void *base)
{
	size_t len = strlen(w->where);
	int r;

	if (map->kind != CONF_YAML_MAP)
		return conf_refuse(w, map, "expected keys and values");
	snprintf(w->where + len, sizeof(w->where) - len, "%s%s", len && step[0] != '[' ? "." : "",
		 step);
	r = conf_walk_map(w, map, keys, base);
	w->where[len] = '\0';
	return r;
}

int conf_set_map(struct conf_walk *w, const struct conf_yaml_node *node, const struct conf_key *key,
		 void *field)
{
	return conf_walk_inner(w, node, key->name, key->keys, field);
}

static int want_scalar(struct conf_walk *w, const struct conf_yaml_node *node)
{
	if (node->kind != CONF_YAML_SCALAR)
		return conf_refuse(w, node, "expected a single value");
	return 0;
}

bool conf_name_ok(const char *text)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				 "._+-";
	size_t len = strlen(text);

	return len && len < CONF_NAME_LEN && strspn(text, ok) == len;
}

int conf_set_name(struct conf_walk *w, const struct conf_yaml_node *node,
		  const struct conf_key *key, void *field)
{
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (!conf_name_ok(node->text) && (node->text[0] || key->min))
		return conf_refuse(w, node,
				   "expected a name of letters, digits and . _ + -, at most %d",
				   CONF_NAME_LEN - 1);
	memcpy(field, node->text, strlen(node->text) + 1);
	return 0;
}

/* Printable ASCII without quote and backslash: what the canonical print can quote as it is. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text >= 0x7f || *text == '"' || *text == '\\')
			return false;
	}
	return true;
}

int conf_set_device(struct conf_walk *w, const struct conf_yaml_node *node,
		    UNUSED const struct conf_key *key, void *field)
{
	size_t len = strlen(node->text);
	int r = want_scalar(w, node);

	if (r)
		return r;
	/* What the kernel takes as a device's name (dev_valid_name()). */
	if (!len || len >= IFNAMSIZ || strpbrk(node->text, "/:") || !is_plain(node->text) ||
	    !strcmp(node->text, ".") || !strcmp(node->text, ".."))
		return conf_refuse(w, node, "expected the name of a network device");
	memcpy(field, node->text, len + 1);
	return 0;
}

int conf_set_path(struct conf_walk *w, const struct conf_yaml_node *node,
		  UNUSED const struct conf_key *key, void *field)
{
	size_t len = strlen(node->text);
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (node->text[0] != '/' || len >= CONF_PATH_LEN || !is_plain(node->text))
		return conf_refuse(w, node, "expected an absolute path of at most %d characters",
				   CONF_PATH_LEN - 1);
	memcpy(field, node->text, len + 1);
	return 0;
}

int conf_set_u32(struct conf_walk *w, const struct conf_yaml_node *node, const struct conf_key *key,
		 void *field)
{
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (parse_u32(node->text, key->min, key->max, field))
		return conf_refuse(w, node, "expected a number from %u to %u", key->min, key->max);
	return 0;
}

int conf_set_bool(struct conf_walk *w, const struct conf_yaml_node *node,
		  UNUSED const struct conf_key *key, void *field)
{
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (parse_bool(node->text, field))
		return conf_refuse(w, node, "expected true or false");
	return 0;
}

int conf_set_choice(struct conf_walk *w, const struct conf_yaml_node *node,
		    const struct conf_key *key, void *field)
{
	char list[SHOWN_LEN] = "";
	int index, r = want_scalar(w, node);

	if (r)
		return r;
	if (parse_name(node->text, key->choices, &index)) {
		for (size_t i = 0; key->choices[i]; i++) {
			size_t len = strlen(list);

			snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
				 key->choices[i]);
		}
		return conf_refuse(w, node, "expected one of %s", list);
	}
	/* Every enum of struct conf is an unsigned int to both compilers. */
	*(unsigned int *)field = (unsigned int)index;
	return 0;
}

int conf_set_endpoint(struct conf_walk *w, const struct conf_yaml_node *node,
		      UNUSED const struct conf_key *key, void *field)
{
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (parse_endpoint(node->text, field))
		return conf_refuse(w, node, "expected ADDRESS:PORT or [ADDRESS]:PORT");
	return 0;
}

int conf_set_ports(struct conf_walk *w, const struct conf_yaml_node *node,
		   UNUSED const struct conf_key *key, void *field)
{
	const struct conf_yaml_node *item = node->first;
	uint16_t port[2];

	for (size_t i = 0; i < 2; i++, item = item->next) {
		if (node->kind != CONF_YAML_LIST || !item || item->kind != CONF_YAML_SCALAR ||
		    parse_u16(item->text, 1, 65535, &port[i]))
			return conf_refuse(w, node, "expected two ports: [51820, 51821]");
	}
	if (item)
		return conf_refuse(w, node, "expected two ports: [51820, 51821]");
	memcpy(field, port, sizeof(port));
	return 0;
}

int conf_set_key(struct conf_walk *w, const struct conf_yaml_node *node,
		 UNUSED const struct conf_key *key, void *field)
{
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (b64_key_parse(node->text, field))
		return conf_refuse(w, node, "expected 44 characters of base64");
	return 0;
}

int conf_set_url(struct conf_walk *w, const struct conf_yaml_node *node,
		 UNUSED const struct conf_key *key, void *field)
{
	static const char scheme[] = "https://";
	const char *host = node->text + sizeof(scheme) - 1;
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (node->text[0] &&
	    (strncmp(node->text, scheme, sizeof(scheme) - 1) || !*host || !is_plain(node->text) ||
	     strpbrk(host, "/?#@<>&'") || strlen(node->text) >= CONF_URL_LEN))
		return conf_refuse(w, node, "expected https://HOST or https://HOST:PORT");
	memcpy(field, node->text, strlen(node->text) + 1);
	return 0;
}

int conf_set_replica(struct conf_walk *w, const struct conf_yaml_node *node,
		     UNUSED const struct conf_key *key, void *field)
{
	const char *text = node->text;
	size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
	bool url = scheme && !strncmp(text + scheme, "://", 3) && text[scheme + 3];
	int r = want_scalar(w, node);

	if (r)
		return r;
	if (text[0] &&
	    ((text[0] != '/' && !url) || !is_plain(text) || strlen(text) >= CONF_URL_LEN))
		return conf_refuse(w, node, "expected an absolute path or SCHEME://...");
	memcpy(field, text, strlen(text) + 1);
	return 0;
}
