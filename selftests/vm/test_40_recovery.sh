#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Kill anything: the container is back without a hand, on the same address, and nothing is left over.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan 40
cleanup() {
	container_gone a heal
	container_gone a healed
	container_gone a heal2
}
at_exit cleanup

# What the relay's kernel holds for peers: one thing a line, sorted. A route's MTU is what the agent's
# last probe found, at any moment (test_25_mtu).
relay_inventory() {
	on relay sh -c 'ip -o link show type vrf | awk -F: "{print \$2}";
		wg show all allowed-ips | awk "{for (i = 3; i <= NF; i++) print \$1, \$2, \$i}";
		ip route show table all proto 92; ip -6 route show table all proto 92' | sed 's/ mtu lock [0-9]*//' | sort
}
edge_devices() { on edge sh -c 'ip -o link show type wireguard | awk -F: "{print \$2}"'; }
# By what packets are let through. Without what a device made anew changes: numbers of devices, class, MTU.
live_slots() {
	on relay sh -c 'bpftool -j map dump pinned /sys/fs/bpf/sidecar/v*/slots' |
		jq -c '.[].formatted | select(.value.flags % 2 == 1) |
			[.key, .value.generation, .value.account, .value.v6, .value.v4]'
}
# All that a case may leave something in. Without the container's name and id: cases change these.
holdings() {
	relay_inventory
	live_slots
	on relay relayctl peer list --json | jq -c '.[] | [.slot, .account, .ipv6, .ipv4, .vrf, .wg]'
	on relay relayctl status --json | jq -c '{peers, ipv4, addresses}'
	echo "wireguard devices on the host: $(edge_devices)"
}
as_before() { [ "$(holdings)" = "$at_start" ]; }
settled() { [ "$(on relay relayctl peer list --json | jq length)" = "$1" ]; }
no_peer() { on relay relayctl status && ! has_peer heal && ! has_peer healed && ! has_peer heal2; }

relay_up
agent_up a alice pulse+ipv4
cleanup
wait_until 30 no_peer
peers0=$(on relay relayctl peer list --json | jq length)
without_heal=$(relay_inventory; live_slots)
container_run a heal --label sidecar.ipv4=true --restart unless-stopped
wait_until 60 has_peer heal
v6=$(peer_field heal ipv6)
v4=$(peer_field heal ipv4)
check "reachable at the start" reachable "$v6" 30
like "it has a live slot in the relay's kernel" "$(live_slots)" '^\['
with_heal=$(relay_inventory)
at_start=$(holdings)

# same CASE SECONDS: the container serves again, on the addresses it had, and nothing else is there.
same() {
	check "$1: reachable again on the same IPv6 address" wait_until "$2" serves "$v6"
	check "$1: reachable again on the same IPv4 address" wait_until "$2" serves "$v4"
	wait_until 30 as_before || true
	is "$1: relay and host hold just what they held at the start" "$(holdings)" "$at_start"
}

docker_on a stop -t 1 heal >/dev/null
wait_until 30 settled "$peers0"
check "stop: the relay gave up the peer" settled "$peers0"
unlike "stop: no route to it stays on the relay" "$(relay_inventory)" "$v6"
is "stop: no device stays on the host" "$(edge_devices)" ""
docker_on a start heal >/dev/null
same "start" 60

docker_on a restart -t 1 heal >/dev/null
same "restart" 60

docker_on a rename heal healed
renamed() { test "$(peer_field healed ipv6)" = "$v6"; }
check "rename: the relay knows the new name" wait_until 30 renamed
docker_on a restart -t 1 healed >/dev/null
same "restart after rename" 60

docker_on a rm -f healed >/dev/null
wait_until 30 settled "$peers0"
container_run a healed --label sidecar.ipv4=true --restart unless-stopped
same "remove and create again" 60

on edge systemctl kill -s KILL sidecar
check "agent kill -9: traffic never stops" answers "$v6"
wait_until 30 on edge systemctl is-active -q sidecar
docker_on a restart -t 1 healed >/dev/null
same "container restart after agent kill -9" 60

on edge systemctl stop sidecar
docker_on a restart -t 1 healed >/dev/null
on edge systemctl start sidecar
same "container restarted while the agent was down" 60

on edge systemctl restart docker
same "Docker daemon restart" 120

# relayd killed under traffic: not one echo lost, and the API is back.
in_client ping -6 -i 0.2 -c 60 -W 5 "$v6" >"$TMP/ping" 2>&1 &
ping=$!
on relay systemctl kill -s KILL relayd
wait_until 60 on relay relayctl status
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
wait "$ping" || true
like "relayd killed and restarted under traffic: 0 lost" "$(cat "$TMP/ping")" '60 received|, 0% packet loss'
on relay systemctl stop relayd
check "relayd stopped: traffic flows on" answers "$v4"
on relay systemctl start relayd
wait_until 60 on relay relayctl status
is "relayd started again: adopted, nothing added, nothing gone" "$(relay_inventory)" "$with_heal"

vm_reboot relay
wait_until 60 on relay relayctl status
same "relay reboot" 90
is "relay reboot: the keepalive that began the handshake is off again" \
	"$(on relay wg show all persistent-keepalive | grep -cv 'off$')" 0

# A new container still gets its address after all this.
container_run a heal2
wait_until 60 has_peer heal2
check "a new container after all this" reachable "$(peer_field heal2 ipv6)" 30
docker_on a rm -f heal2 healed >/dev/null
wait_until 30 settled "$peers0"
is "at the end no VRF, tunnel peer, route or live slot is left" "$(relay_inventory; live_slots)" "$without_heal"
is "at the end no peer row is left" "$(on relay relayctl peer list --json | jq length)" "$peers0"
is "at the end the relay counts no peer more" "$(on relay relayctl status --json | jq .peers)" "$peers0"
is "at the end no rule or device is left on the host" \
	"$(on edge sh -c 'ip rule; ip -6 rule; ip -o link show type wireguard' | grep -c -e 5820 -e wg-)" 0
