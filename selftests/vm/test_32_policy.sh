#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the relay refuses of a container's traffic, and of what comes for it, by rules:
#
#	internet host: servers on 25 and 8888 -- relay -- host A: "web"  with sidecar.firewall
#	                                                          "mate" of the same account
#
# Each refusal is counted by its own reason; beside it what is allowed goes on.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

TIERS='tiers:
  pulse+ipv4: {peers: 25, ipv4: 8, ipv6: 256, guarantee_mbps: 500, scan_per_s: 4}
'
CLIENT6=2001:db8:c::10 CLIENT4=192.0.2.10
plan 22
cleanup() {
	container_gone a web
	container_gone a mate
	on edge pkill -f 'sidecar-test/probe.py serve (25|8888)'
	restarted ''
}
at_exit cleanup
restarted() { # restarted EXTRA: relayd with these lines of relay.yaml
	relay_up "$1"
	on relay systemctl restart relayd
	wait_until 60 on relay relayctl status
}

restarted "$TIERS"
agent_up a alice pulse+ipv4
container_gone a web
container_gone a mate
container_run a web --label sidecar.ipv4=true --label "sidecar.firewall=allow in tcp 7777 from 192.0.2.0/24; deny in"
container_run a mate
for port in 25 8888; do
	in_client timeout 600 python3 /usr/lib/sidecar-test/probe.py serve $port >"$TMP/serve.$port" 2>&1 &
done
serving() { grep -q serving "$TMP/serve.25" && grep -q serving "$TMP/serve.8888"; }
wait_until 60 serving
wait_until 60 has_peer web
wait_until 60 has_peer mate
web6=$(peer_field web ipv6) web4=$(peer_field web ipv4) mate6=$(peer_field mate ipv6)
check "the container without rules is reached" reachable "$mate6" 60

from() { # from CONTAINER ARGS...: probe.py in it
	local container=$1
	shift
	docker_on a exec "$container" python3 /usr/lib/sidecar-test/probe.py --timeout 5 "$@" 2>/dev/null | jq -r .ok
}
# refused REASON COMMAND...: it fails, and the relay counts it as such.
refused() {
	local reason=$1 before
	before=$(drops "$reason")
	shift
	! "$@" || return 1
	[ "$(drops "$reason")" -gt "$before" ]
}
connects() { [ "$(from "$@")" = true ]; }

# ---- sidecar.firewall ----
check "firewall: a client of the prefix that is allowed is served" wait_until 60 serves "$web4"
check "firewall: one of another is not" refused firewall serves "$web6"
check "firewall: nor is another port" refused firewall in_client timeout 3 bash -c ": </dev/tcp/$web4/7778"
check "firewall: nor are echo requests answered" refused firewall answers "$web4"
is "firewall: the container's own TCP connections are open, IPv6" "$(from web tcp $CLIENT6 8888 1000)" true
is "firewall: and IPv4" "$(from web tcp $CLIENT4 8888 1000)" true
is "firewall: the answers to its datagrams come through" "$(from web udp $CLIENT6 8888 100 3)" true
like "firewall: relayctl shows the rules" "$(on relay relayctl peer show web)" 'deny in'
check "firewall: its neighbour is as open as before" serves "$mate6"

# ---- port 25 ----
check "smtp: port 25 is closed in a tier without it, IPv6" refused smtp connects mate tcp $CLIENT6 25 1
check "smtp: and IPv4" refused smtp connects web tcp $CLIENT4 25 1
is "smtp: other ports are not" "$(from mate tcp $CLIENT6 8888 1000)" true

# ---- scans ----
# 200 at once, one SYN each; 20 are five seconds' worth, and a second brings 4.
scan='
import socket, time
began = time.monotonic()
for port in range(20000, 20200):
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
        s.setblocking(False)
        s.connect_ex(("'$CLIENT6'", port))
print(int(time.monotonic() - began))'
before=$(drops scan)
seconds=$(docker_on a exec mate python3 -c "$scan")
counted() { [ "$(drops scan)" -ge $((before + 200 - 20 - 4 * (seconds + 2))) ]; }
check "scan: of 200 new destinations in $seconds s all but what the tier lets through are refused" wait_until 20 counted
note "scan: $(($(drops scan) - before)) of 200 refused"
is "scan: datagrams are none" "$(from mate udp $CLIENT6 8888 100 3)" true
is "scan: and the neighbour pays nothing for it" "$(from web tcp $CLIENT6 8888 1000)" true
again() { connects mate tcp $CLIENT6 8888 1000; }
check "scan: soon after its own connections are open again" wait_until 30 again

# ---- who meets whom ----
vrf_of() { on relay relayctl peer show "$1" --json | jq -r .vrf; }
restarted "${TIERS}hairpin: deny"$'\n'
check "hairpin: deny: no way from peer to peer, not by the router either" refused hairpin connects web tcp "$mate6" 7777 1
restarted "${TIERS}hairpin: deny"$'\n'"isolation: account"$'\n'
is "isolation: account: both have one VRF" "$(vrf_of web)" "$(vrf_of mate)"
before=$(in_inet_count "$mate6")
met() { connects web tcp "$mate6" 7777 1000; }
check "they reach each other" wait_until 30 met
is "inside the relay: the router saw none of it" "$(in_inet_count "$mate6")" "$before"
check "and the internet reaches them as before" answers "$mate6"
