#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a tier says is what a container gets: in both directions, for one flow and for eight, in both
# families, with either shaper; its neighbour does not notice, and a guarantee is held against all.
#
#	alice: host A, containers "near" (guaranteed 10 Mbit/s), "c1", "c2", no tier's rate \
#	                                                                                      relay
#	bob:   host B, container "slow", a tier of 1 Mbit/s                                 /
#
# All figures are of whole IP packets, counted where they arrive, over one interval.
set -eu
cd "$(dirname "$0")/../.."
# Minutes of emulation and most of two cores: not a part of every check.
if [ -z "${LONG-}" ]; then
	echo "1..0 # SKIP only with LONG=1 (make check-long)"
	exit 4
fi
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

SECONDS_EACH=10
RATE=1000 # of the tier: what emulation carries beside other work
LOW=95
TOTAL=14
TIERS='tiers:
  pulse+ipv4: {peers: 25, ipv4: 8, ipv6: 256, guarantee_mbps: 500, smtp: true}
  one: {peers: 25, ipv4: 8, rate_kbps: 1000}
  half: {peers: 25, ipv4: 8, rate_kbps: 500}
'
plan $((2 * 8 * 2 + 12))

cleanup() {
	for c in near c1 c2; do container_gone a $c; done
	container_gone b slow
	on edge systemctl stop sidecar-b docker-b
	in_ns inet ethtool -K wan0 gro on
	in_client ethtool -K eth0 gro on
	shaper 'classes: 64' ''
}
at_exit cleanup

base=$RELAY_CONF

# shaper SETTINGS TIERS: another configuration, which needs a restart.
shaper() {
	RELAY_CONF="${base/shaper: \{classes: 64\}/shaper: {$1\}}" relay_up "$2"
	on relay systemctl restart relayd
	wait_until 60 on relay relayctl status
}
tier() { on relay relayctl account set-tier "$1" "$2" >/dev/null; }

# server a|b NAME [options...]: a labelled container that waits for iperf3.
server() {
	local host=$1 name=$2
	shift 2
	docker_on "$host" run -d --name "$name" --label sidecar.enable=true --label sidecar.ipv4=true \
		"$@" -v /usr:/usr:ro sidecar-test iperf3 -s >/dev/null
}
pid_of() { docker_on "$1" inspect -f '{{.State.Pid}}' "$2"; }

# flow down|up ADDR FLOWS SECONDS [options...]: from the internet host, in the background.
flow() {
	local dir=$1 addr=$2 flows=$3 seconds=$4
	shift 4
	[ "$dir" = down ] || set -- -R "$@"
	in_client iperf3 -c "$addr" -P "$flows" -t "$seconds" --connect-timeout 20000 "$@" >"$TMP/flow.$addr" 2>&1 &
}

# source_of down|up PID ADDR
source_of() {
	if [ "$1" = down ]; then echo "tunnel:$2"; else echo "from:$3"; fi
}
# rates NAME=SOURCE...: begins before the flows, which leave a slow machine no time to start it.
rates() {
	on edge nice -n -10 python3 /usr/lib/sidecar-test/rate.py 2 "$SECONDS_EACH" "$@" >"$TMP/rate" 2>&1 &
	wait_until 60 grep -q counting "$TMP/rate"
}
# What they were, once all flows have ended.
rate_is() {
	wait || true
	rate=$(grep '^{' "$TMP/rate" || echo '{}')
}

# between NAME KBPS CONFIGURED LOW HIGH: in percent of what is configured.
between() {
	check "$1: $2 of $3 kbit/s" test "$2" -ge $(($3 * $4 / 100)) -a "$2" -le $(($3 * $5 / 100))
}

# Every combination: the shaped peer, and its neighbour at a rate of its own beside it.
holds() { # holds SHAPER
	local dir family flows addr near rate alone
	while read -r dir family flows <&3; do
		addr=slow$family near=near$family
		for _ in 1 2; do # a server that is still busy with the flow before refuses
			rates "slow=$(source_of "$dir" "$slow" "${!addr}")" \
				"near=$(source_of "$dir" "$near_pid" "${!near}")"
			flow "$dir" "${!addr}" "$flows" $((SECONDS_EACH + 8))
			flow "$dir" "${!near}" 1 $((SECONDS_EACH + 8)) -b 200K -l 4K
			rate_is
			! grep -qs 'iperf3: error' "$TMP/flow.${!addr}" "$TMP/flow.${!near}" || continue
			break
		done
		between "$1, $dir, IPv$family, $flows flow(s): the tier holds" \
			"$(jq '.slow // 0' <<<"$rate")" $RATE "$LOW" 105
		alone=$(jq ".$dir$family" <<<"$before")
		between "$1, $dir, IPv$family, $flows flow(s): the neighbour goes on as alone" \
			"$(jq '.near // 0' <<<"$rate")" "$alone" "$LOW" 105
	done 3< <(printf '%s\n' {down,up}" "{6,4}" "{1,8})
}

shaper "classes: 64, total_mbps: $TOTAL" "$TIERS"
agent_up a alice pulse+ipv4
agent_up b bob one
tier bob one
in_ns inet ethtool -K wan0 gro off # merged packets would be counted with one header
containers="near c1 c2"
for c in $containers; do container_gone a "$c"; done
container_gone b slow
server a near --label sidecar.bandwidth=10
server a c1
server a c2
server b slow
for c in $containers slow; do wait_until 90 has_peer "$c"; done
# shellcheck disable=SC2034 # by name
near6=$(peer_field near ipv6) near4=$(peer_field near ipv4)
# shellcheck disable=SC2034
slow6=$(peer_field slow ipv6) slow4=$(peer_field slow ipv4)
c16=$(peer_field c1 ipv6) c26=$(peer_field c2 ipv6)
check "the shaped container is reached" reachable "$slow6" 60
check "its neighbour is reached" reachable "$near6" 60
check "the others are reached" eval "reachable $c16 60 && reachable $c26 60"
slow=$(pid_of b slow)
near_pid=$(pid_of a near)

# The neighbour alone.
before='{}'
for dir in down up; do
	for family in 6 4; do
		near=near$family
		rates "near=$(source_of $dir "$near_pid" "${!near}")"
		flow $dir "${!near}" 1 $((SECONDS_EACH + 6)) -b 200K -l 4K
		rate_is
		before=$(jq -c --argjson r "$(jq '.near // 0' <<<"$rate")" ".$dir$family = \$r" <<<"$before")
	done
done
note "the neighbour alone, kbit/s: $before"

holds htb

# A guarantee, while two others take what they get with eight flows each. The smallest that a label
# may ask for is 10 Mbit/s: where the emulation does not carry as much, selftests/net/test_shaper.c
# has to do.
guaranteed() {
	local dir=$1 near sum
	rates "near=$(source_of "$dir" "$near_pid" "$near6")" "c1=$(source_of "$dir" "$(pid_of a c1)" "$c16")" \
		"c2=$(source_of "$dir" "$(pid_of a c2)" "$c26")"
	# Datagrams: what TCP dares to send, in an emulation that is busy with the others, is less. Counting
	# begins with the last of them, which may be late by many seconds: the first ones are to last.
	flow "$dir" "$near6" 1 $((SECONDS_EACH + 30)) -u -b 11M -l 1200
	flow "$dir" "$c16" 8 $((SECONDS_EACH + 30))
	flow "$dir" "$c26" 8 $((SECONDS_EACH + 30))
	rate_is
	note "$dir, all at once, kbit/s: $rate"
	near=$(jq '.near // 0' <<<"$rate") sum=$(jq '[.[]] | add // 0' <<<"$rate")
	check "$dir: all together get no more than the total ($sum of ${TOTAL}000 kbit/s)" \
		test "$sum" -le $((TOTAL * 1050))
	if [ "$near" -lt 9500 ] && [ "$sum" -lt $((TOTAL * 900)) ]; then
		ok "$dir: a guarantee holds # SKIP this machine carries $sum kbit/s, $TOTAL Mbit/s are needed"
	else
		check "$dir: who has a guarantee of 10000 kbit/s gets it ($near)" test "$near" -ge 9500
	fi
}
for dir in down up; do guaranteed $dir; done

# Another tier, while packets flow: none is lost, and no link, route or tunnel is touched.
changed() {
	local peers
	peers=$(on relay sh -c 'wg show all peers; wg show all allowed-ips' | sort)
	on relay timeout 60 ip monitor link route >"$TMP/monitor" 2>&1 &
	monitor=$!
	in_client ping -6 -i 0.05 -c 160 -W 5 "$slow6" >"$TMP/ping" 2>&1 &
	ping=$!
	tier bob half
	wait $ping || true
	kill $monitor
	like "$1: another tier: no packet is lost" "$(cat "$TMP/ping")" ' 160 received'
	is "$1: another tier: no link and no route changes" \
		"$(grep -c -e slow -e wg0 -e wg1 -e ext0 -e sc- "$TMP/monitor")" 0
	is "$1: another tier: the tunnels stay" \
		"$(on relay sh -c 'wg show all peers; wg show all allowed-ips' | sort)" "$peers"
	rates "slow=tunnel:$slow"
	flow down "$slow6" 1 $((SECONDS_EACH + 8))
	rate_is
	between "$1: the new tier holds" "$(jq '.slow // 0' <<<"$rate")" 500 "$LOW" 105
	tier bob one
}
changed htb

shaper "mode: edt" "$TIERS"
check "edt: reached after the restart" reachable "$slow6" 30
holds edt
