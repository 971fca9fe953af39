/* SPDX-License-Identifier: GPL-2.0-only */
#include "db_peer.h"

#include "db_stmt.h"

#define SELECT                                                                                     \
	"SELECT d.slot, d.generation, d.account, d.machine, d.name, d.v6, d.v4, a.name, a.tier, "  \
	"t.revoked_at IS NULL AND p.stopped = 0, p.public_key, p.token, p.container, "             \
	"p.container_id, p.bandwidth, "                                                            \
	"p.ipv4, p.wg, p.endpoint, p.last_handshake, p.created_at, p.stopped, p.ipv4_stopped, "    \
	"coalesce(t.revoked_at, p.stopped_at), p.mtu FROM peer p "                                 \
	"JOIN address d ON d.slot = p.slot JOIN account a ON a.id = d.account "                    \
	"JOIN token t ON t.id = p.token "

static void read_row(sqlite3_stmt *stmt, struct db_peer *peer)
{
	char endpoint[ENDPOINT_TEXT_LEN];
	int i = 0;

	*peer = (struct db_peer){};
	peer->address.slot = (uint32_t)sqlite3_column_int64(stmt, i++);
	peer->address.generation = (uint32_t)sqlite3_column_int64(stmt, i++);
	peer->address.account = sqlite3_column_int64(stmt, i++);
	db_col_text(stmt, i++, peer->address.machine, sizeof(peer->address.machine));
	db_col_text(stmt, i++, peer->address.name, sizeof(peer->address.name));
	db_col_blob(stmt, i++, &peer->address.v6, sizeof(peer->address.v6));
	db_col_blob(stmt, i++, &peer->address.v4, sizeof(peer->address.v4));
	db_col_text(stmt, i++, peer->account, sizeof(peer->account));
	db_col_text(stmt, i++, peer->tier, sizeof(peer->tier));
	peer->live = sqlite3_column_int(stmt, i++);
	db_col_blob(stmt, i++, peer->public_key, sizeof(peer->public_key));
	peer->token = sqlite3_column_int64(stmt, i++);
	db_col_text(stmt, i++, peer->container, sizeof(peer->container));
	db_col_text(stmt, i++, peer->container_id, sizeof(peer->container_id));
	peer->bandwidth_mbps = (uint32_t)sqlite3_column_int64(stmt, i++);
	peer->ipv4 = sqlite3_column_int(stmt, i++);
	peer->wg = (uint32_t)sqlite3_column_int64(stmt, i++);
	db_col_text(stmt, i++, endpoint, sizeof(endpoint));
	/* "" or what is no endpoint leaves it at "none". */
	parse_endpoint(endpoint, &peer->endpoint);
	peer->last_handshake = sqlite3_column_int64(stmt, i++);
	peer->created_at = sqlite3_column_int64(stmt, i++);
	peer->stopped = (enum db_peer_stop)sqlite3_column_int(stmt, i++);
	peer->ipv4_stopped = sqlite3_column_int(stmt, i++);
	peer->stopped_at = sqlite3_column_int64(stmt, i++);
	peer->mtu = (uint32_t)sqlite3_column_int64(stmt, i++);
}

static int read_one(struct db *db, sqlite3_stmt *stmt, struct db_peer *ret, struct err *err)
{
	int r = db_step(db, stmt, err);

	if (r < 0)
		return r;
	if (!r)
		return err_set(err, -ENOENT, "no such peer");
	read_row(stmt, ret);
	return 0;
}

int db_peer_get(struct db *db, uint32_t slot, struct db_peer *ret, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err, SELECT "WHERE p.slot = ?", "i", (int64_t)slot);
	return r ? r : read_one(db, stmt, ret, err);
}

int db_peer_find_key(struct db *db, const uint8_t key[static KEY_LEN], struct db_peer *ret,
		     struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err, SELECT "WHERE p.public_key = ?", "b", key, KEY_LEN);
	return r ? r : read_one(db, stmt, ret, err);
}

static const char *text_or_null(const char *text)
{
	return text[0] ? text : NULL;
}

int db_peer_put(struct db *db, const struct db_peer *peer, struct err *err)
{
	char endpoint[ENDPOINT_TEXT_LEN];
	int r;

	r = db_run(db, NULL, err,
		   "INSERT INTO peer (slot, public_key, token, container, container_id, bandwidth, "
		   "ipv4, wg, endpoint, last_handshake, created_at, stopped, ipv4_stopped, "
		   "stopped_at, mtu) "
		   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?) "
		   "ON CONFLICT (slot) DO UPDATE SET public_key = excluded.public_key, "
		   "token = excluded.token, container = excluded.container, "
		   "container_id = excluded.container_id, bandwidth = excluded.bandwidth, "
		   "ipv4 = excluded.ipv4, wg = excluded.wg, endpoint = excluded.endpoint, "
		   "last_handshake = excluded.last_handshake, created_at = excluded.created_at, "
		   "stopped = excluded.stopped, ipv4_stopped = excluded.ipv4_stopped, "
		   "stopped_at = excluded.stopped_at, mtu = excluded.mtu",
		   "ibittiiitiiiiii", (int64_t)peer->address.slot, peer->public_key, KEY_LEN,
		   peer->token, text_or_null(peer->container), text_or_null(peer->container_id),
		   (int64_t)peer->bandwidth_mbps, (int64_t)peer->ipv4, (int64_t)peer->wg,
		   endpoint_text(endpoint, &peer->endpoint), peer->last_handshake, peer->created_at,
		   (int64_t)peer->stopped, (int64_t)peer->ipv4_stopped,
		   peer->stopped ? peer->stopped_at : 0, (int64_t)peer->mtu);
	return r ? r : db_address_set_held(db, peer->address.slot, 0, err);
}

int db_peer_del(struct db *db, uint32_t slot, struct err *err)
{
	int changes, r;

	r = db_run(db, &changes, err, "DELETE FROM peer WHERE slot = ?", "i", (int64_t)slot);
	if (r)
		return r;
	if (!changes)
		return err_set(err, -ENOENT, "no such peer");
	return db_address_set_held(db, slot, db_now(), err);
}

int db_peer_seen(struct db *db, uint32_t slot, uint32_t generation, int64_t last_handshake,
		 const struct endpoint *endpoint, struct err *err)
{
	char text[ENDPOINT_TEXT_LEN];

	return db_run(db, NULL, err,
		      "UPDATE peer SET last_handshake = max(last_handshake, ?1), endpoint = "
		      "CASE ?2 WHEN '' THEN endpoint ELSE ?2 END WHERE slot = ?3 AND EXISTS "
		      "(SELECT 1 FROM address WHERE slot = ?3 AND generation = ?4)",
		      "itii", last_handshake, endpoint_text(text, endpoint), (int64_t)slot,
		      (int64_t)generation);
}

int db_peer_count(struct db *db, int64_t account, int64_t token, uint32_t except,
		  uint32_t *ret_peers, uint32_t *ret_ipv4, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT count(*), coalesce(sum(p.ipv4 AND NOT p.ipv4_stopped), 0) "
		     "FROM token t JOIN peer p ON p.token = t.id "
		     "WHERE t.revoked_at IS NULL AND p.stopped = 0 AND "
		     "(?1 = 0 OR t.account = ?1) AND (?2 = 0 OR t.id = ?2) AND p.slot <> ?3",
		     "iii", account, token, (int64_t)except);
	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	*ret_peers = (uint32_t)sqlite3_column_int64(stmt, 0);
	*ret_ipv4 = (uint32_t)sqlite3_column_int64(stmt, 1);
	return 0;
}

int db_peer_count_state(struct db *db, int64_t since, uint32_t *ret_up, uint32_t *ret_stopped,
			struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     "SELECT count(*) FILTER (WHERE p.stopped = 0 AND p.last_handshake > ?), "
		     "count(*) FILTER (WHERE p.stopped <> 0) FROM token t "
		     "JOIN peer p ON p.token = t.id WHERE t.revoked_at IS NULL",
		     "i", since);
	if (!r)
		r = db_step(db, stmt, err);
	if (r < 0)
		return r;
	*ret_up = (uint32_t)sqlite3_column_int64(stmt, 0);
	*ret_stopped = (uint32_t)sqlite3_column_int64(stmt, 1);
	return 0;
}

int db_peer_set_stopped(struct db *db, uint32_t slot, enum db_peer_stop stopped, bool ipv4_stopped,
			struct err *err)
{
	/* The first reason's time counts: it says how long the addresses are held. */
	return db_run(db, NULL, err,
		      "UPDATE peer SET stopped = ?1, ipv4_stopped = ?2, stopped_at = "
		      "CASE ?1 WHEN 0 THEN NULL ELSE coalesce(stopped_at, ?3) END WHERE slot = ?4",
		      "iiii", (int64_t)stopped, (int64_t)ipv4_stopped, db_now(), (int64_t)slot);
}

static int each(struct db *db, sqlite3_stmt *stmt, db_peer_cb *cb, void *ctx, struct err *err)
{
	int r = 0;

	while (!r && (r = db_step(db, stmt, err)) > 0) {
		struct db_peer peer;

		read_row(stmt, &peer);
		r = cb(&peer, ctx);
	}
	return r;
}

int db_peer_list_stopped(struct db *db, int64_t since, uint32_t limit, db_peer_cb *cb, void *ctx,
			 struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     SELECT "WHERE coalesce(t.revoked_at, p.stopped_at) < ?1 "
			    "ORDER BY p.slot LIMIT ?2",
		     "ii", since, (int64_t)limit);
	return r ? r : each(db, stmt, cb, ctx, err);
}

int db_peer_list(struct db *db, enum db_peer_set set, int64_t account, int64_t token, uint32_t from,
		 uint32_t limit, db_peer_cb *cb, void *ctx, struct err *err)
{
	AUTO_STMT sqlite3_stmt *stmt = NULL;
	int r;

	r = db_query(db, &stmt, err,
		     SELECT "WHERE p.slot >= ?1 AND (?2 = 0 OR t.revoked_at IS NULL) "
			    "AND (?2 <> 1 OR p.stopped = 0) "
			    "AND (?3 = 0 OR d.account = ?3) AND (?4 = 0 OR p.token = ?4) "
			    "ORDER BY CASE ?2 WHEN 2 THEN p.stopped <> 0 END, "
			    "CASE ?2 WHEN 2 THEN p.created_at END, p.slot LIMIT ?5",
		     "iiiii", (int64_t)from, (int64_t)set, account, token, (int64_t)limit);
	return r ? r : each(db, stmt, cb, ctx, err);
}
