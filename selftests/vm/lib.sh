# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The test machines from a test's view: commands on them, conditions with deadlines, TAP.

VM_DIR=build/vm
VM_RUN=$VM_DIR/run
TMP=$(mktemp -d)
mkdir -p $VM_RUN

# ---- commands on the machines ----

vm_ssh() { # vm_ssh VM [ssh arguments...]
	local vm=$1
	shift
	ssh -q -i $VM_DIR/id -p "$(cat $VM_RUN/"$vm".port)" -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 -o ControlMaster=auto \
		-o ControlPath="$VM_RUN/$vm.ctl" -o ControlPersist=yes -o ServerAliveInterval=10 \
		root@127.0.0.1 "$@"
}

# on VM COMMAND...: its output and exit code; words arrive as they are. Reads standard input only
# when it is not a terminal or the test's own.
on() {
	local vm=$1
	shift
	vm_ssh "$vm" "$(printf '%q ' "$@")"
}

# In a namespace of the edge machine. Not `ip netns exec`: that remounts /sys.
in_ns() {
	local ns=$1
	shift
	on edge nsenter "--net=/run/netns/$ns" "$@"
}

in_client() {
	in_ns client "$@"
}

# Packets of one address that passed: in_inet_count at the router (either way), in_client_count
# from it at the internet host.
in_inet_count() {
	count_of inet "to$(family_of "$1")" "$1"
}

in_client_count() {
	count_of client "from$(family_of "$1")" "$1"
}

family_of() {
	case $1 in *:*) echo 6 ;; *) echo 4 ;; esac
}

count_of() { # NS SET ADDR
	in_ns "$1" nft -j list set inet count "$2" |
		jq --arg a "$3" '[.nftables[].set? // empty | .elem[]? | .elem | select(.val == $a) | .counter.packets] | add // 0'
}

# wait_until SECONDS COMMAND...: polls; 1 when the time is up.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1 </dev/null; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

vm_reboot() {
	local before
	before=$(on "$1" cat /proc/sys/kernel/random/boot_id)
	on "$1" systemctl reboot || true
	ssh -q -O exit -o ControlPath="$VM_RUN/$1.ctl" x 2>/dev/null || true
	rebooted() { local now; now=$(on "$1" cat /proc/sys/kernel/random/boot_id) && [ "$now" != "$before" ]; }
	wait_until 400 rebooted "$1"
}

# ---- TAP ----

TAP_N=0
TAP_FAILED=0

plan() {
	echo "TAP version 13"
	echo "1..$1"
}

ok() {
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $*"
}

not_ok() {
	TAP_N=$((TAP_N + 1))
	TAP_FAILED=1
	echo "not ok $TAP_N - $*"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# Its locals have names that no command's function reads: bash would show it these.
check() { # check NAME COMMAND...
	local check_name=$1 check_out
	shift
	if check_out=$("$@" 2>&1); then
		ok "$check_name"
	else
		not_ok "$check_name"
		note "failed: $*"
		note "$check_out" | tail -5
	fi
}

is() { # is NAME GOT WANTED
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "got:    $2"
		note "wanted: $3"
	fi
}

isnt() {
	if [ "$2" != "$3" ]; then ok "$1"; else
		not_ok "$1"
		note "both are: $2"
	fi
}

like() { # like NAME TEXT EXTENDED-REGEX
	if grep -qE -- "$3" <<<"$2"; then ok "$1"; else
		not_ok "$1"
		note "got: $2"
		note "no match for: $3"
	fi
}

unlike() {
	if grep -qE -- "$3" <<<"$2"; then
		not_ok "$1"
		note "got: $2"
	else ok "$1"; fi
}

# What a person needs after a failure.
vm_dump() {
	note "--- relay"
	on relay sh -c 'relayctl status; relayctl drops; relayctl peer list; wg show; ip -br link; ip -6 route show table all | grep -v " dev lo "; nft list ruleset; journalctl -u relayd --no-pager -n 40 -o cat' 2>&1 | sed 's/^/# /'
	note "--- edge"
	on edge sh -c 'docker ps -a; ip -br link; journalctl -u sidecar --no-pager -n 40 -o cat' 2>&1 | sed 's/^/# /'
}

tap_exit() {
	local code=$?
	[ $TAP_FAILED = 0 ] && [ $code = 0 ] || vm_dump </dev/null || true
	for f in $TAP_CLEANUP; do
		$f </dev/null >/dev/null 2>&1 || true
	done
	rm -rf "$TMP"
	[ $code != 0 ] || exit $TAP_FAILED
}
TAP_CLEANUP=
trap tap_exit EXIT
trap 'note "gave up at line $LINENO: $BASH_COMMAND"' ERR

# at_exit FUNCTION: runs at the end, after a failure's dump.
at_exit() {
	TAP_CLEANUP="$1 $TAP_CLEANUP"
}
