-- SPDX-License-Identifier: GPL-2.0-only
-- Schema 1 as it was released, with rows. It never changes: selftests/unit/test_db_schema.c.
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE account (	id INTEGER PRIMARY KEY AUTOINCREMENT,	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),	tier TEXT NOT NULL CHECK (length(tier) BETWEEN 1 AND 63),	created_at INTEGER NOT NULL) STRICT;
INSERT INTO account VALUES(1,'alice','pulse',100);
CREATE TABLE token (	id INTEGER PRIMARY KEY AUTOINCREMENT,	account INTEGER NOT NULL REFERENCES account (id),	hmac BLOB NOT NULL UNIQUE CHECK (length(hmac) = 32),	name TEXT NOT NULL CHECK (length(name) < 64),	scopes INTEGER NOT NULL,	max_peers INTEGER,	max_ipv4 INTEGER,	created_at INTEGER NOT NULL,	revoked_at INTEGER) STRICT;
INSERT INTO token VALUES(1,1,X'0000000000000000000000000000000000000000000000000000000000000000','t',3,5,NULL,100,NULL);
INSERT INTO token VALUES(2,1,X'0202020202020202020202020202020202020202020202020202020202020202','gone',3,NULL,NULL,100,200);
CREATE TABLE address (	slot INTEGER PRIMARY KEY,	generation INTEGER NOT NULL,	account INTEGER NOT NULL REFERENCES account (id),	machine TEXT NOT NULL CHECK (length(machine) < 65),	name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),	v6 BLOB NOT NULL UNIQUE CHECK (length(v6) = 16),	v4 BLOB UNIQUE CHECK (length(v4) = 4),	held_since INTEGER,	UNIQUE (account, machine, name)) STRICT;
INSERT INTO address VALUES(7,2,1,'m','web',X'20010db8000500050000000000000007',X'cb007187',NULL);
INSERT INTO address VALUES(9,1,1,'','old',X'20010db8000500050000000000000009',NULL,300);
CREATE TABLE peer (	slot INTEGER PRIMARY KEY REFERENCES address (slot),	public_key BLOB NOT NULL UNIQUE CHECK (length(public_key) = 32),	token INTEGER NOT NULL REFERENCES token (id),	container TEXT CHECK (length(container) BETWEEN 1 AND 128),	container_id TEXT CHECK (length(container_id) = 64),	bandwidth INTEGER NOT NULL,	ipv4 INTEGER NOT NULL,	wg INTEGER NOT NULL,	endpoint TEXT NOT NULL CHECK (length(endpoint) < 56),	last_handshake INTEGER NOT NULL,	created_at INTEGER NOT NULL) STRICT;
INSERT INTO peer VALUES(7,X'0707070707070707070707070707070707070707070707070707070707070707',1,'web',NULL,10,1,1,'192.0.2.1:5',400,350);
CREATE TABLE pool6 (	prefix TEXT PRIMARY KEY,	slot_bits INTEGER NOT NULL) STRICT;
INSERT INTO pool6 VALUES('2001:db8:5:5::/64',20);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('account',1);
INSERT INTO sqlite_sequence VALUES('token',2);
CREATE INDEX token_account ON token (account);
CREATE INDEX address_held ON address (held_since) WHERE held_since IS NOT NULL;
CREATE INDEX peer_token ON peer (token);
COMMIT;
