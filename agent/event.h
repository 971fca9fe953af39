/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything the worker tells its operator, one name each, so that a number can be given to it.
 * Lines look like "container NAME: DETAIL: WORDS"; a part that is missing leaves its colon out.
 */
#ifndef AGENT_EVENT_H
#define AGENT_EVENT_H

#include "../lib/cleanup.h"

/* X(name, level, words) */
#define EVENT_LIST(X)                                                                              \
	X(START, INFO, "worker started")                                                           \
	X(STOP, INFO, "worker stopped, tunnels stay")                                              \
	X(DOCKER_UP, INFO, "connected to Docker")                                                  \
	X(DOCKER_LOST, WARN, "no connection to Docker")                                            \
	X(DOCKER_FAILED, WARN, "Docker did not answer as expected")                                \
	X(LABEL_WRONG, WARN, "not attached")                                                       \
	X(LABEL_UNKNOWN, WARN, "unknown label, ignored")                                           \
	X(NETWORK_REFUSED, WARN, "not attached")                                                   \
	X(NAME_REFUSED, WARN, "not attached")                                                      \
	X(ATTACHED, INFO, "attached")                                                              \
	X(ATTACHED_KNOWN, WARN, "attached with its last known addresses")                          \
	X(NO_IPV4, WARN, "IPv6 only")                                                              \
	X(ATTACH_FAILED, WARN, "not attached, will be tried again")                                \
	X(STOPPED, INFO, "stopped")                                                                \
	X(RENAMED, INFO, "renamed")                                                                \
	X(RELAY_UNREACHABLE, WARN, "relay not reached, will be tried again")                       \
	X(RELAY_REACHED, INFO, "relay reached again")                                              \
	X(RELAY_REFUSED, ERR, "the relay refused, will be tried again")                            \
	X(RELAY_MISSING, WARN, "the relay does not know this peer, adding it again")               \
	X(PEER_DELETED, INFO, "peer removed from the relay")                                       \
	X(NO_HANDSHAKE, WARN, "no WireGuard handshake with the relay, adding the peer again")      \
	X(TABLE_FULL, ERR, "table full, container left alone")                                     \
	X(STATE_FAILED, ERR, "state not saved")                                                    \
	X(HELPER_FAILED, ERR, "helper")                                                            \
	X(DETACHED, INFO, "detached")                                                              \
	X(MANY_GONE, WARN, "most known containers are not there: their peers are kept so long")

enum event {
#define X(name, level, words) EVENT_##name,
	EVENT_LIST(X)
#undef X
		EVENT_MAX,
};

/* container: its name, or NULL. fmt: the detail, "" for none. Never a key or a token. */
void event_log(enum event event, const char *container, const char *fmt, ...) PRINTF(3, 4);

#endif
