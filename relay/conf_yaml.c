/* SPDX-License-Identifier: GPL-2.0-only */
#include "conf_yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>
#include "../lib/log.h"

#define SHOWN_LEN 80

struct conf_yaml {
	struct conf_yaml_node *root;
	size_t n_nodes;
};

/* One mapping or list that is still open, and where its next child goes. */
struct level {
	struct conf_yaml_node *node;
	struct conf_yaml_node **tail;
	bool has_key; /* a mapping's key was read, its value comes next */
	yaml_mark_t key_mark;
	char key[CONF_YAML_TEXT_LEN];
};

struct reader {
	struct conf_yaml *yaml;
	const char *text, *name;
	size_t len;
	struct level levels[CONF_YAML_MAX_DEPTH];
	size_t depth;
	unsigned int documents;
	struct err *err;
};

static int refuse(struct reader *rd, yaml_mark_t at, const char *what)
{
	return err_set(rd->err, -EINVAL, "%s:%zu:%zu: %s", rd->name, at.line + 1, at.column + 1,
		       what);
}

static void node_free(struct conf_yaml_node *node)
{
	while (node) {
		struct conf_yaml_node *next = node->next;

		node_free(node->first);
		free(node);
		node = next;
	}
}

void conf_yaml_free(struct conf_yaml *yaml)
{
	if (!yaml)
		return;
	node_free(yaml->root);
	free(yaml);
}

const struct conf_yaml_node *conf_yaml_root(const struct conf_yaml *yaml)
{
	return yaml->root;
}

static int take_text(struct reader *rd, const yaml_event_t *ev, char out[CONF_YAML_TEXT_LEN])
{
	const char *value = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;

	if (len >= CONF_YAML_TEXT_LEN)
		return refuse(rd, ev->start_mark, "text too long");
	if (memchr(value, '\0', len))
		return refuse(rd, ev->start_mark, "a NUL character");
	memcpy(out, value, len);
	out[len] = '\0';
	return 0;
}

/* A scalar where a mapping expects a key. */
static int take_key(struct reader *rd, struct level *lv, const yaml_event_t *ev)
{
	char shown[SHOWN_LEN], what[SHOWN_LEN + 32];
	int r;

	r = take_text(rd, ev, lv->key);
	if (r)
		return r;
	for (const struct conf_yaml_node *n = lv->node->first; n; n = n->next) {
		if (strcmp(n->key, lv->key))
			continue;
		snprintf(what, sizeof(what), "key \"%s\" stands here twice",
			 log_esc(shown, sizeof(shown), lv->key, strlen(lv->key)));
		return refuse(rd, ev->start_mark, what);
	}
	lv->has_key = true;
	lv->key_mark = ev->start_mark;
	return 0;
}

/* Hangs a new node into the innermost open mapping or list. */
static int add_node(struct reader *rd, const yaml_event_t *ev, enum conf_yaml_kind kind,
		    struct conf_yaml_node **ret_node)
{
	struct level *lv = rd->depth ? &rd->levels[rd->depth - 1] : NULL;
	yaml_mark_t at = ev->start_mark;
	struct conf_yaml_node *node;

	if (!lv && kind != CONF_YAML_MAP)
		return refuse(rd, at, "expected keys and values");
	if (rd->yaml->n_nodes == CONF_YAML_MAX_NODES)
		return refuse(rd, at, "too many entries");
	node = calloc(1, sizeof(*node));
	if (!node)
		return err_set(rd->err, -ENOMEM, "%s: out of memory", rd->name);
	rd->yaml->n_nodes++;
	node->kind = kind;
	node->line = (uint32_t)at.line + 1;
	node->column = (uint32_t)at.column + 1;
	if (lv) {
		if (lv->has_key) {
			memcpy(node->key, lv->key, sizeof(node->key));
			node->key_line = (uint32_t)lv->key_mark.line + 1;
			node->key_column = (uint32_t)lv->key_mark.column + 1;
		}
		lv->has_key = false;
		*lv->tail = node;
		lv->tail = &node->next;
	} else {
		rd->yaml->root = node;
	}
	*ret_node = node;
	return 0;
}

static int on_scalar(struct reader *rd, const yaml_event_t *ev)
{
	struct level *lv = rd->depth ? &rd->levels[rd->depth - 1] : NULL;
	struct conf_yaml_node *node;
	int r;

	if (ev->data.scalar.anchor || ev->data.scalar.tag)
		return refuse(rd, ev->start_mark, "anchors and tags are not supported");
	if (lv && lv->node->kind == CONF_YAML_MAP && !lv->has_key)
		return take_key(rd, lv, ev);
	/* A file of comments alone is one empty scalar to some emitters. */
	if (!lv && !ev->data.scalar.length)
		return add_node(rd, ev, CONF_YAML_MAP, &node);
	r = add_node(rd, ev, CONF_YAML_SCALAR, &node);
	return r ? r : take_text(rd, ev, node->text);
}

static int on_open(struct reader *rd, const yaml_event_t *ev, enum conf_yaml_kind kind)
{
	const struct level *outer = rd->depth ? &rd->levels[rd->depth - 1] : NULL;
	bool marked = kind == CONF_YAML_MAP
			      ? ev->data.mapping_start.anchor || ev->data.mapping_start.tag
			      : ev->data.sequence_start.anchor || ev->data.sequence_start.tag;
	struct conf_yaml_node *node;
	int r;

	if (marked)
		return refuse(rd, ev->start_mark, "anchors and tags are not supported");
	if (outer && outer->node->kind == CONF_YAML_MAP && !outer->has_key)
		return refuse(rd, ev->start_mark, "expected a key");
	if (rd->depth == CONF_YAML_MAX_DEPTH)
		return refuse(rd, ev->start_mark, "nested too deep");
	r = add_node(rd, ev, kind, &node);
	if (r)
		return r;
	rd->levels[rd->depth++] = (struct level){.node = node, .tail = &node->first};
	return 0;
}

static int on_event(struct reader *rd, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (rd->documents++)
			return refuse(rd, ev->start_mark, "a second document");
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(rd, ev->start_mark, "aliases are not supported");
	case YAML_SCALAR_EVENT:
		return on_scalar(rd, ev);
	case YAML_MAPPING_START_EVENT:
		return on_open(rd, ev, CONF_YAML_MAP);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(rd, ev, CONF_YAML_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		/* The parser pairs them. */
		rd->depth -= rd->depth > 0;
		return 0;
	default:
		return 0;
	}
}

/* Of a byte of UTF-8, as libyaml counts: characters, not the byte order mark. */
static yaml_mark_t mark_of(const struct reader *rd, size_t offset)
{
	yaml_mark_t at = {};
	size_t i = 0;

	if (rd->len >= 3 && !memcmp(rd->text, "\xef\xbb\xbf", 3))
		i = 3;
	for (; i < offset && i < rd->len; i++) {
		if (rd->text[i] == '\n') {
			at.line++;
			at.column = 0;
		} else if (((uint8_t)rd->text[i] & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

static int syntax_error(struct reader *rd, const yaml_parser_t *parser)
{
	char shown[SHOWN_LEN];
	const char *what = parser->problem ? parser->problem : "not YAML";

	log_esc(shown, sizeof(shown), what, strlen(what));
	if (parser->error != YAML_READER_ERROR)
		return refuse(rd, parser->problem_mark, shown);
	/* Errors of the reader (encoding) have an offset, no mark. */
	if (parser->encoding == YAML_UTF8_ENCODING)
		return refuse(rd, mark_of(rd, parser->problem_offset), shown);
	return err_set(rd->err, -EINVAL, "%s: byte %zu: %s", rd->name, parser->problem_offset + 1,
		       shown);
}

static int read_events(struct reader *rd, yaml_parser_t *parser)
{
	bool end = false;
	int r = 0;

	while (!r && !end) {
		yaml_event_t ev;

		if (!yaml_parser_parse(parser, &ev))
			return syntax_error(rd, parser);
		end = ev.type == YAML_STREAM_END_EVENT;
		r = on_event(rd, &ev);
		yaml_event_delete(&ev);
	}
	return r;
}

int conf_yaml_parse(const char *text, size_t len, const char *name, struct conf_yaml **ret_yaml,
		    struct err *err)
{
	AUTO_CONF_YAML struct conf_yaml *yaml = calloc(1, sizeof(*yaml));
	struct reader rd = {.yaml = yaml, .text = text, .len = len, .name = name, .err = err};
	yaml_parser_t parser;
	int r;

	if (!yaml || !yaml_parser_initialize(&parser))
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = read_events(&rd, &parser);
	yaml_parser_delete(&parser);
	if (r)
		return r;
	if (!yaml->root) {
		yaml->root = calloc(1, sizeof(*yaml->root));
		if (!yaml->root)
			return err_set(err, -ENOMEM, "%s: out of memory", name);
		yaml->root->kind = CONF_YAML_MAP;
		yaml->root->line = yaml->root->column = 1;
	}
	*ret_yaml = steal(&yaml);
	return 0;
}
