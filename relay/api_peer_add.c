/* SPDX-License-Identifier: GPL-2.0-only */
#include "api_peer.h"

#include <string.h>
#include "../lib/log.h"
#include "db_audit.h"

/* One registration inside its transaction. */
struct adding {
	struct api *api;
	const struct db_account *account;
	const struct db_token *token;
	const struct conf_tier *tier;
	const struct api_peer_ask *ask;
	struct api_peer_change *change;
	struct db_address address; /* slot DB_PEER_NO_SLOT: none yet */
	struct alloc_id id;
	bool busy; /* the slot is taken */
	enum api_error error;
	struct err *err;
};

static int refuse(struct adding *a, enum api_error error, const char *text)
{
	a->error = error;
	return err_set(a->err, -EPERM, "%s", text);
}

static int read_before(struct adding *a, uint32_t slot)
{
	int r = db_peer_get(a->api->db, slot, &a->change->before, a->err);

	a->change->had = !r;
	return r == -ENOENT ? 0 : r;
}

/* The container has another name or machine now: its row goes along. */
static int follow(struct adding *a)
{
	const struct api_peer_ask *ask = a->ask;
	const char *machine = ask->has_machine ? ask->machine : a->address.machine;
	const char *name = ask->has_container ? ask->container : a->address.name;
	uint32_t slot = a->address.slot;
	int r;

	if (!strcmp(machine, a->address.machine) && !strcmp(name, a->address.name))
		return 0;
	r = db_address_rename(a->api->db, slot, machine, name, a->err);
	return r ? r : db_address_get(a->api->db, slot, &a->address, a->err);
}

static void make_id(struct adding *a)
{
	char key[KEY_TEXT_LEN];

	snprintf(a->id.account, sizeof(a->id.account), "%s", a->account->name);
	snprintf(a->id.machine, sizeof(a->id.machine), "%s", a->ask->machine);
	snprintf(a->id.name, sizeof(a->id.name), "%s",
		 a->ask->has_container ? a->ask->container : b64_key_text(key, a->ask->public_key));
}

static int find_row(struct adding *a)
{
	struct db *db = a->api->db;
	struct db_peer peer;
	int r;

	a->address.slot = DB_PEER_NO_SLOT;
	make_id(a);
	r = db_peer_find_key(db, a->ask->public_key, &peer, a->err);
	if (r && r != -ENOENT)
		return r;
	if (!r && peer.address.account != a->account->id)
		return refuse(a, API_ERROR_KEY_IN_USE, "another account has a peer with this key");
	if (!r) {
		r = db_address_get(db, peer.address.slot, &a->address, a->err);
	} else {
		r = db_address_find(db, a->account->id, a->id.machine, a->id.name, &a->address,
				    a->err);
		if (r == -ENOENT) {
			a->address.slot = DB_PEER_NO_SLOT;
			return 0;
		}
	}
	return r ? r : read_before(a, a->address.slot);
}

static int check_quota(struct adding *a)
{
	const struct conf_tier *tier = a->tier;
	bool had = a->change->had && a->change->before.live;
	bool had4 = had && a->change->before.ipv4 && !a->change->before.ipv4_stopped;
	uint32_t peers, ipv4, token_peers, token_ipv4;
	uint32_t mbps = a->ask->bandwidth_mbps;
	int r;

	if (db_account_expired(a->account, db_now()))
		return refuse(a, API_ERROR_BILLING_EXPIRED,
			      "the account's billing period has ended");

	r = db_peer_count(a->api->db, a->account->id, 0, a->address.slot, &peers, &ipv4, a->err);
	if (!r)
		r = db_peer_count(a->api->db, 0, a->token->id, a->address.slot, &token_peers,
				  &token_ipv4, a->err);
	if (r)
		return r;
	/* A peer that is live stays within what it was granted. */
	if (!had && (peers >= tier->max_peers || (tier->max_ipv6 && peers >= tier->max_ipv6)))
		return refuse(a, API_ERROR_PEER_QUOTA,
			      "the account has as many peers as its tier "
			      "allows");
	if (!had && token_peers >= a->token->max_peers)
		return refuse(a, API_ERROR_PEER_QUOTA, "the token has as many peers as it allows");
	if (a->ask->ipv4 && !had4 && ipv4 >= tier->max_ipv4)
		return refuse(a, API_ERROR_IPV4_QUOTA,
			      tier->max_ipv4 ? "the account has as many IPv4 addresses as its tier "
					       "allows"
					     : "the account's tier has no IPv4 address");
	if (a->ask->ipv4 && !had4 && token_ipv4 >= a->token->max_ipv4)
		return refuse(a, API_ERROR_IPV4_QUOTA,
			      "the token has as many IPv4 addresses as it allows");
	if (mbps > tier->guarantee_mbps)
		return refuse(a, API_ERROR_BANDWIDTH_TIER,
			      "the account's tier has no guarantee as large as this");
	if (tier->rate_kbps && mbps * 1000 > tier->rate_kbps)
		return refuse(a, API_ERROR_BANDWIDTH_TIER,
			      "the guarantee is above the rate of the account's tier");
	return 0;
}

static int slot_taken(uint32_t slot, void *ctx)
{
	return db_address_slot_taken(((struct adding *)ctx)->api->db, slot);
}

/* The net role refuses it. Its gateway may be another one than when the address was given. */
static bool is_router(const struct adding *a, struct addr4 v4)
{
	return !addr4_is_zero(v4) && addr4_eq(v4, a->api->relay.router4);
}

static int v4_taken(struct addr4 v4, void *ctx)
{
	const struct adding *a = ctx;

	return is_router(a, v4) ? 1 : db_address_v4_taken(a->api->db, v4);
}

/* A container that restarts is away for less, and what was on its way to it has arrived by then. */
static bool in_quarantine(const struct adding *a, const struct db_address *held)
{
	return held->held_since > db_now() - a->api->conf.quarantine_s;
}

/*
 * The longest held row makes room; its slot goes on with the next generation. account 0: anybody's,
 * once its quarantine is over. An account's own goes at once, with its IPv4 address: nobody else
 * gets that meanwhile.
 */
static int reclaim_row(struct adding *a, int64_t account)
{
	struct db_address old;
	int r;

	r = db_address_oldest_held(a->api->db, account, false, &old, a->err);
	if (r == -ENOENT)
		return refuse(a, API_ERROR_RELAY_FULL, "every slot of this relay has a peer");
	if (!r && !account && in_quarantine(a, &old))
		return refuse(a, API_ERROR_RELAY_FULL,
			      "every slot of this relay has a peer or is in quarantine");
	if (!r)
		r = db_address_del(a->api->db, old.slot, a->err);
	if (r)
		return r;
	a->address.slot = old.slot;
	a->address.generation = old.generation + 1;
	if (in_quarantine(a, &old))
		a->address.v4 = old.v4;
	return 0;
}

static int choose_slot(struct adding *a)
{
	uint32_t rows, held;
	int r;

	r = db_address_count(a->api->db, &rows, a->err);
	if (!r)
		r = db_address_count_held(a->api->db, a->account->id, &held, a->err);
	if (r)
		return r;
	if (held && held >= a->tier->max_peers * API_PEER_HELD_PER_PEER)
		return reclaim_row(a, a->account->id);
	if (rows >= a->api->conf.slots)
		return reclaim_row(a, 0);
	a->address.generation = 1;
	r = alloc_slot(a->api->address_key, &a->id, a->api->conf.slots, slot_taken, a,
		       &a->address.slot);
	return r ? err_sys(a->err, r, "choosing a slot") : 0;
}

static int make_row(struct adding *a)
{
	int r;

	r = choose_slot(a);
	if (r)
		return r;
	r = alloc_v6(a->api->address_key, &a->id, &a->api->conf, a->address.slot, &a->address.v6);
	if (r)
		return err_sys(a->err, r, "choosing an IPv6 address");
	a->address.account = a->account->id;
	snprintf(a->address.machine, sizeof(a->address.machine), "%s", a->id.machine);
	snprintf(a->address.name, sizeof(a->address.name), "%s", a->id.name);
	return db_address_add(a->api->db, &a->address, a->err);
}

/* The longest held IPv4 address changes its owner. */
static int reclaim_v4(struct adding *a)
{
	struct db_address old;
	struct addr4 v4;
	int r;

	do {
		r = db_address_oldest_held(a->api->db, 0, true, &old, a->err);
		if (r == -ENOENT || (!r && in_quarantine(a, &old)))
			return refuse(a, API_ERROR_IPV4_EXHAUSTED, "no IPv4 address is left");
		if (r)
			return r;
		v4 = old.v4;
		old.v4 = (struct addr4){};
		r = db_address_set(a->api->db, &old, a->err);
	} while (!r && is_router(a, v4));
	a->address.v4 = v4;
	return r;
}

static int give_v4(struct adding *a)
{
	int r;

	if (!a->ask->ipv4 || (!addr4_is_zero(a->address.v4) && !is_router(a, a->address.v4)))
		return 0;
	r = alloc_v4(a->api->address_key, &a->id, &a->api->conf, v4_taken, a, &a->address.v4);
	if (r == -ENOSPC)
		r = reclaim_v4(a);
	else if (r)
		err_sys(a->err, r, "choosing an IPv4 address");
	return r ? r : db_address_set(a->api->db, &a->address, a->err);
}

static int audit(struct adding *a, const char *action)
{
	struct db_audit entry = {.account = a->account->id, .token = a->token->id};
	char v6[ADDR_TEXT_LEN];

	snprintf(entry.action, sizeof(entry.action), "%s", action);
	snprintf(entry.detail, sizeof(entry.detail), "slot %u %s container %s", a->address.slot,
		 addr6_text(v6, &a->address.v6), a->ask->has_container ? a->ask->container : "-");
	return db_audit_add(a->api->db, &entry, a->err);
}

static int put_peer(struct adding *a)
{
	const struct api_peer_ask *ask = a->ask;
	const struct api_peer_change *change = a->change;
	struct db_peer now = {};
	int r;

	/* The same key goes on; another key starts anew on the same addresses. */
	if (change->had &&
	    !memcmp(change->before.public_key, ask->public_key, sizeof(ask->public_key)))
		now = change->before;
	else
		now.created_at = db_now();
	if (change->had)
		now.wg = change->before.wg;
	now.address = a->address;
	now.token = a->token->id;
	now.ipv4 = ask->ipv4;
	memcpy(now.public_key, ask->public_key, sizeof(now.public_key));
	if (ask->has_container)
		memcpy(now.container, ask->container, sizeof(now.container));
	if (ask->has_container_id)
		memcpy(now.container_id, ask->container_id, sizeof(now.container_id));
	now.bandwidth_mbps = ask->bandwidth_mbps;
	if (ask->mtu)
		now.mtu = ask->mtu;
	/* check_quota() found room for both. */
	now.stopped = DB_PEER_RUNS;
	now.ipv4_stopped = false;
	now.stopped_at = 0;
	r = db_firewall_get(a->api->db, a->address.slot, &a->change->firewall_before, a->err);
	if (!r)
		r = db_peer_put(a->api->db, &now, a->err);
	if (!r)
		r = db_firewall_set(a->api->db, a->address.slot, &ask->firewall, a->err);
	if (!r && (!change->had || memcmp(change->before.public_key, now.public_key, KEY_LEN)))
		r = audit(a, change->had ? "peer.key" : "peer.add");
	/* As every later reader will see it. */
	return r ? r : db_peer_get(a->api->db, a->address.slot, &a->change->now, a->err);
}

static int take_slot(struct adding *a)
{
	if (api_busy_take(a->api, a->address.slot))
		return refuse(a, API_ERROR_BUSY, "this peer is being changed already");
	a->busy = true;
	return 0;
}

static int run(struct adding *a)
{
	bool new_row;
	int r;

	r = find_row(a);
	if (r)
		return r;
	new_row = a->address.slot == DB_PEER_NO_SLOT;
	if (!new_row)
		r = take_slot(a);
	if (!r)
		r = check_quota(a);
	if (!r)
		r = new_row ? make_row(a) : follow(a);
	if (!r && new_row)
		r = take_slot(a);
	if (!r)
		r = give_v4(a);
	return r ? r : put_peer(a);
}

int api_peer_add(struct api *api, const struct db_account *account, const struct db_token *token,
		 const struct api_peer_ask *ask, struct api_peer_change *ret_change,
		 enum api_error *ret_error, struct err *err)
{
	static const struct conf_tier no_tier;
	const struct conf_tier *tier = conf_tier(&api->conf, account->tier);
	struct adding a = {
		.api = api,
		.account = account,
		.token = token,
		.tier = tier ? tier : &no_tier,
		.ask = ask,
		.change = ret_change,
		.error = API_ERROR_INTERNAL,
		.err = err,
	};
	int r;

	if (!tier)
		log_warn("account %s has tier %s, which relay.yaml does not have", account->name,
			 account->tier);
	*ret_change = (struct api_peer_change){};
	*ret_error = API_ERROR_INTERNAL;
	r = db_begin(api->db, err);
	if (r)
		return r;
	r = run(&a);
	if (r)
		db_rollback(api->db);
	else
		r = db_commit(api->db, err);
	if (r && a.busy)
		api_busy_put(api, a.address.slot);
	*ret_error = a.error;
	return r;
}

int api_peer_undo(struct api *api, const struct api_peer_change *change, struct err *err)
{
	struct db_audit entry = {.account = change->now.address.account,
				 .token = change->now.token,
				 .action = "peer.refused"};
	int r;

	snprintf(entry.detail, sizeof(entry.detail), "slot %u: the kernel refused it, taken back",
		 change->now.address.slot);

	r = db_begin(api->db, err);
	if (r)
		return r;
	if (change->had)
		r = db_peer_put(api->db, &change->before, err);
	else
		r = db_peer_del(api->db, change->now.address.slot, err);
	if (!r && change->had)
		r = db_firewall_set(api->db, change->now.address.slot, &change->firewall_before,
				    err);
	if (!r)
		r = db_audit_add(api->db, &entry, err);
	if (r) {
		db_rollback(api->db);
		return r;
	}
	return db_commit(api->db, err);
}
