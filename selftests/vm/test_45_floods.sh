#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Floods from the internet's side, and a neighbour who is to notice nothing of them:
#
#	netns inet: flood  ===> ext0 of the relay ---> container "flooded"
#	netns client: numbered --> the same ext0  <--> container "calm"
#
# Bounds: calm loses nothing, the median of its round trips stays below five times what it was
# before plus 100 ms (both machines share the cores of this one with the flood itself), what is
# dropped is dropped by its own reason, the API serves, and nothing on the relay grows.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

PPS=1000
LENGTH=6 # seconds a flood
if [ -n "${LONG-}" ]; then
	PPS=2000
	LENGTH=30
fi
RATE=50 # of calm's datagrams, a second and family
RELAY_MAC=52:54:00:00:00:01
plan 30
cleanup() {
	on edge pkill -f 'sidecar-test/(flood|numbered ask)'
	container_gone a flooded
	container_gone a calm
	# Answers to made-up sources fill the lab's own counters.
	for set in to6 from6; do in_ns inet nft flush set inet count $set; done
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
serve() { # serve NAME [options]
	local name=$1
	shift
	container_gone a "$name"
	docker_on a run -d --name "$name" --label sidecar.enable=true "$@" -v /usr:/usr:ro \
		sidecar-test /usr/lib/sidecar-test/numbered serve 7800 >/dev/null
}
serve calm --label sidecar.ipv4=true
serve flooded
wait_until 60 has_peer calm
wait_until 60 has_peer flooded
calm6=$(peer_field calm ipv6)
calm4=$(peer_field calm ipv4)
flooded=$(peer_field flooded ipv6)
check "calm is reached" reachable "$calm6" 60
check "flooded is reached" reachable "$flooded" 60
key=$(on relay wg show wg0 public-key | base64 -d | od -An -v -tx1 | tr -d ' \n')

ask_calm() { # ask_calm NAME
	local addr
	for addr in "$calm6" "$calm4"; do
		in_client /usr/lib/sidecar-test/numbered ask "$addr" 7800 $RATE $((LENGTH + 2)) >"$TMP/$1.$addr" &
		echo $!
	done >"$TMP/askers"
}
wait_calm() { while read -r pid; do wait "$pid" || true; done <"$TMP/askers"; }
both() { jq -rs "$2" "$TMP/$1.$calm6" "$TMP/$1.$calm4"; } # both NAME JQ
figures() { both "$1" 'map("\(.sent) sent, \(.lost) lost, median \(.p50_us/1000) ms, 99 % \(.p99_us/1000) ms") | join("; ")'; }

ask_calm before
wait_calm
before=$(both before 'map(.p50_us) | max')
note "before: $(figures before)"
is "before: calm loses nothing" "$(both before 'map(.lost) | add')" 0

# What may grow: neighbours, tracked connections, kernel memory, relayd's own.
relay_holds() {
	on relay sh -c 'echo $(ip neigh | wc -l) $(ip -6 neigh | wc -l) \
		$(cat /proc/sys/net/netfilter/nf_conntrack_count 2>/dev/null || echo 0) \
		$(awk "/^Slab/ {print \$2}" /proc/meminfo) \
		$(cat /sys/fs/cgroup/system.slice/relayd.service/memory.current)'
}
read -r neigh4 neigh6 tracked slab memory <<<"$(relay_holds)"
api() { [ "$(in_client curl -sk -m 20 -o /dev/null -w '%{http_code}' https://203.0.113.2:8443/.well-known/oauth-protected-resource)" = 200 ]; }

# flood KIND TARGET REASON TEXT: while it runs calm asks and the API answers. Three points; with a
# REASON four. Leaves what was sent and what was dropped for it in $sent and $dropped.
flood() {
	local kind=$1 target=$2 reason=$3 text=$4 was=0
	[ -z "$reason" ] || was=$(drops "$reason")
	ask_calm "$kind"
	in_ns inet /usr/lib/sidecar-test/flood wan0 $RELAY_MAC "$kind" "$target" $PPS $LENGTH "$key" >"$TMP/flood" &
	local flooding=$!
	check "$text: the API answers meanwhile" wait_until 20 api
	wait $flooding || true
	wait_calm
	sent=$(jq .sent "$TMP/flood")
	dropped=0
	[ -z "$reason" ] || dropped=$(($(drops "$reason") - was))
	note "$text: $sent frames in $(jq .ms "$TMP/flood") ms${reason:+, $dropped dropped as $reason}"
	note "calm meanwhile: $(figures "$kind")"
	is "$text: calm loses nothing" "$(both "$kind" 'map(.lost) | add')" 0
	check "$text: calm's median is $(both "$kind" 'map(.p50_us) | max') us, before $before us" \
		test "$(both "$kind" 'map(.p50_us) | max')" -le $((before * 5 + 100000))
}

# Below its tier's ceiling all of it goes through to the one it is for.
was=$(peer_field flooded down_packets)
flood small "$flooded" "" "small UDP at one peer"
got=$(($(peer_field flooded down_packets) - was))
check "small UDP at one peer: all $sent are counted as that peer's ($got)" test $got -ge "$sent"

# Beyond it: the ceiling is 100 Mbit/s at least, more than emulation can send, so it is lowered by
# hand in the programs' own table. relayd would put it right at its next look.
allow() { # allow SLOT PACKETS-A-SECOND: word 13 of struct sc_slot is nanoseconds a packet
	on relay bash -eus -- "$1" $((1000000000 / $2)) <<'EOT'
bytes() { for i in 0 8 16 24; do echo $(($1 >> i & 255)); done; }
map="pinned /sys/fs/bpf/sidecar/v3/slots key $(bytes "$1" | xargs)"
value=$(bpftool -j map lookup $map | jq -r '.value[]' | xargs)
set -- "$2" $value
ns=$1
shift
bpftool map update $map value "${@:1:52}" $(bytes "$ns") "${@:57}"
EOT
}
may=$((PPS / 4))
allow "$(peer_field flooded slot)" $may
was=$(peer_field flooded down_packets)
flood small "$flooded" ceiling "small UDP beyond the ceiling"
got=$(($(peer_field flooded down_packets) - was))
check "small UDP beyond the ceiling: $dropped of $sent are dropped as ceiling" \
	test "$dropped" -ge $((sent - may * $(jq .ms "$TMP/flood") / 900 - may / 4)) -a "$dropped" -lt "$sent"
check "and the others are the peer's ($got)" test $got -ge $((sent - dropped))

was=$(count_of inet from6 "$flooded")
flood solicit "$flooded" no_slot "solicitations"
answered=$(($(count_of inet from6 "$flooded") - was))
is "solicitations: those for nobody's address are dropped, each" "$dropped" $((sent / 2))
check "solicitations: those for a peer's are answered, each ($answered)" test $answered -ge $((sent / 2))

flood scan "$flooded" no_slot "a scan of the whole /64"
is "a scan of the whole /64: all of it is dropped as no_slot" "$dropped" "$sent"

# 100 a second of one network, 400 at once.
flood one 2001:db8:ffff::2 handshake_rate "handshakes from one network"
check "handshakes from one network: $dropped of $sent are dropped as handshake_rate" \
	test "$dropped" -ge $((sent - 400 - 100 * (LENGTH + 2)))

flood many 2001:db8:ffff::2 "" "handshakes from as many networks"

read -r now4 now6 now_tracked now_slab now_memory <<<"$(relay_holds)"
note "neighbours $neigh4+$neigh6 -> $now4+$now6, connections $tracked -> $now_tracked, slab $slab -> $now_slab kB, relayd $memory -> $now_memory bytes"
check "the relay's tables are no larger afterwards" \
	test $((now4 + now6)) -le $((neigh4 + neigh6 + 2)) -a "$now_tracked" -le $((tracked + 2))
check "and its memory: slab within 16 MB, relayd within 8 MB of before" \
	test "$now_slab" -le $((slab + 16384)) -a "$now_memory" -le $((memory + 8388608))
