#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# relayctl against the true api role: every command, its text and JSON forms, its exit codes.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up

rc() { # rc ARGS...: sets $out (standard output), $err (standard error) and $code
	code=0
	out=$("$BUILD/relayctl" --socket "$T/run/relayctl.sock" "$@" 2>"$T/stderr") || code=$?
	err=$(cat "$T/stderr")
}
first_word() { awk 'NR > 1 { print $1 }' <<<"$out"; }

# --- tokens and accounts ---
rc token add --account alice --tier pulse+ipv4 --name ci --max-peers 7
like "token add prints the token alone" "$out" '^sct_live_[0-9A-Za-z]{36}$'
is "token add says nothing else" "$code:$err" 0:
alice=$out
rc token add --account bob --json
bob=$(jq -r .token <<<"$out")
is "token add --json has account, default tier and scopes" \
	"$(jq -r '"\(.account) \(.tier) \(.scopes)"' <<<"$out")" "bob free peers:read peers:add"
rc token add --tier free
is "token add without an account: exit code 2" "$code" 2
rc token add --account bob --tier nosuch
is "a tier that is not configured: exit code 2" "$code" 2
like "and it is named" "$err" '^relayctl: tier: .*"nosuch"'
rc token add --account bob --tier pulse
is "another tier for an account that is there: exit code 1" "$code" 1
like "and the way is shown" "$err" 'set-tier'
rc token list
is "token list has a line for each" "$(first_word | tr '\n' ' ')" "1 2 "
like "with its limits" "$out" '^1 +alice +ci +peers:read peers:add +7 +- '
rc account set-tier bob pulse
is "account set-tier" "$code:$out" 0:changed
rc account list --json
is "account list --json has the new tier" "$(jq -r '.[] | select(.name == "bob") | .tier' <<<"$out")" pulse
rc account set-tier nobody pulse
is "an account that is not there: exit code 1" "$code" 1

# --- join ---
rc join
like "join prints the join string" "$out" '^sidecar://203\.0\.113\.2:8443/\?pin=[^&]+&pin=[^&]+$'
rc join --host relay.example
like "join --host has that host" "$out" '^sidecar://relay\.example:8443/'
rc join --host 'a b'
is "join with a host that is none: exit code 2" "$code" 2

# --- peers ---
row 201 "a peer of alice" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 1)\",\"ipv4\":true,\"container\":\"web\"}"
row 201 "a peer of bob" POST /v1/peers "$bob" "{\"pubkey\":\"$(key 2)\",\"container\":\"db\"}"
rc peer show web --json
web=$out
v6=$(jq -r .ipv6 <<<"$web")
v4=$(jq -r .ipv4 <<<"$web")
slot=$(jq -r .slot <<<"$web")
like "peer show has both addresses" "$v6 $v4" '^2001:db8:5:5:[0-9a-f:]+ 203\.0\.113\.[0-9]+$'
is "and the VRF's name" "$(jq -r .vrf <<<"$web")" "sc-$slot"
is "and null for a handshake that never was" "$(jq -c .last_handshake <<<"$web")" null
for id in "$v6" "$v4" "$slot" "$(key 1)"; do
	rc peer show "$id" --json
	is "peer show $id finds the same" "$(jq -r .pubkey <<<"$out")" "$(key 1)"
done
say "stats $slot 11 22" >/dev/null
rc peer show web
like "peer show has what the kernel counted" "$out" '^packets to it +22$'
like "in both directions" "$out" '^bytes from it +1\.1 KiB$'
rc peer show nosuch
is "a peer that is not there: exit code 1" "$code:$err" "1:relayctl: no such peer"
row 201 "a container named like alice's address" POST /v1/peers "$bob" "{\"pubkey\":\"$(key 3)\",\"container\":\"$v4\"}"
rc peer show "$v4"
is "it does not pass for hers" "$code" 1
like "and the reason is said" "$err" '2 peers'
rc peer list
is "peer list has a line for each" "$(first_word | wc -l)" 3
rc peer remove "$(key 3)"
is "peer remove" "$code:$out" 0:removed
is "the kernel has it no more" "$(peers | grep -c "$(key 3)")" 0
rc peer remove "$(key 3)"
is "a second time: exit code 1" "$code" 1
say "mute on" >/dev/null
rc peer remove web
is "a net role that is silent: exit code 1, not success" "$code" 1
say "mute off" >/dev/null
# The answer that never came is a broken protocol: the supervisor would start the role anew.
restart

# --- status, drops ---
rc status
like "status says how many peers" "$out" '^peers +2$'
like "and what they take of the kernel's memory" "$out" '^kernel memory +12\.0 MiB$'
like "and how XDP is attached" "$out" '^XDP +generic$'
rc status --json
is "status --json too" "$(jq -r .peers <<<"$out")" 2
rc drops --json
is "drops --json: reasons by name" "$(jq -r .no_slot <<<"$out")" 2
rc drops
like "drops explains the reason" "$out" '^2 +no_slot +to an address of a pool'

# --- monitor ---
rc monitor --count 3
like "monitor shows a TCP packet with its ports" "$out" \
	'^[0-9:.]{12} no_slot +slot - +proto 6 +\[2001:db8::9\]:4321 > \[2001:db8::2\]:443 length 72$'
like "monitor shows a packet without ports" "$out" \
	'^[0-9:.]{12} firewall +slot 3 +proto 1 +198\.18\.0\.1 > 198\.51\.100\.66 length 28$'
rc monitor --json --count 4
is "monitor --json: an object a line, as many as asked for" "$(jq -r .reason <<<"$out" | tr '\n' ' ')" \
	"no_slot firewall malformed no_slot "
is "monitor --json: no address of what is no IP" "$(jq -c '[.source, .slot]' <<<"$out" | sed -n 3p)" "[null,null]"

# --- revoke ---
rc token revoke 2
is "token revoke" "$code:$out" 0:revoked
gone() { [ "$(peers | grep -c "$(key 2)")" = 0 ]; }
point "bob's peer is out of the kernel at once" wait_until 5 gone
row "401 invalid_token" "the token is refused" GET /v1/peers "$bob" -
rc token revoke 99
is "a token that is not there: exit code 1" "$code" 1
rc token revoke two
is "a token by name: exit code 2" "$code" 2

# --- exit codes ---
rc
is "no command: exit code 2" "$code" 2
rc nosuch
is "an unknown command: exit code 2" "$code" 2
rc --help
is "--help: exit code 0" "$code" 0
like "--version" "$("$BUILD/relayctl" --version)" '^relayctl [0-9a-f.]'
say stop >/dev/null
rm -f "$T/run/relayctl.sock"
rc status
is "no relayd: exit code 4" "$code" 4
like "and how to look for it" "$err" 'systemctl status relayd'
rc reload
is "reload without relayd: exit code 4" "$code" 4
finish
