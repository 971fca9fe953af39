#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The test machines themselves: what the other tests take for granted. Drawing: lab-net.sh.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh

plan 9
check "the internet host reaches the relay's own IPv4 address" in_client ping -c 1 -W 5 203.0.113.2
check "the internet host reaches the relay's own IPv6 address" in_client ping -c 1 -W 5 2001:db8:ffff::2
check "host A reaches the relay through the CGNAT" on edge ping -c 1 -W 5 203.0.113.2
check "host B reaches the relay through the CGNAT" in_ns hostb ping -c 1 -W 5 203.0.113.2
out=$(on edge ping -c 20 -i 0.5 -W 1 203.0.113.2 >/dev/null &
	on relay timeout 15 tcpdump -n -c 1 -i ext0 icmp and src host 198.51.100.2 2>/dev/null)
like "the relay sees host A under the CGNAT's address" "$out" '198.51.100.2 > 203.0.113.2'
check "host A has no IPv6" on edge sh -c '! ip -6 route get 2001:db8:ffff::2'
unreached() { ! in_client ping -c 1 -W 2 10.64.1.2; }
check "the internet host does not reach host A" unreached
check "the relay's kernel has WireGuard and VRF" on relay sh -c 'modprobe wireguard && modprobe vrf'
check "the Docker Engine runs a container" on edge docker run --rm -v /usr:/usr:ro sidecar-test true
