#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Two IPv4 addresses for more containers: which one is given, which one is not, and when.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
CONF=${CONF/203.0.113.128\/26/203.0.113.128\/30}
relay_up 'tiers:
  all: {peers: 20, ipv4: 20, ipv6: 20}
'
alice=$(new_token alice all)
add() { # add N NAME
	call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" --data-binary "{\"pubkey\":\"$(key "$1")\",\"container\":\"$2\",\"ipv4\":true}"
}
del() { # del N
	call DELETE /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" --data-binary "{\"pubkey\":\"$(key "$1")\"}"
}
v4_of() { peers | awk -v k="$(key "$1")" '$3 == k { print $5 }'; }

# --- the uplink's gateway lies in the pool ---
say "router 203.0.113.129" >/dev/null
add 1 one
is "a container gets the address that is not the gateway's" "$status $(v4_of 1)" "201 203.0.113.130"
add 2 two
is "the gateway's address is given to nobody" "$status $(json .code)" "503 ipv4_exhausted"
say "router 203.0.113.130" >/dev/null
add 1 one
is "whose address becomes the gateway's gets another one" "$status $(v4_of 1)" "200 203.0.113.129"

# --- the pool is full: a container that restarts gets its address back ---
age() { sqlite3 "$T/state/api/relay.db" "UPDATE address SET held_since = held_since - $1 WHERE held_since IS NOT NULL"; }
say "router 0.0.0.0" >/dev/null
add 3 three
is "the second address" "$status $(v4_of 3)" "201 203.0.113.130"
del 1
add 4 four
is "an address that was given back a moment ago is not given away" "$status $(json .code)" "503 ipv4_exhausted"
age 590
add 4 four
is "nor after some minutes" "$status $(json .code)" "503 ipv4_exhausted"
add 1 one
is "its container has it again" "$status $(v4_of 1)" "201 203.0.113.129"
del 1
age 610
add 4 four
is "after ten minutes another container gets it" "$status $(v4_of 4)" "201 203.0.113.129"
finish
