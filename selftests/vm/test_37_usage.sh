#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What is counted of one container, against what was sent, what WireGuard counted, and what the
# database has, with relayd killed meanwhile:
#
#	internet host -- inet -- ext0 [relay: hooks count, wg counts] == wg == container "usage"
#
# The pools are auto: the IPv4 one lies in a subnet of ext0, for the IPv6 one the router has to ask.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan $((18 + ${LONG:+3} + 0))
given=$RELAY_CONF
name=usage$$ # one that no month has seen
cleanup() {
	container_gone a "$name"
	RELAY_CONF=$given relay_up
	on relay relayctl reload
}
at_exit cleanup

RELAY_CONF=${given//mode: onlink/mode: auto}
relay_up
on relay relayctl reload >/dev/null
agent_up a alice pulse+ipv4
container_run a "$name" --label sidecar.ipv4=true
wait_until 60 has_peer "$name"
v6=$(peer_field "$name" ipv6)
v4=$(peer_field "$name" ipv4)
check "the container is reached over IPv6" reachable "$v6" 60
check "and over IPv4" reachable "$v4" 30
serving() { docker_on a logs "$name" | grep -q serving; }
wait_until 60 serving

# ---- pools ----
pool() { on relay relayctl status --json | jq -r ".pools[$1] | \"\(.mode) \(.onlink) \(.because)\""; }
asked() { [ "$(pool 0)" = "auto true asked" ]; }
check "the IPv6 pool is on-link because the router asked" wait_until 70 asked
is "the IPv4 pool because of ext0's subnet" "$(pool 1)" "auto true address"
is "the address is in its multicast group" \
	"$(on relay ip neigh show proxy | grep -c "^$v6 dev ext0 ")" 1
on relay ip -d link show ext0 >"$TMP/link"
like "ext0 lets all groups in" "$(cat "$TMP/link")" 'ALLMULTI'

# ---- what was sent, what was counted ----
show() { on relay relayctl peer show "$name" --json; }
field() { jq -r ".$1" <<<"$now"; }
# Nothing moves any more: two looks see the same.
settled() {
	local a b
	a=$(show | jq -c '[.up_packets, .down_packets, .tally.rx_bytes]')
	on relay relayctl usage >/dev/null
	sleep 1
	b=$(show | jq -c '[.up_packets, .down_packets, .tally.rx_bytes]')
	[ "$a" = "$b" ]
}
look() {
	wait_until 30 settled || true
	on relay relayctl usage >/dev/null
	now=$(show)
}
look
N=200
# moved up|down: packets and bytes since $before, without what an agent that asks again for its path's
# MTU sends meanwhile, and its echo: whole packets of 1420 bytes.
moved() {
	local packets bytes asked
	packets=$(($(field "$1_packets") - $(jq ".$1_packets" <<<"$before")))
	bytes=$(($(field "$1_bytes") - $(jq ".$1_bytes" <<<"$before")))
	asked=$((packets - N))
	[ $asked = 0 ] || note "$asked echoes of the agent's fell in between"
	echo "$((packets - asked)) $((bytes - asked * 1420))"
}
for addr in "$v6" "$v4"; do
	head=$(($([ "$addr" = "$v6" ] && echo 40 || echo 20) + 8))
	before=$now
	out=$(probe udp "$addr" 7777 100 $N || true)
	look
	is "$N datagrams of 100 bytes to $addr and their echoes, none lost, each counted once both ways, with its headers" \
		"$(jq -r '.lost // -1' <<<"$out") $(moved down | tail -1) $(moved up | tail -1)" \
		"0 $N $((N * (100 + head))) $N $((N * (100 + head)))"
done

# ---- WireGuard's count ----
# Where nothing moves, nothing is on its way: the tolerance of relayd(8) is not needed. 4 KiB are for
# a handshake or keepalive between two looks.
agrees() { # agrees WHAT rx|tx
	local min have max
	min=$(field "tally.$2_min") have=$(field "tally.$2_bytes") max=$(field "tally.$2_max")
	note "$1: WireGuard $2 $have bytes in $(field tally.seconds) s, by our count $min to $max ($(awk -v h="$have" -v m="$min" -v x="$max" 'BEGIN { printf "%.2f %% wide", h ? 100 * (x - m) / h : 0 }'))"
	check "$1: WireGuard's $2 is within the bounds of our count" \
		test "$have" -ge $((min - 4096)) -a "$have" -le $((max + 4096))
}
bulk() {
	local addr
	for addr in "$v6" "$v4"; do
		probe --timeout 120 tcp "$addr" 7777 3000000 | jq -e .ok || return 1
	done
}
check "3 MB of TCP each way, both families" bulk
look
agrees "TCP, merged and split by the kernel" rx
agrees "TCP, merged and split by the kernel" tx
is "relayd says so" "$(field tally.state) $(on relay relayctl usage --peers --json | jq -r '.[] | select(.name == "'$name'") | .wireguard')" "agrees agrees"

# ---- the database, and a relayd that is killed ----
# The peer is new, so that all of its traffic is of this month (but at its very turn).
stored() { on relay relayctl usage --peers --json | jq -r '.[] | select(.name == "'$name'") | "\(.up_packets) \(.up_bytes) \(.down_packets) \(.down_bytes)"'; }
counted() { show | jq -r '"\(.up_packets) \(.up_bytes) \(.down_packets) \(.down_bytes)"'; }
is "the month has what the kernel has counted" "$(stored)" "$(counted)"
last=$(field up_bytes)
kills=0 back=0
probe --timeout 180 tcp "$v6" 7777 3000000 >"$TMP/probe" 2>&1 &
moving=$!
while kill -0 $moving 2>/dev/null && [ $kills -lt 4 ]; do
	on relay systemctl kill -s KILL relayd
	kills=$((kills + 1))
	wait_until 60 on relay relayctl status
	n=$(show | jq .up_bytes)
	[ "$n" -ge "$last" ] || back=1
	last=$n
done
wait $moving || true
is "3 MB with relayd killed $kills times on the way, every byte" "$(jq -r '.ok // .error' "$TMP/probe")" true
is "counters never went back" "$back" 0
wait_until 60 on relay relayctl status
look
is "the month still has what the kernel has counted" "$(stored)" "$(counted)"
agrees "through the kills" rx
agrees "through the kills" tx

# ---- boot: the kernel begins at zero, the month goes on ----
if [ -n "${LONG-}" ]; then
	slot=$(field slot)
	on relay systemctl stop relayd
	before=$(on relay sqlite3 /var/lib/relayd/api/relay.db "SELECT sum(down_packets) FROM usage WHERE slot = $slot")
	vm_reboot relay
	wait_until 120 on relay relayctl status
	check "after a boot it is reached again" reachable "$v6" 60
	look
	check "counters begin anew ($(field down_packets) packets)" test "$(field down_packets)" -lt "$before"
	is "the month has both" "$(stored | cut -d' ' -f3)" "$((before + $(field down_packets)))"
fi
