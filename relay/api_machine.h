/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Agents bound to their hosts (lib/machine.h). POST /v1/machines enrols a key under the agent's
 * machine name, and later begins a session of it: for this TLS connection only, remembered in the
 * connection itself. From the enrolment on, peers with this machine name are changed in a session
 * of that key and not otherwise. A peer without "machine", or with a name that nobody has
 * enrolled, is bound to nothing.
 */
#ifndef RELAY_API_MACHINE_H
#define RELAY_API_MACHINE_H

#include "api_route.h"
#include "db_machine.h"

/* Machines an account may have: this many per peer of its tier. Full: the one that was away for
 * longest and has no peers goes, else "machine_quota". */
#define API_MACHINE_PER_PEER 4

/* May this request change peers of the machine ("" = none)? If not it was refused. */
bool api_machine_may(struct api_req *req, const char *machine);
/* The machine whose session this connection has; false: none, or it was released. */
bool api_machine_session(struct api_req *req, struct db_machine *ret);
/* Of the account: what factors are hashed with. */
int api_machine_salt(const struct api *api, const struct db_account *account,
		     uint8_t ret_salt[static KEY_LEN]);

#endif
