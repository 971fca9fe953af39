#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Three slots for more containers of two customers: whose slot goes to whom, and when.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
CONF=${CONF/slots: 1024/slots: 3}
TIERS='tiers:
  all: {peers: 20, ipv4: 20, ipv6: 20}
  one: {peers: 1, ipv4: 1, ipv6: 1}
'
relay_up "$TIERS"
alice=$(new_token alice all)
bob=$(new_token bob all)
add() { # add TOKEN N NAME [IPV4]
	call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $1" --data-binary "{\"pubkey\":\"$(key "$2")\",\"container\":\"$3\",\"ipv4\":${4:-false}}"
}
del() { # del TOKEN N
	call DELETE /v1/peers "${JSON[@]}" -H "Authorization: Bearer $1" --data-binary "{\"pubkey\":\"$(key "$2")\"}"
}
of() { peers | awk -v k="$(key "$1")" -v f="$2" '$3 == k { print $f }'; } # of N FIELD
age() { sqlite3 "$T/state/api/relay.db" "UPDATE address SET held_since = held_since - $1 WHERE held_since IS NOT NULL"; }

# --- a full relay: held slots are in quarantine, then the longest held one goes on ---
for i in 1 2 3; do add "$alice" $i "a$i"; done
is "three slots, three peers" "$(peers | wc -l)" 3
add "$bob" 4 b4
is "every slot has a peer" "$status $(json .code)" "503 relay_full"
slot=$(of 1 1)
v6=$(of 1 4)
del "$alice" 1
add "$bob" 4 b4
is "the slot of a moment ago is not given to another customer" "$status $(json .code)" "503 relay_full"
like "who is told why" "$(json .detail)" 'quarantine'
add "$alice" 5 a5
is "nor to another container" "$status $(json .code)" "503 relay_full"
add "$alice" 1 a1
is "its container has it again at once, on the same address" "$status $(of 1 1) $(of 1 4) $(of 1 2)" "201 $slot $v6 1"
del "$alice" 1
age 590
add "$bob" 4 b4
is "not after some minutes" "$status $(json .code)" "503 relay_full"
age 20
add "$bob" 4 b4
is "after ten minutes it is" "$status $(of 4 1)" "201 $slot"
is "as another generation" "$(of 4 2)" 2
point "on another address" test "$(of 4 4)" != "$v6"

# --- the longest held first ---
del "$alice" 2
age 5
del "$alice" 3
longest=$(sqlite3 "$T/state/api/relay.db" "SELECT slot FROM address WHERE name = 'a2'")
age 700
add "$bob" 6 b6
is "of two the one that was held for longest" "$(of 6 1)" "$longest"

# --- quarantine_s ---
del "$bob" 6
restart "$TIERS
quarantine_s: 0
"
add "$bob" 7 b7
add "$bob" 8 b8
is "quarantine_s: 0 gives it at once" "$status $(peers | wc -l)" "201 3"

# --- an account's own rows are bounded: 16 a peer of its tier; the IPv4 address goes along ---
sqlite3 "$T/state/api/relay.db" 'PRAGMA foreign_keys = OFF; DELETE FROM peer; DELETE FROM address'
CONF=${CONF/slots: 3/slots: 1024}
restart "$TIERS"
carol=$(new_token carol one)
dave=$(new_token dave all)
for i in $(seq 20 35); do
	add "$carol" "$i" "c$i" "$([ "$i" = 20 ] && echo true || echo false)"
	[ "$i" = 20 ] && v4=$(of 20 5)
	del "$carol" "$i"
	age 2
done
add "$carol" 36 c36
is "one more takes its own longest held slot, in quarantine or not" "$status $(of 36 2)" "201 2"
add "$dave" 40 d40 true
point "whose IPv4 address goes to no other customer meanwhile" test "$(of 40 5)" != "$v4"
is "but stays with it" "$(sqlite3 "$T/state/api/relay.db" "SELECT hex(v4) FROM address WHERE name = 'c36'")" \
	"$(printf '%02X' ${v4//./ })"
finish
