#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A relay without a public IPv4 address: agents reach it over IPv6 alone, through a firewall that lets
# nothing in. The path is narrowed until it carries no more than the least tunnel, and nothing tells.
#
#   container ---- hosta0 ------- a0 [cgnat] up0 ======== cgnat0 [inet] wan0 ------ ext0 [relay]
#     sidecar0     2001:db8:a::2     firewall    MTU N    2001:db8:b::1             2001:db8:ffff::2
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan 17

join() { on edge sed -i "s|^SIDECAR_JOIN=.*|SIDECAR_JOIN=${1//&/\\&}|" /etc/sidecar/env; } # an ampersand means something to sed
path_mtu() {
	in_ns cgnat ip link set up0 mtu "$1"
	in_ns inet ip link set cgnat0 mtu "$1"
}
# To and from fe80:: nobody is told of anything but neighbours.
underlay_up() {
	on edge sh -c 'sysctl -qw net.ipv6.conf.hosta0.disable_ipv6=0 net.ipv6.conf.hosta0.accept_dad=0
		ip -6 addr add 2001:db8:a::2/64 dev hosta0 nodad
		ip -6 route replace default via 2001:db8:a::1'
	in_ns cgnat sh -c 'sysctl -qw net.ipv6.conf.all.forwarding=1
		ip -6 addr add 2001:db8:a::1/64 dev a0 nodad
		ip -6 addr add 2001:db8:b::2/64 dev up0 nodad
		ip -6 route replace default via 2001:db8:b::1'
	in_ns cgnat nft -f - <<-'END'
		table ip6 path {
			chain forward {
				type filter hook forward priority filter; policy drop
				iifname "a0" oifname "up0" accept
				iifname "up0" ct state established,related accept
			}
			chain out {
				type filter hook output priority filter
				icmpv6 type packet-too-big counter drop
			}
		}
	END
	in_ns inet sh -c 'ip -6 addr add 2001:db8:b::1/64 dev cgnat0 nodad
		ip -6 route replace 2001:db8:a::/64 via 2001:db8:b::2'
	in_ns inet nft -f - <<-'END'
		table ip6 path {
			chain out {
				type filter hook output priority filter
				icmpv6 type packet-too-big counter drop
			}
		}
	END
}
underlay_down() {
	path_mtu 1500
	in_ns inet sh -c 'nft delete table ip6 path; ip -6 addr del 2001:db8:b::1/64 dev cgnat0; ip -6 route del 2001:db8:a::/64'
	in_ns cgnat sh -c 'nft delete table ip6 path; ip -6 addr flush dev a0 scope global; ip -6 addr flush dev up0 scope global; ip -6 route flush default'
	on edge sh -c 'ip -6 addr flush dev hosta0 scope global; sysctl -qw net.ipv6.conf.hosta0.disable_ipv6=1'
}
cleanup() {
	in_client pkill -x ping
	container_gone a six
	underlay_down
	relay_up
	on relay systemctl restart relayd
	wait_until 60 on relay relayctl status
	join "$(on relay relayctl join)"
	on edge systemctl restart sidecar
}
at_exit cleanup

carries() { # carries MTU: both ways, both families, small and large
	local addr
	for addr in "$v6" "$v4"; do
		check "path for $1: reached, $addr" reachable "$addr" 60
		large_pass "path for $1" "$addr" 200000
	done
}

relay_up
agent_up a alice pulse+ipv4
container_gone a six
underlay_up
base=$RELAY_CONF
RELAY_CONF="${base/ipv4: 203.0.113.2, /}" relay_up
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
six=$(on relay relayctl join)
like "the join string has the relay's IPv6 address" "$six" '^sidecar://\[2001:db8:ffff::2\]:8443/'
join "$six"
on edge systemctl restart sidecar
container_run a six --label sidecar.ipv4=true
check "the container gets its addresses" wait_until 90 has_peer six
v6=$(peer_field six ipv6)
v4=$(peer_field six ipv4)
[ -n "$v6" ] # nothing below could work
check "MTU 1420 is found, which 1500 bytes of IPv6 carry to the byte" wait_until 120 mtu_found six 1420
from_there() { peer_field six endpoint | grep -q '^\[2001:db8:a::2\]:'; }
check "the tunnel's other end is the customer's IPv6 address" wait_until 60 from_there
carries 1420
# It is traffic that has the agent look every few seconds.
in_client ping -q -i 0.5 -s 200 "$v6" >/dev/null &
path_mtu 1360
check "the path becomes 1360 bytes: 1280 is found" wait_until 240 mtu_found six 1280
in_client pkill -x ping || true
carries 1280
