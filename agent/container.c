/* SPDX-License-Identifier: GPL-2.0-only */
#include "container.h"

#include <string.h>

struct container *container_find(struct container *table, const char *id)
{
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		if (table[i].used && !strcmp(table[i].id, id))
			return &table[i];
	}
	return NULL;
}

struct container *container_add(struct container *table, const char *id)
{
	for (size_t i = 0; i < CONTAINER_MAX; i++) {
		if (table[i].used)
			continue;
		table[i] = (struct container){.used = true};
		memcpy(table[i].id, id, sizeof(table[i].id));
		return &table[i];
	}
	return NULL;
}

/* Docker's own rule, and what a log line can hold. */
bool container_name_ok(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return name[0] && strlen(name) < STATE_NAME_LEN && strspn(name, allowed) == strlen(name);
}

const char *container_label(const struct container *c)
{
	return container_name_ok(c->now.name) ? c->now.name : c->id;
}

bool container_same_run(const struct container *c)
{
	return c->run.pid == c->now.pid && !strcmp(c->run.started_at, c->now.started_at) &&
	       !strcmp(c->run.sandbox, c->now.sandbox);
}

static bool config_eq(const struct state_config *a, const struct state_config *b)
{
	return addr6_eq(&a->v6, &b->v6) && addr4_eq(a->v4, b->v4) && a->mtu == b->mtu &&
	       a->mtu_max == b->mtu_max && endpoint_eq(&a->endpoint, &b->endpoint) &&
	       !memcmp(a->relay_key, b->relay_key, KEY_LEN);
}

struct plan_in container_plan_in(const struct container *c, bool relay_down)
{
	const struct state_entry *e = c->entry;

	return (struct plan_in){
		.wanted = c->wanted,
		.running = c->now.running,
		.has_entry = e != NULL,
		.has_handle = c->handle != 0,
		.same_run = c->handle && container_same_run(c),
		.checked = c->checked,
		.touched = c->touched,
		.attached = c->attached && e && e->has_config && config_eq(&c->applied, &e->config),
		.has_config = e && e->has_config,
		.confirmed = c->confirmed && !strcmp(c->posted_name, c->now.name),
		.keyed = c->keyed,
		.readd = c->readd,
		/* It has not taken the addresses back either. */
		.relay_down = relay_down || (c->put_off && e && e->has_psk),
		.relay_due = backoff_due(&c->relay),
		.helper_due = backoff_due(&c->helper),
	};
}

int container_check(const struct docker_container *d, struct err *err)
{
	if (!d->running)
		return -ENOENT;
	if (d->label_err.code)
		return err_set(err, -EINVAL, "%s", d->label_err.text);
	if (!d->labels.enable)
		return -ENOENT;
	if (!container_name_ok(d->name))
		return err_set(err, -ENAMETOOLONG,
			       "its name is longer than %d characters, or has others than letters, "
			       "digits, \"_\", \".\" and \"-\"",
			       STATE_NAME_LEN - 1);
	if (!strcmp(d->network_mode, "host"))
		return err_set(err, -EOPNOTSUPP,
			       "network host: it has no network namespace of its own");
	if (!strncmp(d->network_mode, "container:", strlen("container:")))
		return err_set(err, -EOPNOTSUPP,
			       "it shares the network of another container: label that one");
	if (!strcmp(d->network_mode, "none"))
		return err_set(err, -EOPNOTSUPP, "network none: it asks to have no network");
	if (!d->sandbox[0])
		return err_set(err, -EOPNOTSUPP, "Docker names no network namespace of it");
	return 0;
}
