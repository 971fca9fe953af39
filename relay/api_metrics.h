/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures of the relay in Prometheus' text format. Not public: GET /metrics on the API asks for a
 * token with the scope "metrics", which only relayctl gives; relayctl's socket has it too.
 */
#ifndef RELAY_API_METRICS_H
#define RELAY_API_METRICS_H

#include "api.h"
#include "api_error.h"

struct api_metrics; /* counters since this process started */

struct api_metrics *api_metrics_new(uint32_t slots);
void api_metrics_free(struct api_metrics *m);
void api_metrics_answer(struct api_metrics *m, int status);
void api_metrics_error(struct api_metrics *m, enum api_error e);
/* WireGuard's counters of a peer as the net role sees them. A smaller one began anew. */
void api_metrics_traffic(struct api_metrics *m, const struct msg *msg);
void api_metrics_clone(struct api_metrics *m); /* a peer was found at work twice */

#endif
