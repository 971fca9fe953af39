#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every protocol on ports nobody configured, both families, with the real client's address; packets
# of any size over the 1500-byte path, both ways; the container's own connections leave the same way.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan 19
cleanup() { container_gone a proto; }
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
container_run a proto --label sidecar.ipv4=true
wait_until 60 has_peer proto
v6=$(peer_field proto ipv6)
v4=$(peer_field proto ipv4)
reachable "$v6" 30
serving() { docker_on a logs proto | grep -q serving; }
wait_until 60 serving
probed() { [ "$(peer_field proto mtu)" = 1420 ]; }
wait_until 60 probed

client4=192.0.2.10
client6=2001:db8:c::10
for pair in "$v6 $client6" "$v4 $client4"; do
	read -r addr client <<<"$pair"
	for what in "tcp $addr 7777 1000" "udp $addr 7777 100 3" "sctp $addr 7777" "raw $addr"; do
		# shellcheck disable=SC2086 # words on purpose
		out=$(probe --timeout 20 $what || true)
		is "${what%% *} to $addr: answered, and the container sees the client's own address" \
			"$(jq -r '.peer // .error' <<<"$out")" "$client"
	done
	out=$(probe --timeout 120 tcp "$addr" 7777 4000000 || true)
	is "4 MB of TCP each way to $addr, every byte" "$(jq -r .ok <<<"$out")" true
	out=$(probe udp "$addr" 7777 8000 6 || true)
	# IPv6: the first datagram teaches the sender the path's MTU.
	check "8000-byte UDP in fragments, each way, to $addr ($out)" \
		test "$(jq -r '.lost // 9' <<<"$out")" -le 1
	out=$(in_client tracepath -n -m 5 "$addr" 2>&1 || true)
	like "tracepath to $addr finds the tunnel's MTU" "$out" 'pmtu 1420'
done

# A full-size packet that must not be fragmented gets an answer, not silence. What the internet host
# has learned of these paths so far is forgotten: it has to hear it again.
in_client sh -c 'ip route flush cache; ip -6 route flush cache'
out=$(in_client ping -c 2 -W 5 -M "do" -s 1452 "$v6" 2>&1 || true)
like "a 1500-byte IPv6 packet is answered by Packet Too Big" "$out" 'too big|mtu'
out=$(in_client ping -c 2 -W 5 -M "do" -s 1472 "$v4" 2>&1 || true)
like "a 1500-byte IPv4 packet with DF is answered by frag-needed" "$out" 'mtu'

# The container's own connections: the internet host sees the public address.
in_client timeout 120 python3 /usr/lib/sidecar-test/probe.py serve 8888 >/dev/null 2>&1 &
server=$!
stop_server() { kill $server; }
at_exit stop_server
listening() { in_client ss -ltn | grep -q :8888; }
wait_until 30 listening
out=$(docker_on a exec proto python3 /usr/lib/sidecar-test/probe.py tcp "$client4" 8888 1000 || true)
is "IPv4 from inside leaves with the public address" "$(jq -r '.peer // .error' <<<"$out")" "$v4"
out=$(docker_on a exec proto python3 /usr/lib/sidecar-test/probe.py tcp "$client6" 8888 1000 || true)
is "IPv6 from inside leaves with the public address" "$(jq -r '.peer // .error' <<<"$out")" "$v6"
check "the Docker bridge still answers from inside" docker_on a exec proto python3 -c \
	'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("172.17.0.1", 9)); assert s.getsockname()[0].startswith("172.17."), s.getsockname()'
