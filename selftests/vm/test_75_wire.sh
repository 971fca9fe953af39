#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a listener between a customer's host and the relay sees of a whole session, and what the agent's
# log tells: no token, no key, no address of a container.
#
#	container -- host A -- cgnat 198.51.100.2 -- inet: wan0 ===== ext0: relay
#	                                      |        ^ tcpdump        ^ tcpdump
#	                          client0: the internet host. Here everything is in the clear: the
#	                                   same search must find it.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

NAME=wire-box-4711
STATE=/var/lib/sidecar-agent-wire
DROPIN=/run/systemd/system/sidecar.service.d
plan 15
cleanup() {
	container_gone a $NAME
	container_gone a wire-wrong-4712
	on relay systemctl stop 'wire-*' 2>/dev/null
	on edge sh -c "systemctl stop 'wire-*'; rm -rf $DROPIN $STATE /tmp/wire-*; systemctl daemon-reload; systemctl restart sidecar" 2>/dev/null
	on relay sh -c 'rm -rf /tmp/wire-*; systemctl start relayd'
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
cleanup
wait_until 60 on relay relayctl status

# capture UNIT VM COMMAND...: tcpdump in the background, from now on
capture() {
	local unit=$1 vm=$2
	shift 2
	on "$vm" systemd-run -q --collect --unit "$unit" "$@"
	wait_until 30 listening
}
listening() { on "$vm" journalctl -u "$unit" --no-pager -o cat | grep -q 'listening on'; }
TCPDUMP="tcpdump -Z root -U -s 0 -n"
# The customer's host from outside, whatever it talks.
HOST="host 198.51.100.2"
# start_captures TAG
# shellcheck disable=SC2086 # words on purpose
start_captures() {
	capture "wire-relay-$1" relay $TCPDUMP -i ext0 -w "/tmp/wire-$1.pcap" $HOST
	capture "wire-wan-$1" edge nsenter --net=/run/netns/inet $TCPDUMP -i wan0 -w "/tmp/wire-$1.pcap" $HOST
}
# end_captures TAG: into $TMP/TAG-*.pcap
end_captures() {
	on relay systemctl stop "wire-relay-$1"
	on edge systemctl stop "wire-wan-$1"
	on relay cat "/tmp/wire-$1.pcap" >"$TMP/$1-relay.pcap"
	on edge cat "/tmp/wire-$1.pcap" >"$TMP/$1-wan.pcap"
}

# --- a whole session, of a host that is new ---
on edge systemctl stop sidecar
start_captures session
# shellcheck disable=SC2086
capture wire-client edge nsenter --net=/run/netns/inet $TCPDUMP -i client0 -w /tmp/wire-client.pcap
on edge sh -c "mkdir -p $DROPIN && printf 'SIDECAR_LOG=codes\nSIDECAR_STATE_DIR=$STATE\nSIDECAR_PSK_PERIOD=5\n' >/tmp/wire-env &&
	printf '[Service]\nEnvironmentFile=/tmp/wire-env\n' >$DROPIN/wire.conf && systemctl daemon-reload && systemctl start sidecar"
container_run a $NAME --label sidecar.ipv4=true
docker_on a run -d --name wire-wrong-4712 --label sidecar.enable=true --label sidecar.bandwidth=4713 \
	-v /usr:/usr:ro sidecar-test python3 /usr/lib/sidecar-test/probe.py serve 7777 >/dev/null
check "the host is enrolled, the container has its peer" wait_until 90 has_peer $NAME
v6=$(peer_field $NAME ipv6)
v4=$(peer_field $NAME ipv4)
check "it is reached" reachable "$v6" 60
pid=$(docker_on a inspect -f '{{.State.Pid}}' $NAME)
in_box() { on edge nsenter -t "$pid" -n "$@"; }
: >"$TMP/needles"
needle() { echo "$*" >>"$TMP/needles"; } # needle NAME TEXT | NAME = BASE64
# The keys of the moment, at both ends.
note_keys() {
	needle "$1-private" = "$(in_box wg show all private-key | cut -f2 | tail -n 1)"
	needle "$1-public" = "$(in_box wg show all public-key | cut -f2 | tail -n 1)"
	needle "$1-psk" = "$(in_box wg show all preshared-keys | cut -f3 | tail -n 1)"
}
note_keys first
psk() { in_box wg show all preshared-keys | cut -f3 | tail -n 1; }
before=$(psk)
another() { [ "$(psk)" != "$before" ]; }
check "another key is agreed on" wait_until 60 another
note_keys second
like "a rotation" "$(on edge sidecar-agent --rotate $NAME 2>&1)" 'new key'
note_keys third
marker=marker-$(head -c 12 /dev/urandom | base64 | tr '+/' ab)
in_client bash -c "echo $marker >/dev/udp/$v6/9; echo $marker >/dev/udp/$v4/9"
in_box bash -c "echo $marker >/dev/udp/2001:db8:c::10/9; echo $marker >/dev/udp/192.0.2.10/9"
is "traffic both ways" "$(probe --timeout 60 tcp "$v6" 7777 100000 | jq -r .ok)$(probe --timeout 60 tcp "$v4" 7777 100000 | jq -r .ok)" truetrue
# The API away for a while, and back: that is in the log, too.
on relay systemctl stop relayd
coded() { on edge journalctl -u sidecar --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$(on edge systemctl show -p InvocationID --value sidecar)"; }
logged() { coded | grep -qE ": $1( |\$)"; }
check "the agent notices that the API is away" wait_until 60 logged 401
on relay systemctl start relayd
check "and that it is back" wait_until 90 logged 402
end_captures session
on edge systemctl stop wire-client
on edge cat /tmp/wire-client.pcap >"$TMP/client.pcap"

# --- the search ---
needle address6 "$v6"
needle address4 "$v4" 192.0.2.10
needle marker "$marker"
needle container $NAME
needle containers-id "$(docker_on a inspect -f '{{.Id}}' $NAME)"
needle token "$(on edge sed -n 's/^SIDECAR_TOKEN=//p' /etc/sidecar/env)"
needle machine "$(on edge jq -r .machine $STATE/state.json)"
needle machine-key = "$(on edge base64 -w0 $STATE/machine.key)"
for wg in wg0 wg1; do
	needle "relay-$wg-private" = "$(on relay wg show $wg private-key)"
	needle "relay-$wg-public" = "$(on relay wg show $wg public-key)"
done
find_in() { selftests/vm/wire.py find "$TMP/needles" "$@" | sort; }
size() { cat "$@" | wc -c; }
is "between host and relay: nothing of $(wc -l <"$TMP/needles") secrets ($(size "$TMP"/session-*.pcap) bytes captured)" \
	"$(find_in "$TMP"/session-*.pcap)" ""
for pcap in relay wan; do
	like "what was captured at $pcap is the session: TLS and WireGuard" \
		"$(on edge tcpdump -n -q -r - <"$TMP/session-$pcap.pcap" 2>/dev/null | grep -oE '203\.0\.113\.2\.(8443|5182[01])' | sort -u | paste -sd' ')" \
		'^203.0.113.2.51820 203.0.113.2.51821 203.0.113.2.8443$'
done
is "on the internet's side the same search finds the traffic" "$(find_in "$TMP/client.pcap" | paste -sd' ')" \
	"address4 (raw destination) address4 (raw source) address6 (raw) marker (text)"
# Each of them would have been found.
start_captures control
selftests/vm/wire.py put "$TMP/needles" >"$TMP/all"
on edge python3 -c 'import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in sys.stdin:
    sock.sendto(bytes.fromhex(line), ("203.0.113.2", 9))' <"$TMP/all"
seen() { on relay sh -c "tcpdump -n -r /tmp/wire-control.pcap 2>/dev/null | grep -c '203.0.113.2.9:'" | grep -qx "$(wc -l <"$TMP/all")"; }
wait_until 20 seen || true
end_captures control
is "sent in clear, every one of them is found" "$(find_in "$TMP"/control-relay.pcap | wc -l)" \
	"$(wc -l <"$TMP/all")"

# --- the agent's log ---
coded >"$TMP/log"
is "the agent's log: codes and ids alone" "$(grep -vE '^(agent|worker): [0-9]{3}( [0-9a-f]{12})?$' "$TMP/log" || true)" ""
sed 's/^containers-id .*//; /^$/d' "$TMP/needles" >"$TMP/without-id"
is "of enrolment, addresses, a wrong label and a rotation" \
	"$(for code in 408 305 301 503; do grep -cE ": $code( |\$)" "$TMP/log" | sed 's/[1-9][0-9]*/+/'; done | paste -sd' ')" "+ + + +"
is "and none of the secrets" "$(selftests/vm/wire.py find "$TMP/without-id" "$TMP/log")" ""
