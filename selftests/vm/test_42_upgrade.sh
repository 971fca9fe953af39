#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# relayd killed and upgraded, again and again, while numbered datagrams run both ways:
#
#	internet host -> relay -> container "busy", which sends each one back
#
# Not one is lost, none needs the relay's stack, and the relay's counters say what was sent. The
# upgrade: a relayd of another version, whose programs are other machine code (build/out/relayd-next),
# and back again. Then tables of another size, and pins of a layout that nobody knows.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh
BUILD=${BUILD:-build/out}

KILLS=3
UPGRADES=2
if [ -n "${LONG-}" ]; then
	KILLS=50
	UPGRADES=10
fi
RATE=100 # a second and family
plan 20
cleanup() {
	on edge pkill -INT -f 'numbered ask'
	container_gone a busy
	on relay sh -c '[ ! -e /usr/sbin/relayd.this ] || mv /usr/sbin/relayd.this /usr/sbin/relayd
		rmdir /sys/fs/bpf/sidecar/v77; systemctl reset-failed relayd'
	relay_up
	on relay systemctl restart relayd
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
container_gone a busy
docker_on a run -d --name busy --label sidecar.enable=true --label sidecar.ipv4=true -v /usr:/usr:ro \
	sidecar-test /usr/lib/sidecar-test/numbered serve 7800 >/dev/null
wait_until 60 has_peer busy
v6=$(peer_field busy ipv6)
v4=$(peer_field busy ipv4)
check "reachable at the start" reachable "$v6" 60
vm_ssh relay 'cat >/usr/sbin/relayd.next && chmod 755 /usr/sbin/relayd.next && cp -p /usr/sbin/relayd /usr/sbin/relayd.this' \
	<"$BUILD/relayd-next"

serves() { on relay relayctl status; }
version() { on relay relayctl status --json | jq -r .version; }
main_pid() { on relay systemctl show -P MainPID relayd; }
# The tags of what runs on the tunnel: the kernel's hash of a program.
tags() {
	on relay sh -c 'for p in /sys/fs/bpf/sidecar/v*/*wg0_*; do
		id=$(bpftool -j link show pinned $p 2>/dev/null | jq ".prog_id // empty")
		if [ -n "$id" ]; then bpftool -j prog show id $id; else bpftool -j prog show pinned $p; fi | jq -r .tag
	done'
}
counted() { on relay relayctl peer show busy --json | jq -r '"\(.down_packets) \(.up_packets)"'; }

# The last echo of the start has gone by.
settled() {
	local now
	now=$(counted)
	[ "$now" = "$(cat "$TMP/counted" 2>/dev/null)" ] || { echo "$now" >"$TMP/counted" && false; }
}
wait_until 30 settled || true

# Packets that the relay's stack forwarded.
forwarded() {
	on relay nstat -asz IpForwDatagrams Ip6OutForwDatagrams | awk '/Forw/ { n += $2 } END { print n }'
}
stack_before=$(forwarded)

# Reads the counters; once one is smaller than before: it went backwards.
read -r down up <<<"$(counted)"
first_down=$down
first_up=$up
backwards=0
read_counters() {
	local d u
	read -r d u <<<"$(counted)"
	[ "$d" -ge "$down" ] && [ "$u" -ge "$up" ] || backwards=$((backwards + 1))
	down=$d
	up=$u
}

ask_start() {
	for addr in "$v6" "$v4"; do
		in_client /usr/lib/sidecar-test/numbered ask "$addr" 7800 $RATE 0 >"$TMP/ask.$addr" &
		echo $!
	done >"$TMP/askers"
	running() { [ "$(counted | cut -d' ' -f1)" -gt $((down + RATE)) ]; }
	wait_until 60 running
}
ask_end() {
	on edge pkill -INT -f 'numbered ask'
	while read -r pid; do wait "$pid" || true; done <"$TMP/askers"
}
# ask_whole WHAT: two points.
ask_whole() {
	local addr
	for addr in "$v6" "$v4"; do
		note "$1, $addr: $(cat "$TMP/ask.$addr")"
		is "$1: 0 of $(jq .sent "$TMP/ask.$addr") datagrams lost (IPv$(family_of "$addr"))" \
			"$(jq '.lost + .twice' "$TMP/ask.$addr")" 0
	done
	[ $TAP_FAILED = 0 ] || note "drops: $(on relay relayctl drops --json)"
}
sent=0
received=0
add_up() {
	local addr
	for addr in "$v6" "$v4"; do
		sent=$((sent + $(jq .sent "$TMP/ask.$addr")))
		received=$((received + $(jq .received "$TMP/ask.$addr")))
	done
}

# --- killed: kill -9 of both roles; after every third one systemd's restart too ---
ask_start
begun=$SECONDS
came_back=0
failed_restarts=0
for n in $(seq $KILLS); do
	another() { [ "$(main_pid)" != "$before" ] && serves; }
	before=$(main_pid)
	on relay systemctl kill -s KILL relayd
	wait_until 60 another && came_back=$((came_back + 1))
	read_counters
	[ $((n % 3)) = 0 ] || continue
	before=$(main_pid)
	on relay systemctl restart relayd
	wait_until 60 another || failed_restarts=$((failed_restarts + 1))
	read_counters
done
took=$((SECONDS - begun))
ask_end
is "relayd came back each time ($KILLS in $took s)" "$came_back $failed_restarts" "$KILLS 0"
ask_whole "relayd killed $KILLS times"
add_up

# --- upgraded: there and back ---
this=$(version)
this_tags=$(tags)
use() { on relay sh -c "cp -p /usr/sbin/relayd.$1 /usr/sbin/relayd.new && mv /usr/sbin/relayd.new /usr/sbin/relayd && systemctl restart relayd"; }
ask_start
begun=$SECONDS
versions=
programs=
for n in $(seq $UPGRADES); do
	if [ $((n % 2)) = 1 ]; then use next; else use this; fi
	wait_until 60 serves || true
	versions="$versions $(version)"
	[ "$(tags)" = "$this_tags" ] && programs="$programs this" || programs="$programs next"
	read_counters
done
took=$((SECONDS - begun))
ask_end
want_versions=
want_programs=
for n in $(seq $UPGRADES); do
	if [ $((n % 2)) = 1 ]; then
		want_versions="$want_versions $this-next"
		want_programs="$want_programs next"
	else
		want_versions="$want_versions $this"
		want_programs="$want_programs this"
	fi
done
is "upgraded $UPGRADES times in $took s: the version is each time the other's" "$versions" "$want_versions"
is "and so are the programs on the tunnel" "$programs" "$want_programs"
ask_whole "relayd upgraded $UPGRADES times"
add_up

# --- tables of another size; and what is pinned by a layout that this relayd does not know ---
restarted() { # restarted: relayd's end is asked for and seen, whatever comes of it
	on relay sh -c 'systemctl restart relayd || true'
}
resize() { # resize SLOTS: prints how large the kernel's table then is, and how many folders there are
	on relay sed -i "s/^slots: .*/slots: $1/" /etc/sidecar/relay.yaml
	restarted
	wait_until 60 serves || true
	on relay sh -c 'bpftool -j map show pinned /sys/fs/bpf/sidecar/v3/slots | jq .max_entries; ls /sys/fs/bpf/sidecar' | xargs
}
ask_start
sizes=
for n in 2048 64000 1024; do
	sizes="$sizes $(resize $n)"
	read_counters
done
ask_end
is "tables of another size: another number of slots is taken up" "$sizes" " 2048 v3 64000 v3 1024 v3"
ask_whole "slots changed 3 times"
add_up

unknown=/sys/fs/bpf/sidecar/v77
refused() { on relay sh -c "journalctl -u relayd --since '$since' | grep -q 'v77 has layout 77, only .* can be taken over'"; }
ask_start
since=$(on relay date '+%F %T')
on relay mkdir $unknown
restarted
check "a layout that is not known is refused, by a message with its number" wait_until 30 refused
on relay rmdir $unknown
on relay systemctl reset-failed relayd
restarted
wait_until 60 serves || true
ask_end
ask_whole "refused meanwhile"
add_up

read_counters
is "the peer's counters never went backwards ($((KILLS + UPGRADES + 4)) readings)" $backwards 0
is "the relay's stack forwarded none of it" $(($(forwarded) - stack_before)) 0
note "counted $((down - first_down)) down and $((up - first_up)) up, sent $sent, received $received"
# Echoes of the agent's MTU probes are traffic of the peer too: as many one way as the other, few.
probes=$((down - first_down - sent))
check "to the container the relay counted what was sent, and $probes probes" test "$probes" -ge 0 -a "$probes" -le 100
is "from the container what arrived, and as many probes" $((up - first_up - received)) "$probes"
check "the API serves at the end" serves
is "and nothing was dropped" "$(peer_field busy drop_packets)" 0
