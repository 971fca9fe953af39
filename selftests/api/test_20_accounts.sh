#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What is paid for against what runs: peers stop and come back on their addresses, nobody else's do.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
TIERS='tiers:
  small: {peers: 1, ipv4: 0, ipv6: 10, rate_kbps: 1000, scan_per_s: 7}
  large: {peers: 5, ipv4: 2, ipv6: 10, rate_kbps: 9000, guarantee_mbps: 10, smtp: true, scan_per_s: 70}
'
relay_up "$TIERS"
alice=$(new_token alice large "peers:read peers:add admin")
bob=$(new_token bob large)
live() { # live N...: the keys that the kernel has, by number
	peers | while read -r _ _ k _; do echo "$k" | base64 -d | sed 's/^0*//'; echo; done | sort -n | tr '\n' ' ' | sed 's/ $//'
}
same() { [ "$(live)" = "$1" ]; }
# The API answers when the database has it; the kernel follows within a turn of the loop.
lives() { # lives NAME WANTED
	wait_until 5 same "$2" || true
	is "$1" "$(live)" "$2"
}
add() { # add TOKEN N [MEMBERS]
	call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $1" --data-binary "{\"pubkey\":\"$(key "$2")\"${3-}}"
}
set_account() { ctl POST /ctl/v1/accounts "{\"account\":\"$1\",$2}" >"$T/body"; }

for i in 1 2 3; do
	add "$alice" $i ",\"container\":\"c$i\",\"ipv4\":$([ $i = 3 ] && echo false || echo true),\"firewall\":\"allow tcp 80; deny\""
done
add "$bob" 9
# Registered in the same second: make their order certain.
sqlite3 "$T/state/api/relay.db" "UPDATE peer SET created_at = created_at - 10 + substr(container, 2) WHERE container IS NOT NULL"
v6=$(ctl GET /ctl/v1/peers | jq -r '.[] | select(.container == "c2") | .ipv6')
lives "all run" "1 2 3 9"
is "at the tier's rate" "$(peers | awk '{ print $6 }' | sort -u)" 9000

policy() { # policy N: SMTP SCAN_PER_S RULES and their text, as the kernel has them
	peers | grep -F " $(key "$1") " | cut -d' ' -f8-
}
is "with the tier's port 25 and scan ceiling, and their own rules" "$(policy 1)" "1 70 2 allow in tcp 80; deny in"

set_account alice '"tier":"small"'
lives "a smaller tier: the oldest stays, the others stop at once" "1 9"
is "its IPv4 address is not in the kernel, its rate is the new one" "$(peers | awk -v k="$(key 1)" '$3 == k { print $5, $6 }')" "0.0.0.0 1000"
is "port 25 is closed, the scan ceiling the new one, the rules stay" "$(policy 1)" "0 7 2 allow in tcp 80; deny in"
row "200" "the account sees what runs" GET /v1/status "$alice" -
is "one of one" "$(json '"\(.tier) \(.peers.used)/\(.peers.max) \(.ipv4.used)/\(.ipv4.max)"')" "small 1/1 0/0"
row "200" "a stopped container is found" GET /v1/peers/by-container/c2 "$alice" -
is "and says why it is not up" "$(json '"\(.up) \(.stopped)"')" "false quota"
add "$alice" 2 ',"container":"c2"'
is "it cannot come back" "$status $(json .code)" "403 peer_quota"
call DELETE /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" --data-binary "{\"pubkey\":\"$(key 1)\"}"
lives "one is deleted: the next takes its place" "2 9"

set_account alice '"tier":"large"'
lives "the larger tier again: they run" "2 3 9"
is "as open as it is" "$(policy 2)" "1 70 2 allow in tcp 80; deny in"
is "on the same address" "$(peers | awk -v k="$(key 2)" '$3 == k { print $4 }')" "$v6"
like "with the IPv4 address that was held" "$(peers | awk -v k="$(key 2)" '$3 == k { print $5 }')" '^203\.0\.113\.'

set_account alice '"billing_period_end":"2020-01-01"'
lives "the billing period is over: all of the account stop" 9
row "200" "the account can still ask" GET /v1/status "$alice" -
is "and is told" "$(json '"\(.state) \(.billing_period_end) \(.peers.used)"')" "expired 2020-01-01T00:00:00Z 0"
add "$alice" 4
is "nothing new" "$status $(json .code)" "403 billing_expired"
row "200" "a container says why" GET /v1/peers/by-container/c2 "$alice" -
is "billing" "$(json .stopped)" billing
set_account alice '"billing_period_end":"2999-01-01T00:00:00Z"'
lives "paid: all run again" "2 3 9"
is "on the same address" "$(peers | awk -v k="$(key 2)" '$3 == k { print $4 }')" "$v6"

# A restart changes nothing of this; the end of the period is noticed without being told.
set_account alice '"tier":"small"'
say kill >/dev/null
say start >/dev/null
lives "kill -9 and start: the same run" "2 9"
is "with the same policy" "$(policy 2)" "0 7 2 allow in tcp 80; deny in"
set_account alice '"tier":"large"'
soon=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
set_account alice "\"billing_period_end\":\"$soon\""
lives "the period ends soon: they run" "2 3 9"
restart "$TIERS"
alone() { [ "$(live)" = 9 ]; }
point "it ends: they stop" wait_until 40 alone

# hold_days 0: the rows go, the address with them to who needs it.
restart "$TIERS
billing: {hold_days: 0}
"
released() { [ "$(ctl GET /ctl/v1/audit | jq 'map(select(.action == "peer.release")) | length')" -ge 2 ]; }
point "held for hold_days, then given back" wait_until 40 released
lives "the other account never noticed" 9

# --- revocation goes down the tree ---
set_account alice '"billing_period_end":null'
row "201" "a token" POST /v1/admin/tokens "$alice" '{"name":"child"}'
child=$(json .token)
child_id=$(json .id)
add "$child" 11
add "$alice" 12
lives "both run" "9 11 12"
row "200" "the token is revoked" DELETE /v1/admin/tokens "$alice" "{\"id\":\"$child_id\"}"
lives "its peer stops at once, others do not" "9 12"
row "401 invalid_token" "it cannot ask any more" GET /v1/status "$child" -

for body in '{}' '{"account":"alice"}' '{"account":"alice","tier":"none"}' '{"account":"alice","billing_period_end":"soon"}' '{"account":"alice","billing_period_end":"2026-02-30"}' '{"account":"alice","billing_period_end":1}'; do
	is "relayctl: $body is refused" "$(ctl POST /ctl/v1/accounts "$body" | jq -r .code)" invalid_request
done
is "relayctl: an account that is not there" "$(ctl POST /ctl/v1/accounts '{"account":"zoe","tier":"small"}' | jq -r .code)" account_not_found
is "the audit log has it all" "$(ctl GET /ctl/v1/audit | jq -r 'map(.action) | unique | join(" ")')" \
	"account.billing account.tier peer.add peer.delete peer.release peer.start peer.stop token.create token.revoke"
finish
