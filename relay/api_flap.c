/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_flap.h"

#include "../lib/log.h"
#include "api_audit.h"
#include "api_clone.h"
#include "api_metrics.h"
#include "db_machine.h"
#include "db_peer.h"

struct places {
	char a[ENDPOINT_TEXT_LEN], b[ENDPOINT_TEXT_LEN];
};

/* The host that the peer belongs to has been copied, if it is an enrolled one. */
static int store(struct api *api, const struct db_peer *peer, const struct places *places,
		 struct err *err)
{
	const struct db_address *address = &peer->address;
	struct db_machine m;
	int r = -ENOENT;

	if (address->machine[0])
		r = db_machine_find(api->db, address->account, address->machine, &m, err);
	if (!r)
		r = db_machine_cloned(api->db, m.id, err);
	if (r && r != -ENOENT)
		return r;
	return api_audit(api, NULL, address->account, err, "peer.clone",
			 "slot %u: packets of its key come from %s and %s in turn", address->slot,
			 places->a, places->b);
}

static int report(struct api *api, const struct msg *msg, const struct places *places,
		  struct err *err)
{
	struct db_peer peer;
	int r = db_peer_get(api->db, msg->seen.slot, &peer, err);

	if (r)
		return r;
	if (peer.address.generation != msg->seen.generation)
		return 0;
	log_warn("slot %u is at work twice: was its key copied?", msg->seen.slot);
	api_metrics_clone(api->metrics);
	r = db_begin(api->db, err);
	if (r)
		return r;
	r = store(api, &peer, places, err);
	if (!r)
		return db_commit(api->db, err);
	db_rollback(api->db);
	return r;
}

void api_flap_seen(struct api *api, const struct msg *msg)
{
	struct endpoint other;
	struct places places;
	struct err err;
	int r;

	if (!api_clone_moved(api->clones, msg->seen.slot, msg->seen.generation, &msg->seen.endpoint,
			     mono_now(), &other))
		return;
	endpoint_text(places.a, &other);
	endpoint_text(places.b, &msg->seen.endpoint);
	r = report(api, msg, &places, &err);
	if (r && r != -ENOENT)
		log_err("slot %u: %s", msg->seen.slot, err.text);
}
