/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Docker's Engine API over its Unix socket. Events are hints, the daemon may drop them: whoever
 * listens lists everything after each `up`, and once in a while.
 *
 *	DOWN -> VERSION (GET /version, negotiate) -> SUBSCRIBE (GET /events, until its headers are
 *	there) -> UP; any failure -> DOWN, and again after a back-off of 200 ms to 5 s
 *
 * Lists and inspections may be asked for in any state; they fail while the daemon is away.
 */
#ifndef AGENT_DOCKER_H
#define AGENT_DOCKER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "../lib/err.h"
#include "../lib/http.h"
#include "../lib/json.h"
#include "label.h"

#define DOCKER_ID_LEN 65
#define DOCKER_NAME_LEN 256
#define DOCKER_PATH_LEN 192
#define DOCKER_TIME_LEN 40
#define DOCKER_MODE_LEN 96
#define DOCKER_API_LEN 16
#define DOCKER_API_MIN_MINOR 43 /* 1.43: Docker 24 */
#define DOCKER_API_MAX_MINOR 47 /* 1.47: Docker 27, understood by all later ones so far */
#define DOCKER_LANES 4		/* inspections at a time: one that hangs keeps few waiting */
#define DOCKER_MAX_LIST_BYTES (32u << 20)
#define DOCKER_MAX_EVENT_BYTES 65536 /* a longer line is skipped */
#define DOCKER_BACKOFF_MIN_MS 200
#define DOCKER_BACKOFF_MAX_MS 5000

/* One run of a container is told from the next by started_at, pid and sandbox. */
struct docker_container {
	char id[DOCKER_ID_LEN];
	char name[DOCKER_NAME_LEN]; /* without the slash */
	bool running;		    /* and has a process */
	uint64_t pid;
	char started_at[DOCKER_TIME_LEN];
	char sandbox[DOCKER_PATH_LEN]; /* NetworkSettings.SandboxKey */
	char network_mode[DOCKER_MODE_LEN];
	struct labels labels;
	struct err label_err; /* code != 0: a label's value is wrong */
};

struct docker_event {
	char action[32];
	char id[DOCKER_ID_LEN];
	bool has_label; /* the container has a label sidecar.enable */
};

struct docker_ops {
	void (*up)(void *ctx); /* subscribed: list now */
	void (*event)(const struct docker_event *event, void *ctx);
	void (*down)(const struct err *err, void *ctx); /* once until the next up */
};

struct docker {
	uv_loop_t *loop;
	const struct docker_ops *ops; /* may be NULL: no events wanted */
	void *ctx;
	const char *relay_host; /* borrowed: what sidecar.relay may say */
	struct http_client *calls, *events;
	struct docker_lane { /* docker_inspect.c */
		struct http_client *client;
		unsigned int waiting; /* inspections, not answered yet */
	} lane[DOCKER_LANES];
	uv_timer_t timer;
	uint32_t backoff_ms;
	bool closing, up, told_down;
	char api[DOCKER_API_LEN]; /* "/v1.47", "" = not negotiated */
	/* docker_events.c: the line being collected. */
	char *line;
	size_t line_len;
	bool line_skip;
};

/* Begins at once. socket and relay_host must outlive it. */
int docker_init(struct docker *d, uv_loop_t *loop, const char *socket, const char *relay_host,
		const struct docker_ops *ops, void *ctx, struct err *err);
void docker_close(struct docker *d); /* calls end with -ECANCELED; run the loop on */

/* The answer to GET /version -> ret_api, or -EPROTONOSUPPORT and words for the operator. */
int docker_api_negotiate(const json_t *version, char ret_api[static DOCKER_API_LEN],
			 struct err *err);

/* ids: of the running containers that have a label sidecar.enable, whatever its value. */
typedef void docker_list_cb(int r, const char (*ids)[DOCKER_ID_LEN], size_t n,
			    const struct err *err, void *ctx);
int docker_list(struct docker *d, docker_list_cb *cb, void *ctx);
int docker_list_parse(const json_t *list, char (**ret_ids)[DOCKER_ID_LEN], size_t *ret_n,
		      struct err *err);

/* -ENOENT: no such container. */
typedef void docker_inspect_cb(int r, const struct docker_container *c, const struct err *err,
			       void *ctx);
int docker_inspect(struct docker *d, const char *id, docker_inspect_cb *cb, void *ctx);
int docker_inspect_parse(const json_t *json, const char *relay_host, struct docker_container *ret,
			 struct err *err);

/* docker_events.c */
int docker_events_start(struct docker *d);
void docker_events_feed(struct docker *d, const char *data, size_t len);
int docker_event_parse(const char *line, size_t len, struct docker_event *ret_event,
		       struct err *err);

/* docker.c, for the others: the answer as JSON, or what went wrong. -ENOENT for 404. */
int docker_answer(int r, const struct http_msg *msg, const struct err *http_err, const char *what,
		  json_t **ret_json, struct err *err);
void docker_failed(struct docker *d, const struct err *err);
bool docker_id_ok(const char *id);

#endif
