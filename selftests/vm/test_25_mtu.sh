#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A tunnel over paths of several MTUs, which no ICMP tells of, and one of which loses fragments: the
# agent finds what the path carries, container and relay keep to it, large packets of both families
# pass both ways. Then the path changes under running connections.
#
#   container ---- hosta0 -- a0 [cgnat] up0 ==== cgnat0 [inet] wan0 -- ext0 [relay]
#     sidecar0                           MTU N          |
#     routes: what was found     no "too big" of these  client0 -- eth0 [client]
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

# Underlay MTU, what is to be found, what becomes of fragments; told: they pass, and so does ICMP.
CASES=("1340 1280 lost")
STREAM_S=40
BULK=200000
if [ -n "${LONG-}" ]; then
	STREAM_S=90
	BULK=1000000
	CASES=("1280 1280 pass" "1340 1280 pass" "1340 1280 lost" "1400 1328 pass"
		"1340 1280 told" "1492 1420 pass" "1492 1420 lost" "1500 1420 pass" "9000 1420 pass")
fi
plan $((${#CASES[@]} * 12 + 15))

# Of the underlay alone: 198.51.100.2 is the NAT's outside, 203.0.113.2 the relay.
no_icmp() {
	for ns in cgnat inet; do
		in_ns $ns nft -f - <<-'EOF'
			table ip path {
				chain out {
					type filter hook output priority filter
					icmp type destination-unreachable icmp code frag-needed counter drop
				}
			}
		EOF
	done
}
no_fragments() { # both ways, before anything puts them together
	for ns in cgnat inet; do
		in_ns $ns nft -f - <<-'EOF'
			table ip path {
				chain in {
					type filter hook prerouting priority -450
					ip frag-off & 0x3fff != 0 ip saddr 198.51.100.2 counter drop
					ip frag-off & 0x3fff != 0 ip daddr 198.51.100.2 counter drop
				}
			}
		EOF
	done
}
clear_path() {
	for ns in cgnat inet; do in_ns $ns nft delete table ip path 2>/dev/null || true; done
}
# Of the narrowest link; all others have 1500, or N if that is more.
path_mtu() {
	local wide=$(($1 > 1500 ? $1 : 1500))
	on relay ip link set ext0 mtu $wide
	on edge ip link set hosta0 mtu $wide
	in_ns cgnat ip link set a0 mtu $wide
	in_ns inet ip link set wan0 mtu $wide
	in_ns inet ip link set client0 mtu $wide
	in_ns client ip link set eth0 mtu $wide
	in_ns cgnat ip link set up0 mtu "$1"
	in_ns inet ip link set cgnat0 mtu "$1"
}
cleanup() {
	clear_path
	path_mtu 1500
	container_gone a mtu
}
at_exit cleanup

agent_mtu() {
	on edge sidecar-agent --status | jq -r '.containers[] | select(.container == "mtu") | .mtu'
}
serving() { docker_on a logs mtu | grep -q serving; }
addresses() {
	v6=$(peer_field mtu ipv6)
	v4=$(peer_field mtu ipv4)
}
forget() { # what the internet host has learned of these paths
	in_client sh -c 'ip route flush cache; ip -6 route flush cache'
}
too_big() { # too_big ADDR MTU: a larger packet is answered, and the answer names the MTU
	forget
	in_client ping -c 3 -W 5 -M "do" -s 1400 "$1" 2>&1 | grep -qiE "mtu ?= ?$2"
}
route_mtu() { # -4|-6: of the container's default route; none: the device's
	local pid
	pid=$(docker_on a inspect -f '{{.State.Pid}}' mtu)
	on edge nsenter -t "$pid" -n ip "$1" -j route get "$2" from "$3" | jq -r '.[0].metrics[0].mtu // .[0].mtu // "device"'
}

relay_up
agent_up a alice pulse+ipv4
cleanup

for case in "${CASES[@]}"; do
	read -r path want fragments <<<"$case"
	name="path of $path, fragments $fragments"
	clear_path
	[ "$fragments" = told ] || no_icmp
	[ "$fragments" != lost ] || no_fragments
	path_mtu "$path"
	told=$(drops wg_pmtu)
	container_run a mtu --label sidecar.ipv4=true
	begun=$SECONDS
	check "$name: MTU $want is found" wait_until 180 mtu_found mtu "$want"
	note "underlay $path, fragments $fragments: found $(agent_mtu), by the relay $(peer_field mtu mtu), after $((SECONDS - begun)) s"
	addresses
	wait_until 60 serving
	if [ "$want" = 1420 ]; then route=device; else route=$want; fi
	is "$name: the container's IPv6 route has it" "$(route_mtu -6 2001:db8:c::10 "$v6")" "$route"
	is "$name: and the IPv4 route" "$(route_mtu -4 192.0.2.10 "$v4")" "$route"
	for addr in "$v6" "$v4"; do
		check "$name: what is larger is answered by the relay, $addr" too_big "$addr" "$want"
		large_pass "$name" "$addr" $BULK
	done
	check "$name: a packet as large as that passes, IPv6" \
		in_client ping -6 -c 3 -W 5 -M "do" -s $((want - 48)) "$v6"
	check "$name: IPv4" in_client ping -4 -c 3 -W 5 -M "do" -s $((want - 28)) "$v4"
	if [ "$fragments" = told ]; then
		isnt "$name: ICMP about WireGuard's packets is not believed" "$(drops wg_pmtu)" "$told"
	else
		is "$name: no ICMP of the path was there" "$(drops wg_pmtu)" "$told"
	fi
	[ "$path" = "${CASES[-1]%% *}" ] || container_gone a mtu
done

# The path changes under connections of both families that carry data both ways.
clear_path
no_icmp
no_fragments
path_mtu 1340
check "before the changes: 1280" wait_until 180 mtu_found mtu 1280
addresses
stream() { # stream NAME ADDR UP DOWN
	probe --timeout 90 paced "$2" 7777 400000 "$3" "$4" >"$TMP/$1" 2>&1 &
}
# It is traffic that has the agent look every few seconds.
in_client ping -q -i 0.5 -s 200 "$v6" >/dev/null &
pinging=$!
stop_ping() { kill $pinging; in_client pkill -x ping; }
at_exit stop_ping
stream up6 "$v6" $STREAM_S 0
stream down6 "$v6" 0 $STREAM_S
stream up4 "$v4" $STREAM_S 0
stream down4 "$v4" 0 $STREAM_S
change() { # change MTU WANTED
	local at=$SECONDS
	path_mtu "$1"
	check "the path becomes $1: $2 is found" wait_until 240 mtu_found mtu "$2"
	note "path becomes $1: $2 noticed after $((SECONDS - at)) s"
}
change 1500 1420
change 1340 1280
stop_ping || true
wait
for name in up6 down6 up4 down4; do
	is "the connection $name went on through both changes, every byte" \
		"$(jq -r '.ok // .error' "$TMP/$name")" true
done
for addr in "$v6" "$v4"; do
	check "what is larger is answered after the changes, $addr" too_big "$addr" 1280
	out=$(probe --timeout 60 tcp "$addr" 7777 $BULK || true)
	is "bulk TCP each way after the changes, $addr" "$(jq -r '.ok // .error' <<<"$out")" true
done

# What was found outlives both ends.
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
is "the relay keeps it over its restart" "$(peer_field mtu mtu)" 1280
check "and answers by it" too_big "$v6" 1280
on edge systemctl restart sidecar
check "the agent keeps it too" wait_until 60 mtu_found mtu 1280
log=$(on edge journalctl -u sidecar -o cat --no-pager)
like "the log says what was found" "$log" 'container mtu: 1420 \(was 1280\): MTU of the path found \[314\]'
