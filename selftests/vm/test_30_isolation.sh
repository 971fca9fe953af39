#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Two customers, each with a Docker host and a container of its own:
#
#	alice: host A, container "one"  \
#	                                  relay  -- internet
#	bob:   host B, container "two"  /
#
# Neither gets at the other's tunnel, at the relay's control port, or out with a false source.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan 21
cleanup() {
	container_gone a one
	container_gone b two
	on edge systemctl start sidecar
	on edge systemctl stop sidecar-b docker-b 2>/dev/null || true
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
agent_up b bob pulse+ipv4
container_gone a one
container_gone b two
container_run a one --label sidecar.ipv4=true --cap-add NET_RAW --cap-add NET_ADMIN
container_run b two --label sidecar.ipv4=true --cap-add NET_RAW --cap-add NET_ADMIN
wait_until 60 has_peer one
wait_until 60 has_peer two
one6=$(peer_field one ipv6)
one4=$(peer_field one ipv4)
two6=$(peer_field two ipv6)
two4=$(peer_field two ipv4)
check "alice's container is reached" reachable "$one6" 60
check "bob's container is reached" reachable "$two6" 60

vrf_of() { on relay relayctl peer show "$1" --json | jq -r .vrf; }
isnt "each has a VRF of its own" "$(vrf_of one)" "$(vrf_of two)"

# crossing CUSTOMER HOST CONTAINER OTHER OTHER'S-IPV6: what a customer tries against another and the relay.
crossing() {
	local who=$1 host=$2 container=$3 other=$4 other6=$5 before after relay out
	like "$who's VRF has no route to $other's address" \
		"$(on relay ip -6 route get "$other6" vrf "$(vrf_of "$container")" 2>&1)" 'dev ext0|unreachable'

	# Between customers packets go by the internet's router like anybody's: never tunnel to tunnel.
	before=$(in_inet_count "$other6")
	docker_on "$host" exec "$container" ping -c 3 -W 2 "$other6" >/dev/null 2>&1 || true
	after=$(in_inet_count "$other6")
	check "$who to $other passes the upstream router ($before -> $after packets), not the relay inside" \
		test "$after" -gt "$before"

	for relay in 203.0.113.2 2001:db8:ffff::2; do
		before=$(drops to_relay)
		out=$(docker_on "$host" exec "$container" python3 /usr/lib/sidecar-test/probe.py --timeout 3 \
			tcp $relay 8443 1 2>&1 || true)
		is "the control port does not answer through $who's tunnel ($relay)" "$(jq -r .ok <<<"$out")" false
		check "and its packets were counted as to_relay ($who, $relay)" test "$(drops to_relay)" -gt "$before"
	done
}
crossing alice a one bob "$two6"
crossing bob b two alice "$one6"

# Another's source address: added to the container's own device, sent into the tunnel by a route of
# the container's own, never arrives.
spoof() { # spoof FAMILY SOURCE LEN TARGET
	docker_on a exec one ip "-$1" addr add "$2/$3" dev sidecar0
	docker_on a exec one ip "-$1" route add "$4" dev sidecar0
	docker_on a exec one ping "-$1" -c 3 -W 1 -I "$2" "$4" >/dev/null 2>&1 || true
	docker_on a exec one ip "-$1" route del "$4" dev sidecar0
	docker_on a exec one ip "-$1" addr del "$2/$3" dev sidecar0
}
# The agent would take the address away again.
on edge systemctl stop sidecar
before=$(drops bad_source)
seen=$(in_client_count "$two6")
spoof 6 "$two6" 128 2001:db8:c::10
check "a packet with bob's IPv6 source is dropped and counted" test "$(drops bad_source)" -ge $((before + 3))
is "and none of it reached the internet host" "$(in_client_count "$two6")" "$seen"
before=$(drops bad_source)
seen=$(in_client_count "$two4")
spoof 4 "$two4" 32 192.0.2.10
check "a packet with bob's IPv4 source is dropped and counted" test "$(drops bad_source)" -ge $((before + 3))
is "and none of it reached the internet host" "$(in_client_count "$two4")" "$seen"
on edge systemctl start sidecar
check "alice's own traffic still passes" answers "$one4"
check "and so does bob's" answers "$two4"
