#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Traffic by month: each byte once, whatever is killed, restarted, removed or booted meanwhile. The
# kernel that is only remembered counts 100 bytes a packet.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up 'tiers: {all: {peers: 20, ipv4: 20, ipv6: 20}}
quarantine_s: 0
'
DB=$T/state/api/relay.db
alice=$(new_token alice all)
bob=$(new_token bob all)
month=$(date -u +%Y-%m)
add() { # add TOKEN N NAME
	call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $1" --data-binary "{\"pubkey\":\"$(key "$2")\",\"container\":\"$3\"}"
}
del() { # del TOKEN N
	call DELETE /v1/peers "${JSON[@]}" -H "Authorization: Bearer $1" --data-binary "{\"pubkey\":\"$(key "$2")\"}"
}
slot_of() { peers | awk -v k="$(key "$1")" '$3 == k { print $1 }'; }
usage() { # usage [MEMBERS]: "MONTH ACCOUNT UP DOWN [NAME]" of each row, packets
	ctl POST /ctl/v1/usage "{${1-}}" | jq -r '.[] | "\(.month) \(.account) \(.up_packets) \(.down_packets)\(if has("slot") then " " + (.name // "-") else "" end)"'
}
stored() { sqlite3 "$DB" "SELECT ifnull(sum(up_packets), 0) FROM usage"; }

add "$alice" 1 web
add "$alice" 2 db
add "$bob" 3 game
web=$(slot_of 1) db=$(slot_of 2) game=$(slot_of 3)
is "nothing yet" "$(usage)" ""
say "stats $web 10 20" >/dev/null
say "stats $db 1 2" >/dev/null
say "stats $game 5 6" >/dev/null
is "each account's sum" "$(usage)" "$month alice 11 22
$month bob 5 6"
is "asked again: the same" "$(usage)" "$month alice 11 22
$month bob 5 6"
is "bytes are bytes" "$(ctl POST /ctl/v1/usage '{"account":"bob"}' | jq -c '.[] | [.up_bytes, .down_bytes]')" "[500,600]"
is "peer by peer" "$(usage '"peers":true' | sort)" "$month alice 1 2 db
$month alice 10 20 web
$month bob 5 6 game"
is "with WireGuard's view" "$(ctl POST /ctl/v1/usage '{"peers":true}' | jq -r '.[] | "\(.slot % 2) \(.wireguard)"' | sort -u | grep -c -e '0 agrees' -e '1 differs')" \
	"$(printf '%s\n' $((web % 2)) $((db % 2)) $((game % 2)) | sort -u | wc -l)"
row "200" "the account sees its own" GET /v1/status "$alice" -
is "of this month" "$(json '.usage | "\(.month) \(.up_bytes) \(.down_bytes)"')" "$month 1100 2200"

# --- the api role dies: the kernel's counters go on ---
say kill >/dev/null
say "stats $web 110 120" >/dev/null
say start >/dev/null
is "kill -9: what was counted meanwhile is added once" "$(usage)" "$month alice 111 122
$month bob 5 6"
say "stats $web 1110 120" >/dev/null
say stop >/dev/null
is "at the end what is new is stored" "$(stored)" 1116
say start >/dev/null
is "and not again" "$(usage '"account":"alice"')" "$month alice 1111 122"

# --- boot: counters begin at zero ---
say stop >/dev/null
say reboot >/dev/null
say "stats $web 2000 3" >/dev/null
say start >/dev/null
is "after a boot they are added whole, even where they are higher already" "$(usage '"account":"alice"')" "$month alice 3111 125"

# --- a peer goes ---
say "stats $game 7 8" >/dev/null
before=$(stored)
del "$bob" 3
is "its last packets are stored with its removal" "$(($(stored) - before))" 7
is "its own usage is there while its address is held" "$(usage '"account":"bob","peers":true')" "$month bob 12 14 game"
add "$bob" 4 game
is "its container comes back: the same row" "$(usage '"account":"bob","peers":true')" "$month bob 12 14 game"
del "$bob" 4
# All slots are taken but one that is held: it goes to alice.
sqlite3 "$DB" "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1023) INSERT INTO address (slot, generation, account, machine, name, v6) SELECT i, 1, 1, 'full', 'x' || i, randomblob(16) FROM n WHERE i NOT IN (SELECT slot FROM address)"
add "$alice" 5 next
is "another customer's container has its slot" "$status $(slot_of 5)" "201 $game"
is "the account's sum stays, without the peer" "$(usage '"account":"bob","peers":true')" "$month bob 12 14 -"
is "of which the next owner has nothing" "$(usage '"account":"alice","peers":true' | grep -c next)" 0
say "stats $game 3 3" >/dev/null
is "but what it sends itself" "$(usage '"account":"alice","peers":true' | grep next)" "$month alice 3 3 next"

# --- months ---
sqlite3 "$DB" "UPDATE usage SET month = month - 1"
say "stats $game 4 4" >/dev/null
is "what is new is this month's" "$(usage)" "$month alice 1 1"
is "all months, the newest first" "$(usage '"month":"all"' | awk '{ print $2, $3 }')" "alice 1
alice 3114
bob 12"
last=$(date -u -d "$month-01 - 1 day" +%Y-%m)
is "one of them" "$(usage "\"month\":\"$last\",\"account\":\"bob\"")" "$last bob 12 14"
sqlite3 "$DB" "UPDATE usage SET month = month - 24"
say stop >/dev/null
say start >/dev/null
usage >/dev/null
is "months beyond usage_months are gone" "$(sqlite3 "$DB" "SELECT count(*) FROM usage WHERE month < (SELECT max(month) FROM usage) - 23")" 0

# --- relayctl, metrics, refusals ---
rc() { "$BUILD/relayctl" --socket "$T/run/relayctl.sock" "$@"; }
say "stats $game 5 5" >/dev/null
like "relayctl usage" "$(rc usage)" "^$month +alice +100 B +100 B +1 +1$"
like "relayctl usage --peers" "$(rc usage --peers)" "^$month +alice +$game +next +100 B +100 B +(agrees|differs)$"
is "relayctl usage --month" "$(rc usage --month 2001-01 --json)" "[]"
like "peer show has WireGuard's view" "$(rc peer show next)" "^WireGuard's count +agrees$"
code=0
err=$(rc usage --month soon 2>&1) || code=$?
is "a month that is none: exit code 2" "$code" 2
like "is named" "$err" '^relayctl: month: '
is "an account that is not there" "$(ctl POST /ctl/v1/usage '{"account":"zoe"}' | jq -r .code)" account_not_found
is "an unknown member" "$(ctl POST /ctl/v1/usage '{"acount":"bob"}' | jq -r .code)" invalid_request
like "metrics: bytes of all" "$(ctl GET /ctl/v1/metrics)" '^sidecar_traffic_bytes_total\{direction="down"\} [0-9]+$'
like "metrics: peers that differ" "$(ctl GET /ctl/v1/metrics)" '^sidecar_tally_differs 1$'
say "refuse 1" >/dev/null
is "the net role refuses: no half an answer" "$(ctl POST /ctl/v1/usage '{}' | jq -r .code)" relay_refused
point "the next time it is there" test -n "$(usage)"
finish
