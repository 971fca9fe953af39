#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pre-shared keys and pins: closed before the first exchange, rotated without losing a packet, kept
# while the API is away, and agreed on through a post-quantum channel with the right relay only.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

LEAST=40 # seconds of traffic, until a handshake has used a rotated key
RATE=50    # packets a second each way
PERCENT=50 # of it: a machine that has little time for the emulation sends fewer
if [ -n "${LONG-}" ]; then
	LEAST=300
	RATE=200
	PERCENT=90
fi
plan 30
# The relay that an agent at host A reaches is another one.
pass_for_relay() {
	in_ns inet nft -f - <<-END
		table ip pass {
			chain in {
				type nat hook prerouting priority dstnat
				iifname "cgnat0" ip daddr 203.0.113.2 tcp dport 8443 redirect to :9443
			}
		}
	END
}
cleanup() {
	container_gone a keys
	in_ns inet nft delete table ip pass 2>/dev/null || true
	in_client ip link del wgtest 2>/dev/null || true
	on edge sh -c 'systemctl stop keys-pass 2>/dev/null; rm -rf /run/systemd/system/sidecar.service.d /tmp/keys-*; systemctl daemon-reload; systemctl restart sidecar'
	on relay systemctl start relayd
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
cleanup
wait_until 60 on relay relayctl status

# --- the agent's own: a key every 10 s ---
on edge sh -c 'mkdir -p /run/systemd/system/sidecar.service.d && printf "[Service]\nEnvironment=SIDECAR_PSK_PERIOD=10\n" >/run/systemd/system/sidecar.service.d/keys.conf && systemctl daemon-reload && systemctl restart sidecar'
container_run a keys
wait_until 60 has_peer keys
v6=$(peer_field keys ipv6)
check "the container is reached" reachable "$v6" 30
peer=$(peer_field keys pubkey)
pid=$(docker_on a inspect -f '{{.State.Pid}}' keys)
of_edge() { on edge nsenter -t "$pid" -n wg show sidecar0 preshared-keys | cut -f2 | sha256sum; }
of_relay() { on relay wg show wg0 preshared-keys | grep -F "$peer" | cut -f2 | sha256sum; }
alike() { [ "$(of_edge)" = "$(of_relay)" ]; }
check "both ends have the same key" wait_until 10 alike

# --- a peer without an exchange: made by hand, on the internet host ---
token=$(relay_token alice pulse+ipv4)
api() { # api METHOD PATH BODY [curl options]: prints STATUS; the body is left in /tmp/keys-body
	local method=$1 path=$2 body=$3
	shift 3
	in_client curl -sk -m 20 -X "$method" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
		-d "$body" -o /tmp/keys-body -w '%{http_code}' "$@" "https://203.0.113.2:8443$path" || true
}
body() { on edge jq -r ".$1 // empty" /tmp/keys-body; }
key=$(on relay wg genkey)
pub=$(on relay sh -c "echo '$key' | wg pubkey")
is "a peer is added by hand" "$(api POST /v1/peers "{\"pubkey\":\"$pub\",\"ipv4\":false,\"container\":\"byhand\"}")" 201
hand6=$(body ipv6)
relay_pub=$(body relay.pubkey)
in_client sh -c "ip link add wgtest type wireguard && ip addr add $hand6/128 dev wgtest && echo '$key' >/tmp/keys-wg &&
	wg set wgtest private-key /tmp/keys-wg peer $relay_pub endpoint 203.0.113.2:51820 allowed-ips ::/0 persistent-keepalive 1 &&
	ip link set wgtest up && ip -6 route add 2001:db8:ffff::2/128 dev wgtest"
in_client ping -6 -c 10 -i 1 -W 1 -I "$hand6" 2001:db8:ffff::2 >/dev/null 2>&1 || true
is "before the first exchange: no handshake succeeds" "$(in_client wg show wgtest latest-handshakes | cut -f2)" 0
is "before the first exchange: the relay let 0 packets in" "$(peer_field byhand up_packets)" 0
isnt "before the first exchange: the relay has a key, a random one" \
	"$(on relay wg show wg0 preshared-keys | grep -F "$pub" | cut -f2)" "(none)"

# --- the exchange needs a post-quantum channel and the account's own peer ---
offer="{\"pubkey\":\"$pub\",\"epoch\":1,\"kem\":\"$(head -c 1216 /dev/zero | base64 -w0)\"}"
is "X25519 alone: the exchange is refused" "$(api POST /v1/peers/psk "$offer" --curves X25519)" 403
is "X25519 alone: the answer says why" "$(body code)" post_quantum_required
is "X25519 alone: a commit is refused" "$(api PUT /v1/peers/psk "$offer" --curves X25519)" 403
is "X25519MLKEM768: the exchange is heard" "$(api POST /v1/peers/psk "$offer" --curves X25519MLKEM768)" 409
is "an epoch that is not the next one: the answer names it" "$(body code)" psk_epoch
check "and it is a number" test "$(body epoch)" -gt 0
next=$(body epoch)
is "a malformed public key is refused" "$(api POST /v1/peers/psk "{\"pubkey\":\"$pub\",\"epoch\":$next,\"kem\":\"$(head -c 1216 /dev/zero | tr '\0' '\377' | base64 -w0)\"}")" 400
api DELETE /v1/peers "{\"pubkey\":\"$pub\"}" >/dev/null
in_client ip link del wgtest

# --- under traffic both ways ---
: >"$TMP/keys"
handshake() { on edge nsenter -t "$pid" -n wg show sidecar0 latest-handshakes | cut -f2; }
first=$(handshake)
stream_start rotated "$pid" "$v6" $RATE
begun=$SECONDS
while [ $((SECONDS - begun)) -lt $LEAST ] || { [ "$(handshake)" = "$first" ] && [ $((SECONDS - begun)) -lt 180 ]; }; do
	of_relay >>"$TMP/keys"
	sleep 5
done
took=$((SECONDS - begun))
stream_end rotated
keys=$(sort -u "$TMP/keys" | wc -l)
stream_whole "a key every 10 s for $took s" rotated $PERCENT
check "the key changed every 10 s ($keys keys in $took s)" test "$keys" -ge $((took / 15))
check "a handshake has used one of them" test "$(handshake)" -gt "$first"
check "both ends have the same key again" wait_until 10 alike

# --- what starts anew ---
on relay systemctl restart relayd
check "relayd started anew: both ends have the same key" wait_until 20 alike
on edge systemctl restart sidecar
check "agent started anew: both ends have the same key" wait_until 20 alike
check "and packets pass" answers "$v6"

# --- pins ---
join=$(on relay relayctl join)
agent_says() { # agent_says SECONDS JOIN: the log of an agent with a state of its own
	on edge env SIDECAR_TOKEN="$token" SIDECAR_JOIN="$2" SIDECAR_STATE_DIR=/tmp/keys-state SIDECAR_SOCKET=/tmp/keys-sock SIDECAR_LOG=text \
		sh -c "mkdir -p /tmp/keys-state; timeout $1 sidecar-agent 2>&1" || true
}
like "no pin: the agent does not start" "$(agent_says 10 "${join%%\?*}")" 'SIDECAR_JOIN: .*pin'
wrong="${join%%\?*}?pin=$(printf 'A%.0s' {1..43})&pin=$(printf 'E%.0s' {1..43})"
like "wrong pin: the relay is not believed" "$(agent_says 15 "$wrong")" 'relay not reached'
# Another key's certificate, with the same names, signed by itself.
pass_for_relay
on relay cat /var/lib/relayd/api/tls/live.crt | on edge sh -c 'cat >/tmp/keys-true.crt && cd /tmp && openssl ecparam -name prime256v1 -genkey -noout -out keys-own.key &&
	openssl x509 -in keys-true.crt -x509toreq -signkey keys-own.key -copy_extensions copy 2>/dev/null |
	openssl x509 -req -signkey keys-own.key -days 9 -copy_extensions copyall -out keys-own.crt 2>/dev/null'
on edge systemd-run -q --collect --unit keys-pass --property StandardOutput=file:/tmp/keys-heard --property StandardError=file:/tmp/keys-state.log \
	nsenter --net=/run/netns/inet sh -c 'tail -f /dev/null | openssl s_server -accept 9443 -cert /tmp/keys-own.crt -key /tmp/keys-own.key -tls1_3 -groups X25519MLKEM768 -state'
listening() { in_ns inet ss -ltn | grep -q :9443; }
wait_until 30 listening
is "its certificate is signed by itself" "$(on edge openssl verify -CAfile /tmp/keys-own.crt /tmp/keys-own.crt 2>&1)" "/tmp/keys-own.crt: OK"
like "self-signed certificate of another key: the relay is not believed" "$(agent_says 15 "$join")" 'matches none of the 2 pins.*relay not reached'
like "it hears so" "$(on edge cat /tmp/keys-state.log)" 'alert read:fatal:bad certificate'
unlike "and nothing else" "$(on edge cat /tmp/keys-heard)" 'GET|POST|Bearer|sct_live'
on edge curl -sk -m 5 -H 'Authorization: Bearer control' https://203.0.113.2:8443/ >/dev/null 2>&1 || true
like "which would be seen" "$(on edge cat /tmp/keys-heard)" 'Bearer control'
on edge systemctl stop keys-pass
in_ns inet nft delete table ip pass
is "the relay's own is signed by itself, too: its key is what counts" \
	"$(on relay sh -c 'cd /var/lib/relayd/api/tls && openssl verify -CAfile live.crt live.crt')" "live.crt: OK"
# An expired certificate of the same key, signed by itself: pins are about keys (RFC 7671 section 5.1).
on relay sh -c 'cd /var/lib/relayd/api/tls && openssl req -x509 -key live.key -subj /CN=old -not_before 20200101000000Z \
	-not_after 20200102000000Z -out old.crt 2>/dev/null && chown --reference=live.crt old.crt && mv old.crt live.crt && systemctl restart relayd'
wait_until 60 on relay relayctl status
on edge systemctl restart sidecar
changed() { alike && ! grep -qF "$(of_relay)" "$TMP/keys"; }
of_relay >>"$TMP/keys"
check "expired certificate of the pinned key: exchanges go on" wait_until 40 changed
