/* SPDX-License-Identifier: GPL-2.0-only */
#include "docker.h"

#include <stdio.h>
#include <string.h>

/* {"label":["sidecar.enable"]}. No status: the default is all that run, paused ones as well. */
#define LIST_FILTER "filters=%7B%22label%22%3A%5B%22sidecar.enable%22%5D%7D"

struct listing {
	docker_list_cb *cb;
	void *ctx;
};

int docker_list_parse(const json_t *list, char (**ret_ids)[DOCKER_ID_LEN], size_t *ret_n,
		      struct err *err)
{
	AUTO_FREE void *ids = NULL;
	char(*id)[DOCKER_ID_LEN];
	const char *text;
	int r;

	if (!json_is_array(list))
		return err_set(err, -EINVAL, "list of containers: expected an array");
	ids = calloc(json_array_size(list) + 1, DOCKER_ID_LEN);
	if (!ids)
		return err_sys(err, -ENOMEM, "list of containers");
	id = ids;
	for (size_t i = 0; i < json_array_size(list); i++) {
		r = json_get_string(json_array_get(list, i), "Id", &text, err);
		if (!r && !docker_id_ok(text))
			r = err_set(err, -EINVAL, "Id: not 64 hex digits");
		if (r)
			return err_prefix(err, "list of containers"), r;
		memcpy(id[i], text, DOCKER_ID_LEN);
	}
	*ret_n = json_array_size(list);
	*ret_ids = steal(&ids);
	return 0;
}

static void on_list(int r, const struct http_msg *msg, const struct err *http_err, void *ctx)
{
	AUTO_FREE struct listing *l = ctx;
	AUTO_JSON json_t *json = NULL;
	char(*ids)[DOCKER_ID_LEN] = NULL;
	struct err err = {};
	size_t n = 0;

	r = docker_answer(r, msg, http_err, "list of containers", &json, &err);
	if (!r)
		r = docker_list_parse(json, &ids, &n, &err);
	l->cb(r, (const char(*)[DOCKER_ID_LEN])ids, n, &err, l->ctx);
	free(ids);
}

int docker_list(struct docker *d, docker_list_cb *cb, void *ctx)
{
	struct listing *l = malloc(sizeof(*l));
	char target[128];
	struct http_request req = {.method = "GET", .target = target};

	if (!l)
		return -ENOMEM;
	*l = (struct listing){cb, ctx};
	snprintf(target, sizeof(target), "%s/containers/json?%s", d->api, LIST_FILTER);
	if (http_client_send(d->calls, &req, on_list, NULL, l))
		return 0;
	free(l);
	return -ENOMEM;
}
