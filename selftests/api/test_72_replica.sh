#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# state.mode: tmpfs with the real Litestream: what a reboot, a missing or broken replica, a backup and
# a change of the mode end in.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
. selftests/api/replica.sh
use_tmpfs "$T/replica"
relay_up
alice=$(new_token alice pulse "peers:read peers:add")
add() { call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" -d "{\"pubkey\":\"$(key "$1")\",\"container\":\"c$1\"}"; }
names() { call GET /v1/peers -H "Authorization: Bearer $alice"; json 'map(.container) | sort | join(" ")'; }
up() { ctl GET /ctl/v1/metrics | awk '$1 == "sidecar_replica_up" { print $2 }'; }
said() { tail -n +"$((mark + 1))" "$T/log"; }
# start_says NAME REGEX: the relay does not start, and says this
start_says() {
	mark=$(wc -l <"$T/log")
	is "$1: no start" "$(say start)" no
	like "$1: says why" "$(said)" "$2"
	is "$1: no empty database is made" "$(ls "$T/run/state/relay.db" 2>/dev/null)" ""
}

is "the database is on the tmpfs" "$(cd "$T" && echo run/state/relay.db state/api/relay.db*)" "run/state/relay.db state/api/relay.db*"
is "keys stay on disk" "$(ls "$T/state/api/token.key")" "$T/state/api/token.key"
is "for nobody else" "$(find "$T/run/state" "$T/state/replica" "$T/replica" -perm /077 -not -path "$T/replica/*" | head -1)" ""
pid=$(pgrep -f "litestream replicate -config $T/")
is "Litestream has no rights and gets none" "$(awk '/^(CapEff|CapBnd|NoNewPrivs)/ { printf "%s%s ", $1, $2 }' "/proc/$pid/status")" \
	"CapEff:0000000000000000 CapBnd:0000000000000000 NoNewPrivs:1 "
add 1
point "the replica gets what was acknowledged" wait_until 20 replica_has 1
is "the metrics say that Litestream lives" "$(up)" 1

# --- Litestream dies: the relay serves on ---
say "replica kill" >/dev/null
add 2
is "without Litestream the relay serves on" "$status" 201
is "the metrics say that it is dead" "$(up)" 0
is "Litestream starts again" "$(say "replica start")" ok
is "and the metrics say so" "$(up)" 1
point "what it had missed reaches the replica" wait_until 20 replica_has 2

# --- a reboot in order loses nothing ---
add 3
say stop >/dev/null
is "Litestream ends when it is told to" "$(say "replica stop")" 0
power_cut
is "after a reboot the database is restored" "$(say start)" ok
is "with all of its peers" "$(names)" "c1 c2 c3"
is "which the kernel gets" "$(peers | wc -l)" 3

# --- no start without the database ---
say power >/dev/null
power_cut
mv "$T/replica" "$T/away"
start_says "a replica that is not mounted" 'state\.replica: .*/replica is not there, but this relay had one'
mkdir "$T/replica"
start_says "an empty folder in its place" '/replica holds no database, but this relay had one'
rmdir "$T/replica"
mv "$T/away" "$T/replica"
chmod 0 "$T/replica"
start_says "a replica that cannot be read" 'state\.replica: .*/replica, as user .*: Permission denied'
chmod 700 "$T/replica"
cp -a "$T/replica" "$T/whole"
find "$T/replica" -name '*.snapshot.lz4' -exec truncate -s 50 {} +
start_says "a broken replica" 'restoring the database from .*/replica: cannot restore snapshot: unexpected EOF'
rm -r "$T/replica"
mv "$T/whole" "$T/replica"
sed -i 's,litestream: .*/litestream,&-missing,' "$T/relay.yaml"
start_says "no Litestream" 'litestream-missing: No such file or directory'
sed -i 's,-missing,,' "$T/relay.yaml"
is "the kernel keeps its peers meanwhile" "$(peers | wc -l)" 3
is "with the replica back it starts" "$(say start)" ok
is "with all of its peers, once more" "$(names)" "c1 c2 c3"

# --- backup and restore ---
rc() { "$BUILD/relayctl" --socket "$T/run/relayctl.sock" "$@" 2>&1; }
is "relayctl backup" "$(rc backup "$T/backup")" "done"
add 4
say stop >/dev/null
say "replica stop" >/dev/null
like "relayctl restore does not go over a database that is in a replica" "$(rc restore --state "$T/state" "$T/backup")" '--force'
is "but by force" "$(rc restore --state "$T/state" --force "$T/backup")" "done: start relayd now"
is "the restored database is taken" "$(say start)" ok
is "with the peers of the backup" "$(names)" "c1 c2 c3"
say power >/dev/null
power_cut
is "and the replica had it before anybody was served" "$(say start; names)" "ok
c1 c2 c3"

# --- another mode ---
say stop >/dev/null
say "replica stop" >/dev/null
printf '%s' "$DISK_CONF" >"$T/relay.yaml"
mark=$(wc -l <"$T/log")
is "disk, with the database in a replica: no start" "$(say start)" no
like "and says why" "$(said)" 'state.mode is disk now, and the database is in a replica'
is "a backup brings it back to disk" "$(rc restore --state "$T/state" --force "$T/backup" && say start)" "done: start relayd now
ok"
add 5
is "where it is written to" "$(names)" "c1 c2 c3 c5"
say kill >/dev/null
# Litestream's first transfer takes a moment: it fails when it is told to end in the midst of it.
sqlite3 "$T/state/api/relay.db" 'CREATE TABLE ballast AS SELECT randomblob(30000000) AS it'
printf '%s' "$CONF" >"$T/relay.yaml"
mark=$(wc -l <"$T/log")
is "back to tmpfs after a kill, with a database of 30 MB" "$(say start)" ok
is "Litestream is let finish its first transfer" "$(said | grep -oE 'wal segment written|signal received' | head -1)" "wal segment written"
is "with what was acknowledged on disk" "$(names)" "c1 c2 c3 c5"
is "which is on disk no longer" "$(find "$T/state" -name '*.db*')" ""

# --- the newest generation is damaged: what a power cut in its first moment leaves ---
# Litestream tells generations' ages in whole seconds.
another_second() { [ "$(date +%s)" != "$1" ]; }
damaged_generation() {
	local before pid
	"$LITESTREAM" restore -o "$T/bad.db" "file://$T/replica" 2>/dev/null
	printf 'PRAGMA wal_checkpoint(TRUNCATE);' | sqlite3 "$T/bad.db" >/dev/null
	dd if=/dev/zero of="$T/bad.db" bs=4096 seek=1 count=4 conv=notrunc 2>/dev/null
	printf 'dbs:\n  - path: "%s"\n    replicas:\n      - path: "%s"\n' "$T/bad.db" "$T/replica" >"$T/bad.yml"
	before=$(find "$T/replica" -name '*.snapshot.lz4' | wc -l)
	more() { [ "$(find "$T/replica" -name '*.snapshot.lz4' | wc -l)" -gt "$before" ]; }
	"$LITESTREAM" replicate -config "$T/bad.yml" >/dev/null 2>&1 &
	pid=$!
	wait_until 20 more
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}
wait_until 3 another_second "$(date +%s)"
add 6
point "the replica has all" wait_until 20 replica_has 6
say power >/dev/null
power_cut
wait_until 3 another_second "$(date +%s)"
damaged_generation
mark=$(wc -l <"$T/log")
is "a damaged newest generation: it starts" "$(say start)" ok
like "and says which one it took" "$(said)" 'restored from generation [0-9a-f]{16} of'
is "with all that the one before had" "$(names)" "c1 c2 c3 c5 c6"
finish
