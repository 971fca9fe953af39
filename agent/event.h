/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything the agent tells its operator. By default the log holds codes and containers' ids only,
 * so that it is of little use to whoever looks over the operator's shoulder: "303 6dba50e2c9fb".
 * With SIDECAR_LOG=text lines look like "container NAME: DETAIL: WORDS [303]"; a part that is
 * missing leaves its colon out. This list is the one source of codes, severities, words and
 * explanations (sidecar-agent --explain CODE); a code is never given another meaning.
 */
#ifndef AGENT_EVENT_H
#define AGENT_EVENT_H

#include <stdbool.h>
#include "../lib/cleanup.h"

/* X(name, code, level, words, explanation) */
#define EVENT_LIST(X)                                                                              \
	X(START, 101, INFO, "worker started",                                                      \
	  "The process that talks to Docker and to the relay runs.")                               \
	X(STOP, 102, INFO, "worker stopped, tunnels stay",                                         \
	  "The agent was told to stop. Tunnels and their traffic go on without it.")               \
	X(START_FAILED, 103, ERR, "does not start",                                                \
	  "A setting or the system is in the way: run the agent with -n, or with "                 \
	  "SIDECAR_LOG=text.")                                                                     \
	X(WORKER_ENDED, 104, ERR, "worker ended",                                                  \
	  "The worker ended by itself and is started again. With SIDECAR_LOG=text its last words " \
	  "are in the log.")                                                                       \
	X(WORKER_FILTERED, 105, ERR, "worker killed for a system call it may not use",             \
	  "A bug or an attack: please report it.")                                                 \
	X(WORKER_AGAIN, 106, INFO, "worker started again", "After a pause that grows.")            \
	X(NO_USER, 107, WARN, "the worker stays root, without capabilities",                       \
	  "There is no user sidecar-agent, or no group may use Docker's socket.")                  \
	X(DOCKER_UP, 201, INFO, "connected to Docker", "Containers are watched.")                  \
	X(DOCKER_LOST, 202, WARN, "no connection to Docker",                                       \
	  "Docker does not run or DOCKER_HOST is wrong. Tunnels stay as they are.")                \
	X(DOCKER_FAILED, 203, WARN, "Docker did not answer as expected",                           \
	  "It will be asked again. If this stays, its version may be too old (24 is the oldest).") \
	X(LABEL_WRONG, 301, WARN, "not attached",                                                  \
	  "A label sidecar.* of the container has a value that is none: see LABELS.")              \
	X(LABEL_UNKNOWN, 302, WARN, "unknown label, ignored",                                      \
	  "The container has a label sidecar.* that does not exist.")                              \
	X(NETWORK_REFUSED, 303, WARN, "not attached",                                              \
	  "The container has no network namespace of its own (network host, none or that of "      \
	  "another container).")                                                                   \
	X(NAME_REFUSED, 304, WARN, "not attached",                                                 \
	  "The container's name is too long or has characters that no address can be kept for.")   \
	X(ATTACHED, 305, INFO, "attached", "The container has its addresses.")                     \
	X(ATTACHED_KNOWN, 306, WARN, "attached with its last known addresses",                     \
	  "The relay's API does not answer, or refuses for now; the tunnel is made as it was and " \
	  "will be confirmed.")                                                                    \
	X(NO_IPV4, 307, WARN, "IPv6 only",                                                         \
	  "The label asks for IPv4, and the account or the relay has none to give.")               \
	X(ATTACH_FAILED, 308, WARN, "not attached, will be tried again",                           \
	  "The tunnel could not be made in the container's namespace.")                            \
	X(STOPPED, 309, INFO, "stopped", "The container has ended; its peer is removed.")          \
	X(RENAMED, 310, INFO, "renamed", "The container has another name and the same addresses.") \
	X(DETACHED, 311, INFO, "detached", "The tunnel was taken out of a running container.")     \
	X(TABLE_FULL, 312, ERR, "table full, container left alone",                                \
	  "There are more containers than the agent has places for.")                              \
	X(NO_IPV6, 313, WARN, "IPv4 only",                                                         \
	  "This machine was started without IPv6; the container has its IPv4 address alone.")      \
	X(MTU_FOUND, 314, INFO, "MTU of the path found",                                           \
	  "The tunnel's packets may be as large as this without being cut or lost on their way.")  \
	X(MTU_SILENT, 315, WARN, "probes of the path are not answered",                            \
	  "The tunnel works, and packets of 1280 bytes do not come through it: the path carries "  \
	  "less and loses fragments.")                                                             \
	X(RELAY_UNREACHABLE, 401, WARN, "relay not reached, will be tried again",                  \
	  "No connection, no answer, or a key that is not pinned: check SIDECAR_JOIN, the "        \
	  "network "                                                                               \
	  "and the relay. Tunnels stay as they are.")                                              \
	X(RELAY_REACHED, 402, INFO, "relay reached again", "After code 401.")                      \
	X(RELAY_REFUSED, 403, ERR, "the relay refused, will be tried again",                       \
	  "The token is not valid, or the account may not have what was asked for.")               \
	X(RELAY_MISSING, 404, WARN, "the relay does not know this peer, adding it again",          \
	  "It lost the peer or somebody removed it.")                                              \
	X(PEER_DELETED, 405, INFO, "peer removed from the relay", "Of a container that has gone.") \
	X(NO_HANDSHAKE, 406, WARN, "no WireGuard handshake with the relay, adding the peer again", \
	  "UDP to the relay may be blocked, or this machine's clock went back.")                   \
	X(MANY_GONE, 407, WARN,                                                                    \
	  "most known containers are not there: their peers are kept so long",                     \
	  "This may be the wrong Docker. After this time the peers are removed.")                  \
	X(MACHINE_ENROLLED, 408, INFO, "this host is enrolled",                                    \
	  "From now on the relay lets nobody but this installation change its containers.")        \
	X(MACHINE_REFUSED, 409, ERR, "the relay does not take this host for the enrolled one",     \
	  "The state folder was copied from another host, two of three marks of the hardware "     \
	  "changed at once, or machine.key was lost: the relay's operator can release the "        \
	  "machine (relayctl machine release).")                                                   \
	X(PINS_CHANGED, 410, INFO, "the relay has other keys",                                     \
	  "It announced them through the connection that the former keys hold for. Nothing is to " \
	  "be done.")                                                                              \
	X(RELAY_LATER, 411, WARN, "the relay refused for now, will be tried again",                \
	  "It was reached, and is full, busy or in trouble of its own; its code says which. "      \
	  "Nothing is to be done here, and a tunnel that is there stays. If it goes on, the "      \
	  "relay's operator finds the reason with relayctl status and in relayd's log.")           \
	X(PSK_FAILED, 501, WARN, "key exchange failed, will be tried again",                       \
	  "The relay refused the exchange of a pre-shared key. The last key stays.")               \
	X(PSK_CLOSED, 502, ERR, "no key exchange succeeded, tunnel closed",                        \
	  "As SIDECAR_PSK_STRICT wants it. The next exchange that succeeds opens it again.")       \
	X(ROTATED, 503, INFO, "WireGuard key rotated",                                             \
	  "The container has the same addresses and a new key; nothing was interrupted.")          \
	X(ROTATE_FAILED, 504, WARN, "WireGuard key not rotated, the old one stays",                \
	  "A step failed or took too long. Everything was put back as it was.")                    \
	X(PSK_OLD, 505, WARN, "no key exchange succeeded",                                         \
	  "For five periods, ten minutes by default. Traffic goes on with the last key: does the " \
	  "relay's API answer (401, 501)?")                                                        \
	X(STATE_FAILED, 901, ERR, "state not saved",                                               \
	  "The state folder cannot be written: is the disk full?")                                 \
	X(HELPER_FAILED, 902, ERR, "helper",                                                       \
	  "The privileged process could not do its part: SIDECAR_LOG=text says which.")

enum event {
#define X(name, code, level, words, explanation) EVENT_##name,
	EVENT_LIST(X)
#undef X
		EVENT_MAX,
};

/* Before the first event. text: words instead of codes. */
void event_init(bool text);
/* container, id: the container's name and id, or NULL. fmt: the detail, "" for none. Never a key or
 * a token. */
void event_log(enum event event, const char *container, const char *id, const char *fmt, ...)
	PRINTF(4, 5);

/* What a code means, for a person; NULL: there is no such code. */
struct event_info {
	unsigned int code;
	const char *level, *words, *explanation;
};
const struct event_info *event_find(unsigned int code);
const struct event_info *event_at(enum event event);

#endif
