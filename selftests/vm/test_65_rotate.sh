#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A tunnel's WireGuard key rotates through the relay's pair wg0/wg1 without a packet lost; whatever
# fails on the way, the container stays on the internet and nothing is left behind.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

ROTATIONS=4
RATE=50    # packets a second each way
PERCENT=50 # of it: a machine that has little time for the emulation sends fewer
AIMED=0    # points of the failures that are aimed at a state and take a minute each
if [ -n "${LONG-}" ]; then
	ROTATIONS=50
	RATE=200
	PERCENT=90
	AIMED=16
fi
KILLS=(0.2 0.8 1.6 3)
plan $((24 + AIMED + 6 * ${#KILLS[@]}))
unblock() { on relay nft delete table inet rotblock 2>/dev/null || true; }
api_opened() { on edge nft delete table inet rotblock 2>/dev/null || true; }
# What the API says to the agent takes 4 s.
slow() {
	in_ns cgnat sh -c 'tc qdisc add dev a0 root handle 1: prio bands 4 && tc qdisc add dev a0 parent 1:4 netem delay 4s &&
		tc filter add dev a0 parent 1: protocol ip u32 match ip sport 8443 0xffff flowid 1:4'
}
# What the queue has is lost.
fast() { in_ns cgnat tc qdisc del dev a0 root 2>/dev/null || true; }
cleanup() {
	unblock
	api_opened
	fast
	container_gone a turn
	on relay systemctl start relayd
	on edge systemctl start sidecar
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
cleanup
wait_until 60 on relay relayctl status
container_run a turn --label sidecar.ipv4=true
wait_until 60 has_peer turn
v6=$(peer_field turn ipv6)
v4=$(peer_field turn ipv4)
check "the container is reached" reachable "$v6" 30
pid=$(docker_on a inspect -f '{{.State.Pid}}' turn)

rotate() { on edge sidecar-agent --rotate turn; }
# A rotation, or why not. While the agent tells the relay something else of the container, such as the
# MTU it has just found, it says so and is asked again.
rotate_free() { said=$(rotate 2>&1) || ! grep -q 'another request about it is under way' <<<"$said"; }
in_box() { on edge nsenter -t "$pid" -n "$@"; }
agent_key() { on edge sidecar-agent --status | jq -r '.containers[] | select(.container == "turn") | .pubkey'; }
relay_peers() { on relay wg show all allowed-ips | grep -F "$v6/128" | awk '{print $1, $2}'; }
# One tunnel, one key, the same at both ends and in the database; nothing half done anywhere.
clean() {
	local key
	key=$(agent_key)
	[ -n "$key" ] && [ "$(relay_peers | wc -l)" = 1 ] && [ "$(relay_peers | cut -d' ' -f2)" = "$key" ] &&
		[ "$(peer_field turn pubkey)" = "$key" ] &&
		[ "$(in_box wg show all public-key | cut -f2)" = "$key" ] &&
		[ -z "$(on edge sh -c 'ip -o link show type wireguard')" ] &&
		! on edge grep -q next_private_key /var/lib/sidecar-agent/state.json
}
same() { [ "$(peer_field turn ipv6) $(peer_field turn ipv4)" = "$v6 $v4" ] && answers "$v6" && answers "$v4"; }
wait_until 30 clean
check "at the start there is one key" clean
# But for the routes' MTU: what the last probe found, at any moment (test_25_mtu).
routes() {
	in_box sh -c 'ip -6 route show table 5820; ip route show table 5820; ip rule; ip -6 rule' |
		sed -E 's/ mtu (lock )?[0-9]+//'
}
routes0=$(routes)

# --- rotations under traffic ---
stream_start six "$pid" "$v6" $RATE
stream_start four "$pid" "$v4" 20
: >"$TMP/keys"
refused=0
for _ in $(seq $ROTATIONS); do
	agent_key >>"$TMP/keys"
	wait_until 20 rotate_free || true
	grep -q 'new key' <<<"$said" || refused=$((refused + 1))
	echo "$said" >>"$TMP/said"
done
agent_key >>"$TMP/keys"
stream_end six
stream_end four
is "$ROTATIONS rotations: none was refused" "$refused $(grep -v 'new key' "$TMP/said" || true)" "0 "
is "each gave another key" "$(sort -u "$TMP/keys" | wc -l)" $((ROTATIONS + 1))
stream_whole "$ROTATIONS rotations" six $PERCENT
stream_whole "$ROTATIONS rotations, IPv4" four $PERCENT
check "the addresses are the same" same
check "the former keys are gone everywhere" wait_until 20 clean
is "routes and rules in the container are as before" \
	"$(routes)" "$routes0"

# --- a step that fails ---
# undone NAME KEY [SECONDS]: the key before stays, and nothing else.
undone() {
	check "$1: the container is reached" same
	check "$1: nothing is left behind" wait_until "${3:-30}" clean
	is "$1: the old key stays" "$(agent_key)" "$2"
}
key=$(agent_key)
in_box ip link add sidecar1 type dummy
like "no place for a second tunnel: it says so" "$(rotate 2>&1 || true)" 'sidecar1'
in_box ip link del sidecar1
undone "no place for a second tunnel" "$key"

port=51820
[ "$(relay_peers | cut -d' ' -f1)" = wg1 ] || port=51821
on relay nft "add table inet rotblock; add chain inet rotblock in { type filter hook prerouting priority -300; }; add rule inet rotblock in udp dport $port drop"
like "no handshake with the new key: it says so" "$(rotate 2>&1 || true)" 'no handshake'
unblock
undone "no handshake" "$key"

# --- the API is away in the middle: the agent gives up after 30 s and three tries to take it back ---
BLOCK='add table inet rotblock;
	add chain inet rotblock out { type filter hook output priority 0; };
	add rule inet rotblock out tcp dport 8443 drop;
	add chain inet rotblock in { type filter hook input priority 0; };
	add rule inet rotblock in tcp sport 8443 drop'
rotation_is() {
	[ "$(on edge sidecar-agent --status | jq -r '.containers[] | select(.container == "turn") | .rotation')" = "$1" ]
}
settled() {
	on edge sidecar-agent --status |
		jq -e '.relay_reached and (.containers[] | select(.container == "turn") | .attached and .rotation == "idle")'
}
two_keys() { [ "$(relay_peers | wc -l)" = 2 ]; }
if [ -n "${LONG-}" ]; then
	wait_until 60 settled
	# One command: an agent that has heard already that the relay is away begins nothing.
	said=$(on edge sh -c 'nft "$1" && sidecar-agent --rotate turn' sh "$BLOCK" 2>&1 || true)
	like "the API is away before it is asked: it says so" "$said" 'asking: '
	api_opened
	undone "the API is away before it is asked" "$key"

	wait_until 90 settled
	slow
	rotate >"$TMP/said" 2>&1 &
	running=$!
	check "answers that take 4 s: the relay has two keys" wait_until 40 two_keys
	check "answers that take 4 s: the next key gets its pre-shared key" wait_until 20 rotation_is keying
	on edge nft "$BLOCK"
	wait $running || true
	fast
	api_opened
	like "the API is away while the next key gets its own: it says so" "$(cat "$TMP/said")" 'keying: '
	# The relay forgets the other key 60 s after it was asked for.
	undone "the API is away while the next key gets its own" "$key" 90
	wait_until 90 settled
fi

# --- relayd is killed after it has turned over, before the agent hears of it ---
slow
stream_start six "$pid" "$v6" $RATE
rotate >"$TMP/said" 2>&1 &
running=$!
turned() { [ "$(peer_field turn pubkey)" != "$key" ]; }
check "answers that take 4 s: the relay turns over" wait_until 40 turned
on relay systemctl kill -s KILL relayd
wait_until 60 on relay relayctl status
wait $running || true
stream_end six
# Not before the end.
fast
like "relayd killed before its answer: the rotation is whole" "$(cat "$TMP/said")" 'new key'
stream_whole "relayd killed before its answer" six $PERCENT
check "relayd killed before its answer: one key is left" wait_until 40 clean

# --- the second tunnel goes when the relay has turned over: the new key leads, whatever it costs ---
if [ -n "${LONG-}" ]; then
	wait_until 90 settled
	key=$(agent_key)
	slow
	rotate >"$TMP/said" 2>&1 &
	running=$!
	check "answers that take 4 s: the relay turns over again" wait_until 60 turned
	check "the second tunnel deleted before the switch: it was there" in_box ip link del sidecar1
	wait $running || true
	fast
	like "the second tunnel deleted before the switch: the rotation is whole" "$(cat "$TMP/said")" 'new key'
	isnt "the second tunnel deleted before the switch: the new key leads" "$(agent_key)" "$key"
	check "the second tunnel deleted before the switch: the container is reached" wait_until 30 same
	check "the second tunnel deleted before the switch: one key is left" wait_until 40 clean
fi

# --- who dies in the middle: afterwards there is one key, the old one or the new one ---
for at in "${KILLS[@]}"; do
	rotate >/dev/null 2>&1 &
	running=$!
	sleep "$at"
	on relay systemctl kill -s KILL relayd
	wait $running || true
	wait_until 60 on relay relayctl status
	check "relayd killed after $at s: the container is reached" wait_until 30 same
	check "relayd killed after $at s: one key is left" wait_until 40 clean
	rotate >/dev/null 2>&1 &
	running=$!
	sleep "$at"
	on edge systemctl kill -s KILL sidecar
	wait $running || true
	wait_until 60 on edge sidecar-agent --status
	check "agent killed after $at s: the container is reached" wait_until 30 same
	check "agent killed after $at s: one key is left" wait_until 40 clean
	rotate >/dev/null 2>&1 &
	running=$!
	sleep "$at"
	on relay systemctl restart relayd
	wait $running || true
	wait_until 60 on relay relayctl status
	check "relayd restarted after $at s: the container is reached" wait_until 30 same
	check "relayd restarted after $at s: one key is left" wait_until 40 clean
done
