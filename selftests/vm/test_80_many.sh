#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A relay with many peers: each has its slot, its VRF and its WireGuard peer in the kernel. What one
# takes of memory is printed, and how long a relayd needs that finds them there. One of them is real:
#
#	internet host -> relay (N peers more) -> container "one"
#
# LONG=1: 10,000 on a relay of 4 GiB, started anew for it. The speeds printed are the emulation's.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh
. selftests/vm/boot.sh

N=150
EXTRA='tiers:
  pulse+ipv4: {peers: 25, ipv4: 8, ipv6: 256, guarantee_mbps: 500, smtp: true}
  many: {peers: 16000, ipv6: 16000}
'
[ -z "${LONG-}" ] || N=10000
plan 11
restarted() { # restarted [EXTRA]: with this configuration
	relay_up "${1-}"
	on relay systemctl restart relayd
	wait_until 600 on relay relayctl status
}
with_slots() { # with_slots SLOTS [EXTRA]
	RELAY_CONF=${RELAY_CONF/slots: [0-9]*$'\n'/slots: $1$'\n'} restarted "${2-}"
}
cleanup() {
	container_gone a one
	on relay sh -c 'systemctl stop relayd; relayctl restore --force /root/before; rm -rf /root/before'
	# Peers that the restored database does not know run in slots beyond 1024.
	on relay relayd --flush
	restarted
}
at_exit cleanup

if [ -n "${LONG-}" ]; then
	on relay systemctl poweroff || true
	gone() { ! vm_runs relay; }
	wait_until 60 gone || true
	vm_halt relay
	VM_MEMORY=4096 vm_boot relay "${KERNEL-}"
	wait_until 300 on relay true
	with_slots 16384 "$EXTRA"
else
	restarted "$EXTRA"
fi
on relay sh -c 'rm -rf /root/before; relayctl backup /root/before'
agent_up a alice pulse+ipv4
container_gone a one
container_run a one
wait_until 60 has_peer one
v6=$(peer_field one ipv6)
pid=$(docker_on a inspect -f '{{.State.Pid}}' one)
check "reachable before" reachable "$v6" 60

free_kb() { on relay sh -c 'sync; echo 3 >/proc/sys/vm/drop_caches; awk "/^MemAvailable/ { print \$2 }" /proc/meminfo'; }
rss_kb() { on relay sh -c 'for p in $(pgrep -x relayd); do awk "/^VmRSS/ { print \$2 }" /proc/$p/status; done' | awk '{ s += $1 } END { print s }'; }
vrfs() { on relay sh -c 'ip -br link show type vrf | wc -l'; }
wg_peers() { on relay sh -c 'wg show wg0 peers | wc -l'; }
token=$(relay_token crowd many)
vrfs_before=$(vrfs) free_before=$(free_kb) rss_before=$(rss_kb)

made=$(on relay python3 /usr/lib/sidecar-test/many.py "$token" add "$N")
note "registered, under emulation: $made"
is "$N peers are registered over one connection" "$(jq .done <<<"$made")" "$N"
is "each has a peer in WireGuard" "$(wg_peers)" "$((N + 1))"
is "and a VRF" "$(($(vrfs) - vrfs_before))" "$N"
free=$(free_kb) rss=$(rss_kb)
note "of memory each peer takes $(((free_before - free) / N)) kB of the machine's, $(((rss - rss_before) / N)) kB of it relayd's"
check "less than 400 kB of memory for each" test $((free_before - free)) -lt $((N * 400))
check "the container is reached beside them" answers "$v6"

stream_start many "$pid" "$v6" 50
on relay systemctl kill -s KILL relayd
begun=$(on relay date +%s%N)
check "relayd killed: another serves" wait_until 600 on relay relayctl status
note "which found $((N + 1)) peers in the kernel: $(on relay journalctl -q -u relayd -o cat -n 20 | grep -o '[0-9]* peers sent to the net role.*' | tail -1); served after $((($(on relay date +%s%N) - begun) / 1000000)) ms, under emulation"
stream_end many
stream_whole "killed beside $N peers" many 50

is "all are removed" "$(on relay python3 /usr/lib/sidecar-test/many.py "$token" remove | jq .done)" "$N"
is "and nothing of them stays: WireGuard's peers, VRFs" "$(wg_peers) $(vrfs)" "1 $vrfs_before"
