#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pre-shared keys that differ: for 50 s nothing is lost, even when a handshake falls due just then; for
# good, traffic ends with the session, 180 s after the last handshake, and is back at once when they are
# alike again. WireGuard's timers make this long: LONG=1.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

if [ -z "${LONG-}" ]; then
	echo "TAP version 13"
	echo "1..0 # SKIP takes seven minutes: make check-long"
	exit 0
fi
RATE=${RATE:-200}
PERCENT=${PERCENT:-90}
plan 17
cleanup() {
	container_gone a skew
	on edge sh -c 'rm -rf /run/systemd/system/sidecar.service.d; systemctl daemon-reload; systemctl restart sidecar'
	on relay systemctl start relayd
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
cleanup
wait_until 60 on relay relayctl status
on edge sh -c 'mkdir -p /run/systemd/system/sidecar.service.d && printf "[Service]\nEnvironment=SIDECAR_PSK_PERIOD=10\n" >/run/systemd/system/sidecar.service.d/skew.conf && systemctl daemon-reload && systemctl restart sidecar'
container_run a skew
wait_until 60 has_peer skew
v6=$(peer_field skew ipv6)
check "the container is reached" reachable "$v6" 30
peer=$(peer_field skew pubkey)
pid=$(docker_on a inspect -f '{{.State.Pid}}' skew)
in_box() { on edge nsenter -t "$pid" -n "$@"; }
edge_psk() { in_box wg show sidecar0 preshared-keys | cut -f2; }
relay_psk() { on relay wg show wg0 preshared-keys | grep -F "$peer" | cut -f2; }
alike() { [ -n "$(edge_psk)" ] && [ "$(edge_psk)" = "$(relay_psk)" ]; }
unalike() { ! alike; }
set_relay_psk() { on relay bash -c "wg set wg0 peer $peer preshared-key <(echo $1)"; }
set_edge_psk() { in_box bash -c "wg set sidecar0 peer $relay_key preshared-key <(echo $1)"; }
relay_key=$(on relay wg show wg0 public-key)
handshake() { in_box wg show sidecar0 latest-handshakes | cut -f2; }
age() { echo $(($(on edge date +%s) - $(handshake))); }
older() { [ "$(age)" -ge "$1" ]; }
younger() { [ "$(age)" -lt "$1" ]; }
another() { [ "$(handshake)" != "$last" ]; }

# --- 50 s in which no handshake can succeed, begun just before one is due (120 s) ---
check "both ends have the same key" wait_until 20 alike
# Neither end puts its key back.
on edge systemctl stop sidecar
on relay systemctl stop relayd
stream_start skew "$pid" "$v6" "$RATE"
check "a fresh handshake" wait_until 160 younger 20
check "the next one is nearly due" wait_until 130 older 114
last=$(handshake)
new=$(on relay wg genpsk)
set_relay_psk "$new"
since=$SECONDS
check "the keys differ" unalike
while [ $((SECONDS - since)) -lt 50 ]; do sleep 1; done
is "50 s later there was no handshake" "$(handshake)" "$last"
note "the keys are made alike $(age) s after the last handshake"
set_edge_psk "$new"
check "alike again: a handshake" wait_until 20 another
note "it came $(($(handshake) - last)) s after the last one"
stream_end skew
stream_whole "keys that differ for 50 s" skew "$PERCENT"

# --- for good: the API is away, so that nobody makes them alike ---
on relay systemctl start relayd
wait_until 60 on relay relayctl status
on edge systemctl start sidecar
check "both ends have the same key again" wait_until 60 alike
on relay systemctl stop relayd
stream_start mismatch "$pid" "$v6" 20
right=$(edge_psk)
set_relay_psk "$(on relay wg genpsk)"
last=$(handshake)
check "190 s after the last handshake" wait_until 240 older 190
like "the agent's log says that no exchange succeeds" "$(on edge journalctl -u sidecar --no-pager -o cat -n 50)" \
	'skew: for [0-9]+ s: no key exchange succeeded \[505\]'
is "and so does its status" "$(on edge sidecar-agent --status | jq '.containers[] | select(.container == "skew") | .psk_old')" true
repaired=$(on edge date +%s.%N)
set_relay_psk "$right"
wait_until 30 another || true
sleep 2
stream_end mismatch
# The longest gap of each direction: after the last handshake, and after the keys were made alike.
for way in in out; do
	stops=$(jq -r --argjson h "$last" '.gaps | max_by(.[1] - .[0]) | .[0] - $h | round' "$TMP/mismatch.$way")
	back=$(jq -r --argjson r "$repaired" '.gaps | max_by(.[1] - .[0]) | (.[1] - $r) * 100 | round | . / 100' "$TMP/mismatch.$way")
	check "keys that differ for good, ${way}wards: traffic stops 175-185 s after the last handshake ($stops s)" \
		test "$stops" -ge 175 -a "$stops" -le 185
	check "${way}wards: it is back within 6 s of alike keys ($back s)" jq -en "$back > 0 and $back <= 6"
done
