#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything that a stranger or a customer can fill has an end, and others are served meanwhile.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
for page in terms privacy aup dmca subprocessors security; do echo "# $page" >"$T/$page.md"; done
relay_up "pages: {terms: $T/terms.md, privacy: $T/privacy.md, aup: $T/aup.md, dmca: $T/dmca.md, subprocessors: $T/subprocessors.md, security: $T/security.md}
"
admin=$(new_token alice free admin)
bob=$(new_token bob free "peers:read peers:add admin")
metrics=$(new_token operator free metrics)

# --- every page and document: 200, then 304 ---
for path in $(jq -r '.paths | to_entries[] | select(.value.get.responses["304"]) | .key' < <(curl -sk "$URL/api/openapi.json")); do
	case $path in /warrant*) continue ;; esac
	row "200" "$path" GET "$path" - -
	etag=$(header etag)
	row "304" "$path again" GET "$path" - - -H "If-None-Match: $etag"
done

# --- metrics without a kernel ---
say "refuse 1" >/dev/null
row "503 relay_refused" "metrics when the net role refuses" GET /metrics "$metrics" -
row "400 invalid_request" "metrics with an invalid query" GET '/metrics?a=%zz' "$metrics" -
row "401 missing_token" "metrics without a token" GET /metrics - -
row "403 insufficient_scope" "metrics with another scope" GET /metrics "$bob" -
for path in /v1/device/lookup /v1/device/approve; do
	row "400 invalid_request" "$path with an invalid query" POST "$path?a=%zz" "$bob" '{}'
	row "401 invalid_token" "$path with a bad token" POST "$path" sct_live_x '{}'
done

# --- tokens of an account ---
for i in {1..99}; do echo "next"; echo "url = \"$URL/v1/admin/tokens\""; echo 'request = "POST"'; echo "header = \"Authorization: Bearer $admin\""; echo 'header = "Content-Type: application/json"'; echo "data = \"{\\\"name\\\":\\\"t$i\\\"}\""; echo insecure; echo silent; echo 'output = "/dev/null"'; done | tail -n +2 >"$T/many"
curl -K "$T/many"
row "403 token_quota" "an account has 100 valid tokens at most" POST /v1/admin/tokens "$admin" '{"name":"one-more"}'
row "201" "another account is not concerned" POST /v1/admin/tokens "$bob" '{"name":"mine"}'
row "200" "a device asks" POST /v1/device/authorize - '{}'
row "403 token_quota" "nor may a device get one more" POST /v1/device/approve "$admin" "{\"user_code\":\"$(json .user_code)\",\"approve\":true}"

# --- requests of one token ---
curl -sk -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $bob" "$URL/v1/health?n=[1-3000]" | sort | uniq -c >"$T/counts"
like "a token that asks 3000 times in a row is slowed down" "$(cat "$T/counts")" '[0-9]+ 429'
like "after a burst that is served" "$(cat "$T/counts")" '[0-9]{4} 200'
row "200" "while others are served" GET /v1/status "$admin" -

# --- requests without a token from one address ---
curl -sk --interface 127.0.0.9 -o /dev/null -w '%{http_code}\n' "$URL/style.css?n=[1-900]" | sort | uniq -c >"$T/counts"
like "pages: an address that asks without end is slowed down" "$(cat "$T/counts")" '[0-9]+ 429'
row "200" "while another is served" GET / - - --interface 127.0.0.10

# --- device codes: the table is full when 64 addresses filled their share ---
for a in {1..64}; do
	curl -sk --interface "127.0.1.$a" -o /dev/null -H 'Content-Type: application/json' -d '{}' "$URL/v1/device/authorize?n=[1-9]"
done
row "503 busy" "the table of device codes is full" POST /v1/device/authorize - '{}' --interface 127.0.2.1
like "and says when to come again" "$(header retry-after)" '^[0-9]+$'
row "200" "all else goes on" GET /v1/status "$admin" -

# --- connections of one address, and slow ones ---
mkfifo "$T/held"
python3 - "$PORT" <<'PY' >"$T/held" &
import socket, sys
socks = []
for i in range(80):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=("127.0.3.1", 0))
    s.sendall(b"\x16\x03\x01\x02\x00\x01")
    socks.append(s)
print("held", flush=True)
for s in socks:
    s.settimeout(30)
    try:
        s.recv(1)
    except OSError:
        pass
PY
held=$!
read -r _ <"$T/held"
row "200" "80 half-open connections of another address: served" GET /v1/status "$admin" - -m 2
kill "$held" 2>/dev/null || true
wait "$held" 2>/dev/null || true

# --- all connections ---
restart "connections: 64
"
python3 - "$PORT" <<'PY' >"$T/result" || echo "not ok - the check itself failed" >>"$T/result"
import select, socket, sys
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=("127.0.4.%d" % (1 + i // 16), 0)) for i in range(70)]
# The server closes what is beyond: readable, and the end.
closed, deadline = set(), 20
while len(closed) < 6 and deadline:
    readable = select.select([s for s in held if s not in closed], [], [], 1)[0]
    closed |= {s for s in readable if s.recv(1) == b""}
    deadline -= 1
print("%s - connections: 64 of 70 are kept" % ("ok" if len(closed) == 6 else "not ok"))
for s in held:
    s.close()
PY
points <"$T/result"
served() { call GET /style.css && [ "$status" = 200 ]; }
point "and when they have gone others are served" wait_until 10 served
finish
