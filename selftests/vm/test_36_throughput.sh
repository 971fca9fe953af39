#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# TCP through all of the relay's hooks is at least what the same machine carries as a bare WireGuard
# router. Both paths are the same on the edge machine and take turns; only the relay differs:
#
#	client -- router == ext0: XDP, tc, VRF, HTB, wg0 ======= host A: container "fast", sidecar0
#	                 \= eth2: forwarding, wgbare; netns bare == host A: netns barehost, wgb0
#
# Under emulation a ratio means something, a speed does not. A pair's ratio strays by a sixth either way,
# so the median of equals is as often below 100 as above: it is printed, and what fails is more than three
# quarters of the pairs below 100, which equals do in less than one run of fifty.
set -eu
cd "$(dirname "$0")/../.."
# Minutes of emulation and most of two cores: not a part of every check.
if [ -z "${LONG-}" ]; then
	echo "1..0 # SKIP only with LONG=1 (make check-long)"
	exit 4
fi
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

ROUNDS=15
# Far more than emulation carries: the shaper has its class and never holds anything back.
TIER='tiers:
  pulse+ipv4: {peers: 25, ipv4: 8, ipv6: 256, guarantee_mbps: 500, rate_kbps: 2000000, smtp: true}
'
EACH=4
plan 9

cleanup() {
	for vm in relay edge; do on $vm sh -c 'echo "module wireguard -p" >/proc/dynamic_debug/control'; done
	container_gone a fast
	relay_up
	on relay systemctl restart relayd
	on edge sh -c 'ip netns pids barehost | xargs -r kill'
	on edge ip netns del barehost
	on relay ip netns del bare
	in_ns inet sh -c 'ip link set eth2 down; ip addr flush dev eth2'
}
at_exit cleanup

# The bare router: a namespace without any hook or rule, the second cable alone.
bare_relay() { # bare_relay OWN-KEY PEER-PUBLIC-KEY
	on relay bash -eus -- "$@" <<'EOT'
ip netns add bare
ip link set eth2 netns bare
run() { nsenter --net=/run/netns/bare "$@"; }
run sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.eth2.accept_dad=0
run ip link set eth2 up
run ip addr add 198.18.1.2/24 dev eth2
run ip -6 addr add 2001:db8:ba::2/64 dev eth2 nodad
run ip route add default via 198.18.1.1
run ip -6 route add default via 2001:db8:ba::1
run ip link add wgbare mtu 1420 type wireguard
echo "$1" | run wg set wgbare listen-port 51900 private-key /dev/stdin peer "$2" \
	allowed-ips 2001:db8:b::1/128,198.18.2.1/32
run ip link set wgbare up
run ip route add 198.18.2.1 dev wgbare
run ip -6 route add 2001:db8:b::1 dev wgbare
EOT
}

# The tunnel's other end as the agent makes it: its socket on the host, the device in a namespace.
bare_edge() { # bare_edge OWN-KEY RELAY-PUBLIC-KEY
	on edge bash -eus -- "$@" <<'EOT'
ip link set eth2 netns inet 2>/dev/null || true # it stayed there
inet() { nsenter --net=/run/netns/inet "$@"; }
inet ip link set eth2 up
inet ip addr add 198.18.1.1/24 dev eth2
inet ip -6 addr add 2001:db8:ba::1/64 dev eth2 nodad
inet ip route add 198.18.2.0/24 via 198.18.1.2
inet ip -6 route add 2001:db8:b::/64 via 2001:db8:ba::2
ip netns add barehost
run() { nsenter --net=/run/netns/barehost "$@"; }
ip link add wgb0 mtu 1420 type wireguard
echo "$1" | wg set wgb0 private-key /dev/stdin peer "$2" endpoint 198.18.1.2:51900 \
	persistent-keepalive 25 allowed-ips ::/0,0.0.0.0/0
ip link set wgb0 netns barehost
run ip link set lo up
run ip addr add 198.18.2.1/32 dev wgb0
run ip -6 addr add 2001:db8:b::1/128 dev wgb0 nodad
run ip link set wgb0 up
run ip route add default dev wgb0
run ip -6 route add default dev wgb0
run iperf3 -s -D
EOT
}

# WireGuard gives each peer one CPU for what has to stay in order, by the peer's number: on another CPU
# the same path carries up to 12 % more or less. So both paths' peers get the same one.
peer_nr() { # peer_nr VM: of the peer that was made last
	on "$1" dmesg | sed -n 's/.*: Peer \([0-9]*\) created$/\1/p' | tail -1
}
peer_cpu() { # peer_cpu VM NUMBER
	echo $(($2 % $(on "$1" nproc)))
}
same_cpu() { # same_cpu VM CPU: the next peer gets this CPU
	until [ "$(peer_cpu "$1" $(($(peer_nr "$1") + 1)))" = "$2" ]; do
		on "$1" sh -c 'ip link add wgskip type wireguard; wg set wgskip peer "$(wg genkey | wg pubkey)"; ip link del wgskip'
	done
}

declare -A addr=([bare4]=198.18.2.1 [bare6]=2001:db8:b::1) cpu
for vm in relay edge; do
	on $vm sh -c 'modprobe wireguard && echo "module wireguard +p" >/proc/dynamic_debug/control'
done
relay_up "$TIER"
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
agent_up a alice pulse+ipv4
container_gone a fast
docker_on a run -d --name fast --label sidecar.enable=true --label sidecar.ipv4=true \
	-v /usr:/usr:ro sidecar-test iperf3 -s >/dev/null
wait_until 60 has_peer fast
addr[fast6]=$(peer_field fast ipv6)
addr[fast4]=$(peer_field fast ipv4)
check "the container is reached" reachable "${addr[fast6]}" 60
is "it has a class of its own, both ways" "$(on relay sh -c '(tc class show dev ext0; tc class show dev wg0) | grep -c "leaf .*ceil 2Gbit"')" 2

check "the kernel has said the number of its tunnel's peer" test -n "$(peer_nr relay)" -a -n "$(peer_nr edge)"
for vm in relay edge; do
	cpu[$vm]=$(peer_cpu $vm "$(peer_nr $vm)")
	same_cpu $vm "${cpu[$vm]}"
done
relay_key=$(on relay wg genkey) host_key=$(on relay wg genkey)
bare_relay "$relay_key" "$(on relay wg pubkey <<<"$host_key")"
bare_edge "$host_key" "$(on relay wg pubkey <<<"$relay_key")"
check "the bare router carries packets" reachable "${addr[bare6]}" 30
is "WireGuard has the same CPU for either path, on the relay and on the host" \
	"$(peer_cpu relay "$(peer_nr relay)") $(peer_cpu edge "$(peer_nr edge)")" "${cpu[relay]} ${cpu[edge]}"

# kbps ADDR [-R]: TCP's own, after a second.
kbps() {
	in_client iperf3 -J -O 1 -t "$EACH" --connect-timeout 20000 -c "$@" |
		jq '.end.sum_received.bits_per_second // 0 | . / 1000 | round'
}
# The pairs' ratios in percent, sorted: each pair was measured within seconds, whatever else the machine
# did meanwhile.
ratios() { paste -d' ' "$TMP/fast" "$TMP/bare" | awk '{ printf "%d\n", $1 * 100 / ($2 + 1) }' | sort -n; }
median() { awk '{ v[NR] = $1 } END { print int(NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'; }

for family in 6 4; do
	for dir in "" -R; do
		name="IPv$family, $([ -z "$dir" ] && echo "to the container" || echo "from the container")"
		order="bare fast"
		rm -f "$TMP/fast" "$TMP/bare"
		for ((round = 0; round < ROUNDS; round++)); do
			for path in $order; do
				# shellcheck disable=SC2086
				kbps "${addr[$path$family]}" $dir >>"$TMP/$path"
			done
			order="${order#* } ${order% *}"
		done
		percent=$(ratios | median)
		below=$(ratios | awk '$1 < 100' | wc -l)
		note "$name, kbit/s under emulation: bare $(paste -sd' ' "$TMP/bare"); all hooks $(paste -sd' ' "$TMP/fast")"
		note "$name, percent of the bare router, $ROUNDS pairs: median $percent, from $(ratios | head -1) to $(ratios | tail -1)"
		check "$name: the bare router's TCP is not more ($below of $ROUNDS pairs below it, median $percent %)" \
			test $((below * 4)) -le $((ROUNDS * 3))
	done
done
