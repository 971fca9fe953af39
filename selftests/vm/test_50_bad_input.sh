#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Bad input of every kind gets its exact answer, and the relay serves others meanwhile.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

plan 38
cleanup() {
	for c in good bad1 bad2 bad3 bad4 bad5; do container_gone a $c; done
	for addr in 192.0.2.11 192.0.2.12; do in_client ip addr del $addr/32 dev eth0 2>/dev/null || true; done
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
cleanup
container_run a good
wait_until 60 has_peer good
v6=$(peer_field good ipv6)
check "a good container is reached before" reachable "$v6" 30

# --- configuration: file, line, column, and what is wrong; exit code 2 ---
conf_says() { # conf_says NAME PATTERN <<text
	local out code=0
	on relay sh -c 'cat >/tmp/t.yaml'
	out=$(on relay relayd -n -c /tmp/t.yaml 2>&1) || code=$?
	is "$1: exit code 2" "$code" 2
	like "$1: says where and what" "$out" "$2"
}
conf_says "unknown key" 't.yaml:2:1: .*"colour"' <<'EOF'
uplink: ext0
colour: red
EOF
conf_says "unknown key, nested" 't.yaml:3:28: .*"size"' <<'EOF'
uplink: ext0
pools:
  - {prefix: 192.0.2.0/24, size: 3}
EOF
conf_says "host bits in a prefix" 't.yaml:3:14: .*2001:db8::1/64' <<'EOF'
uplink: ext0
pools:
  - {prefix: "2001:db8::1/64"}
EOF
conf_says "not YAML" 't.yaml:3:1: ' <<'EOF'
uplink: ext0
pools: [
EOF
out=$(on relay sh -c 'relayd -n -c /etc/sidecar/relay.yaml >/tmp/c1 && relayd -n -c /tmp/c1 | diff /tmp/c1 - && echo same' 2>&1 || true)
is "the printed configuration parses to itself" "$out" same

# --- API: status and code ---
token=$(relay_token mallory free)
api() { # api METHOD PATH TOKEN BODY [curl options]: prints "STATUS CODE-OF-THE-PROBLEM"
	local method=$1 path=$2 auth=$3 body=$4
	shift 4
	printf '%s' "$body" | in_client curl -sk --tlsv1.3 -m 20 -X "$method" -H "Authorization: Bearer $auth" \
		-H 'Content-Type: application/json' --data-binary @- -o /tmp/body -w '%{http_code}' "$@" \
		"https://203.0.113.2:8443$path" || true
	echo " $(on edge sh -c 'jq -r ".code // empty" /tmp/body 2>/dev/null; rm -f /tmp/body')"
}
is "wrong token prefix" "$(api GET /v1/peers sk_live_abc '')" "401 invalid_token"
out=$(in_client curl -sk -m 20 -i -H 'Authorization: Bearer sk_live_abc' https://203.0.113.2:8443/v1/peers | tr -d '\r')
like "wrong token prefix: the answer names the mistake" "$out" 'sct_live_'
like "401 says where the authorization server is named" "$out" '^[Ww][Ww][Ww]-[Aa]uthenticate: Bearer .*resource_metadata='
is "wrong checksum in a token" "$(api GET /v1/peers "${token%?}$([ "${token: -1}" = a ] && echo b || echo a)" '')" "401 invalid_token"
is "no such path" "$(api GET /v1/nothing "$token" '')" "404 not_found"
is "wrong method" "$(api PATCH /v1/peers "$token" '{}')" "405 method_not_allowed"
is "bad base64 key" "$(api POST /v1/peers "$token" '{"pubkey":"%%%","ipv4":false}')" "400 invalid_request"
is "key of another length" "$(api POST /v1/peers "$token" '{"pubkey":"AAAA","ipv4":false}')" "400 invalid_request"
is "unknown member" "$(api POST /v1/peers "$token" '{"pubkey":"AAAA","ipv5":false}')" "400 invalid_request"
is "not JSON" "$(api POST /v1/peers "$token" '{"pubkey')" "400 invalid_json"
is "an address the tier does not grant" "$(api POST /v1/peers "$token" "{\"pubkey\":\"$(on relay sh -c 'wg genkey | wg pubkey')\",\"ipv4\":true}")" "403 ipv4_quota"
head -c 40000 /dev/zero | tr '\0' ' ' >"$TMP/big"
is "oversized body" "$(api POST /v1/peers "$token" "$(cat "$TMP/big")x")" "413 body_too_large"

# --- strangers on the ports ---
# Not from the address that is served: each has a limit of its own. Two lines: "held" when the relay has
# turned away what is above 16 of an address, and at the end what became of all, as JSON. Times are
# seconds since boot.
cat >"$TMP/strangers.py" <<'EOF'
import json, os, select, socket, time
def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)
def connect(source, data):
    s = socket.create_connection(("203.0.113.2", 8443), 10, (source, 0))
    begun = now()
    try:
        s.sendall(data)
    except OSError:
        pass  # turned away already
    return s, begun
garbage = dict(connect("192.0.2.12", os.urandom(200)) for _ in range(16))
half = dict(connect("192.0.2.11", b"\x16\x03\x01\x02\x00\x01") for _ in range(40))
udp = [(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "203.0.113.2"),
       (socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), "2001:db8:ffff::2")]
udp[0][0].bind(("192.0.2.11", 0))
begun = {**garbage, **half}
first, ended, held = {}, {}, False
deadline = now() + 20
while len(ended) < len(begun) and now() < deadline:
    for s in select.select([s for s in begun if s not in ended], [], [], 0.02)[0]:
        try:
            data = s.recv(4096)
        except OSError:
            data = b""
        first.setdefault(s, data)
        if not data:
            ended[s] = now()
    if not held and sum(s in ended for s in half) >= 24:
        held = True
        print("held", flush=True)
    for s, to in udp:
        for port in (51820, 51821):
            s.sendto(os.urandom(148), (to, port))
            s.sendto(b"\x01\0\0\0" + os.urandom(100), (to, port))
# The relay gives a handshake 10 s.
kept = [s for s in half if s not in ended or ended[s] - half[s] > 8]
if not held:
    print("not held")
print(json.dumps({
    "half_open": len(half), "kept": len(kept), "half_open_ended": sum(s in ended for s in half),
    "kept_until": min((ended[s] for s in kept if s in ended), default=0),
    "longest_s": max((ended[s] - half[s] for s in half if s in ended), default=0),
    "garbage": len(garbage),
    "alert_or_end": sum(s in first and first[s][:1] in (b"", b"\x15") for s in garbage)}))
EOF
for addr in 192.0.2.11 192.0.2.12; do in_client ip addr add $addr/32 dev eth0; done
before=$(drops wg_shape)
mkfifo "$TMP/strangers"
in_client python3 - <"$TMP/strangers.py" >"$TMP/strangers" &
strangers=$!
exec 3<"$TMP/strangers"
read -r -t 60 said <&3 || said=nothing
is "40 half-open connections of one address: all but 16 are turned away at once" "$said" held
is "half-open and garbage connections: the API answers others" "$(api GET /v1/peers "$token" '')" "200 "
served=$(on edge cut -d. -f1 /proc/uptime)
check "and packets pass" answers "$v6"
read -r -t 60 said <&3 || said='{}'
exec 3<&-
wait "$strangers" || true
note "strangers: $said"
is "it answered while 16 were held half-open" \
	"$(jq --argjson t "$served" '.kept == 16 and .kept_until > $t' <<<"$said")" true
is "each half-open connection gets its end within 20 s" \
	"$(jq '.half_open > 0 and .half_open_ended == .half_open' <<<"$said")" true
is "each connection that sends garbage gets an alert or its end within 20 s" \
	"$(jq '.garbage > 0 and .alert_or_end == .garbage' <<<"$said")" true
check "garbage on the WireGuard ports is dropped and counted" test "$(drops wg_shape)" -gt "$before"
out=$(in_client sh -c 'printf "GET / HTTP/1.1\r\nHost: x\r\n\r\n" | timeout 10 socat - TCP:203.0.113.2:8443' 2>/dev/null | tr -d '\0' || true)
unlike "plain HTTP on the TLS port gets no page" "$out" '200'

# --- labels ---
label_says() { # label_says CONTAINER PATTERN LABEL...
	local container=$1 pattern=$2 l args=()
	shift 2
	for l; do args+=(--label "$l"); done
	docker_on a run -d --name "$container" "${args[@]}" -v /usr:/usr:ro sidecar-test sleep 600 >/dev/null
	# shellcheck disable=SC2329 # called by wait_until
	said() { on edge journalctl -u sidecar --no-pager -o cat | grep -E "$container.*$pattern"; }
	check "label $*: refused in words" wait_until 30 said
	is "label $*: no peer" "$(peer_field "$container" ipv6)" ""
}
label_says bad1 'sidecar.enable.*yes' sidecar.enable=yes
label_says bad2 'sidecar.bandwidth.*11' sidecar.enable=true sidecar.bandwidth=11
label_says bad3 'sidecar.ipv4.*1' sidecar.enable=true sidecar.ipv4=1
label_says bad4 'sidecar.relay.*elsewhere' sidecar.enable=true sidecar.relay=elsewhere.example
