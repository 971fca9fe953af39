#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The test machines' network, made at boot. Two machines, joined by one Ethernet segment:
#
#   machine "edge"                                                          machine "relay"
#   root ns: customer host A          netns cgnat             netns inet
#     hosta0 10.64.1.2/24 ----- 10.64.1.1  masquerade     the internet's router
#   netns hostb: customer host B      no way in, no IPv6
#     hostb0 10.64.2.2/24 ----- 10.64.2.1
#                                 198.51.100.2/24 ----- 198.51.100.1
#   netns client: an internet host                      192.0.2.1, 2001:db8:c::1
#     192.0.2.10/24, 2001:db8:c::10/64 -----------------/
#                                                       wan0 203.0.113.1/24, fe80::1 ===== ext0
#                                                            2001:db8:ffff::1/64           203.0.113.2/24
#   The router believes the relay's pools to be on this segment:                         2001:db8:ffff::2/64
#     2001:db8:5:5::/64 and 203.0.113.128/26 (inside its /24)
set -eu

ip link set mgmt0 up
ip addr add 10.0.2.15/24 dev mgmt0
ip link set lo up

join() { # join NS1 DEV1 NS2 DEV2: a veth pair between two namespaces ("1" = this one)
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	in_ns "$1" ip link set "$2" up
	in_ns "$3" ip link set "$4" up
}
in_ns() {
	ns=$1
	shift
	if [ "$ns" = 1 ]; then "$@"; else nsenter --net="/run/netns/$ns" "$@"; fi
}
sysctl_in() { # sysctl_in NS KEY VALUE
	in_ns "$1" sysctl -qw "$2=$3"
}

relay() {
	sysctl -qw net.ipv6.conf.ext0.accept_dad=0
	ip link set ext0 up
	ip addr add 203.0.113.2/24 dev ext0
	ip -6 addr add 2001:db8:ffff::2/64 dev ext0 nodad
	ip route add default via 203.0.113.1
	ip -6 route add default via fe80::1 dev ext0
}

edge() {
	for ns in hostb cgnat inet client; do
		ip netns add $ns
		in_ns $ns ip link set lo up
		sysctl_in $ns net.ipv6.conf.default.accept_dad 0
	done
	join 1 hosta0 cgnat a0
	join hostb hostb0 cgnat b0
	join cgnat up0 inet cgnat0
	join client eth0 inet client0
	ip link set wan0 netns inet

	ip addr add 10.64.1.2/24 dev hosta0
	ip route add default via 10.64.1.1
	sysctl -qw net.ipv6.conf.hosta0.disable_ipv6=1
	in_ns hostb ip addr add 10.64.2.2/24 dev hostb0
	in_ns hostb ip route add default via 10.64.2.1
	sysctl_in hostb net.ipv6.conf.hostb0.disable_ipv6 1

	in_ns cgnat ip addr add 10.64.1.1/24 dev a0
	in_ns cgnat ip addr add 10.64.2.1/24 dev b0
	in_ns cgnat ip addr add 198.51.100.2/24 dev up0
	in_ns cgnat ip route add default via 198.51.100.1
	sysctl_in cgnat net.ipv4.ip_forward 1
	in_ns cgnat nft -f - <<-EOF
		table ip nat {
			chain out {
				type nat hook postrouting priority srcnat
				oifname "up0" masquerade
			}
			chain in {
				type filter hook forward priority filter; policy drop
				iifname { "a0", "b0" } oifname "up0" accept
				iifname "up0" ct state established,related accept
			}
		}
	EOF

	sysctl_in inet net.ipv4.ip_forward 1
	sysctl_in inet net.ipv6.conf.all.forwarding 1
	in_ns inet ip addr add 198.51.100.1/24 dev cgnat0
	in_ns inet ip addr add 192.0.2.1/24 dev client0
	in_ns inet ip -6 addr add 2001:db8:c::1/64 dev client0 nodad
	sysctl_in inet net.ipv6.conf.wan0.accept_dad 0
	in_ns inet ip link set wan0 up
	in_ns inet ip addr add 203.0.113.1/24 dev wan0
	in_ns inet ip -6 addr add 2001:db8:ffff::1/64 dev wan0 nodad
	in_ns inet ip -6 addr add fe80::1/64 dev wan0 nodad
	in_ns inet ip -6 route add 2001:db8:5:5::/64 dev wan0
	in_ns client ip addr add 192.0.2.10/24 dev eth0
	in_ns client ip -6 addr add 2001:db8:c::10/64 dev eth0 nodad
	in_ns client ip route add default via 192.0.2.1
	in_ns client ip -6 route add default via 2001:db8:c::1
	# Counts what the tests ask for: packets by address, at the router and at the internet host.
	for ns in inet client; do
		in_ns $ns nft -f - <<-EOF
			table inet count {
				set to6 { type ipv6_addr; size 256; flags dynamic; counter; }
				set to4 { type ipv4_addr; size 256; flags dynamic; counter; }
				set from6 { type ipv6_addr; size 256; flags dynamic; counter; }
				set from4 { type ipv4_addr; size 256; flags dynamic; counter; }
				chain count {
					type filter hook prerouting priority raw
					add @to6 { ip6 daddr }
					add @to4 { ip daddr }
					add @from6 { ip6 saddr }
					add @from4 { ip saddr }
				}
			}
		EOF
	done
}

case $(cat /proc/cmdline) in
*sidecar.role=relay*) relay ;;
*) edge ;;
esac
