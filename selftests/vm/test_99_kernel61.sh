#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The relay started again with Debian 12's kernel, 6.1: a verifier that prunes less, no tcx, no kfuncs.
# Its programs are loaded and tested there byte for byte, and a container is reached through them.
# Before that what the verifiers of this machine and of Debian 13's 6.12 read of them. LONG=1: every
# test of the programs, on both.
# The last test of all: the relay keeps that kernel.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh
. selftests/vm/boot.sh
BUILD=${BUILD:-build/out}

TEST_612="verifier"
TEST_61="verifier dp"
if [ -n "${LONG-}" ]; then
	TEST_61=$(cd "$BUILD/selftests/bpf" && for t in test_*; do [ ! -x "$t" ] || [ -d "$t" ] || echo "${t#test_}"; done)
	TEST_612=$TEST_61
fi
# shellcheck disable=SC2086 # words on purpose
plan $(($(echo $TEST_61 $TEST_612 | wc -w) + 10))
cleanup() {
	container_gone a old
	on relay rm -rf /root/bpf
}
at_exit cleanup

# bpf_test NAME COMMAND...: one point. Its TAP and notes are shown when it fails, the verifier's always.
bpf_test() {
	local began=$SECONDS out=$TMP/test_$1 name=$1
	shift
	if "$@" >"$out" 2>&1; then
		ok "Linux $kernel: selftests/bpf/test_$name, $(grep -c '^ok' "$out") points ($((SECONDS - began)) s)"
		[ "$name" != verifier ] || note "$(sed -n 's/^# \([0-9]\)/\1/p' "$out")"
	else
		not_ok "Linux $kernel: selftests/bpf/test_$name"
		note "$(tail -n 40 "$out")"
	fi
}
bpf_tests() {
	kernel=$(on relay uname -r)
	tar -C "$BUILD/selftests/bpf" -c "${@/#/test_}" | on relay sh -c 'mkdir -p /root/bpf && tar -C /root/bpf -xm'
	for t; do bpf_test "$t" on relay "/root/bpf/test_$t"; done
}
boot_relay() { # boot_relay [KERNEL]: the same machine, its disk as it is
	on relay systemctl poweroff || true
	gone() { ! vm_runs relay; }
	wait_until 60 gone || true
	vm_halt relay
	vm_boot relay "${1-}"
	wait_until 300 on relay true
	wait_until 60 on relay relayctl status
}

kernel=$(uname -r)
bpf_test verifier "$BUILD/selftests/bpf/test_verifier"
relay_up
agent_up a alice pulse+ipv4
container_gone a old
container_run a old --label sidecar.ipv4=true
wait_until 60 has_peer old
v6=$(peer_field old ipv6)
v4=$(peer_field old ipv4)
check "reachable before" reachable "$v6" 60
# shellcheck disable=SC2086
if [ -z "${KERNEL-}" ]; then
	bpf_tests $TEST_612
	boot_relay 6.1
else
	for t in $TEST_612; do ok "test_$t on Linux 6.12 # SKIP the relay has $KERNEL already"; done
fi
like "the relay runs Linux 6.1" "$(on relay uname -r)" '^6\.1\.'
check "the container is reached again on its IPv6 address" reachable "$v6" 90
check "and on its IPv4 address" reachable "$v4" 30
out=$(probe tcp "$v6" 7777 100000)
is "TCP both ways, the bytes are the same" "$(jq -r .ok <<<"$out")" true
is "without tcx: filters of clsact, no links" \
	"$(on relay sh -c 'ls /sys/fs/bpf/sidecar/v*' | sed -n 's/^\(filter\)-\([a-z0-9_]*\)-.*/\1 \2/p; /^link_.*_\(in\|out\)$/p' | sort | xargs)" \
	"$(printf 'filter link_%s ' uplink_in uplink_out wg0_in wg0_out wg1_in wg1_out | xargs)"
filters() { on relay sh -c "tc filter show dev $1 $2" | sed -n 's/.* name \([a-z_]*\) .*/\1/p' | xargs; }
is "they run on the tunnel" "$(filters wg0 ingress) $(filters wg0 egress)" "sc_wg_in sc_wg_out"
was=$(on relay relayctl peer show old --json | jq .down_packets)
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
check "relayd started again on 6.1: the container is reached" answers "$v6"
check "and its counters went on" test "$(peer_field old down_packets)" -gt "$was"
# shellcheck disable=SC2086
bpf_tests $TEST_61
