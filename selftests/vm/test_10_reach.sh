#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# From a label to a public address: how long it takes, who is seen on both ends.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan 9
cleanup() { container_gone a web; }
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
container_gone a web

container_timed web --label sidecar.ipv4=true -v /usr:/usr:ro sidecar-test \
	python3 /usr/lib/sidecar-test/probe.py serve 7777 >"$TMP/times"
sed 's/^/# /' "$TMP/times"
ms=$(awk '$1 == "answer_ms" {print $2}' "$TMP/times")
check "first packet answered within 5 s of docker run (took ${ms:-?} ms)" test "${ms:-99999}" -le 5000

v6=$(peer_field web ipv6)
v4=$(peer_field web ipv4)
like "the relay gave an address of its IPv6 pool" "$v6" '^2001:db8:5:5:'
like "the relay gave an address of its IPv4 pool" "$v4" '^203\.0\.113\.(12[89]|1[3-8][0-9]|19[01])$'
check "ping to the IPv6 address" in_client ping -c 2 -W 5 "$v6"
check "ping to the IPv4 address" in_client ping -c 2 -W 5 "$v4"
shown=$(docker_on a exec web ip -o addr)
like "ip addr in the container shows the IPv6 address" "$shown" "$v6/128"
like "ip addr in the container shows the IPv4 address" "$shown" "$v4/32"

up=$(peer_field web up_packets)
down=$(peer_field web down_packets)
check "the relay counted packets to the container ($down)" test "${down:-0}" -ge 4
check "the relay counted packets from the container ($up)" test "${up:-0}" -ge 4
