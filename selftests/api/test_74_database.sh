#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A database that was lost, emptied or mistaken for another takes no live peer with it.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
db=$T/state/api/relay.db
alice=$(new_token alice pulse "peers:read peers:add")
add() { call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" -d "{\"pubkey\":\"$(key "$1")\",\"container\":\"c$1\"}"; }
start_says() { # start_says NAME REGEX: no start, and the log says this
	local mark
	mark=$(wc -l <"$T/log")
	is "$1: no start" "$(say start)" no
	like "$1: says what to do" "$(tail -n +"$((mark + 1))" "$T/log")" "$2"
	is "$1: the kernel's peers stay" "$(peers | wc -l)" 3
}
for i in 1 2 3; do add $i; done
point "the relay knows whose peers the kernel has" test -s "$T/run/database"

say stop >/dev/null
mkdir "$T/kept"
mv "$db"* "$T/kept/"
start_says "a lost database" 'another database, without 3 of the live peers: nothing is removed\. .* or remove .*/run/database'
rm "$db"*
: >"$db"
start_says "an emptied one" 'without 3 of the live peers'
rm "$db"*
cp "$T/kept"/* "$T/state/api/"
is "with its own again it starts" "$(say start)" ok
is "and takes nothing away" "$(peers | wc -l)" 3

say stop >/dev/null
sqlite3 "$db" "DELETE FROM peer WHERE container = 'c3'"
is "its own may take a peer away" "$(say start)" ok
is "and does" "$(peers | wc -l)" 2

say stop >/dev/null
rm "$db"*
rm "$T/run/database"
is "an operator who means it has his way" "$(say start)" ok
is "with no peers" "$(peers | wc -l)" 0
alice=$(new_token alice pulse "peers:read peers:add")
add 1
is "and it serves" "$status" 201
finish
