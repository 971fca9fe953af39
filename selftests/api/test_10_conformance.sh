#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The table: endpoint, method, token, body -> status and code.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up

alice=$(new_token alice pulse+ipv4)
admin=$(new_token alice pulse+ipv4 "peers:read peers:add admin")
reader=$(new_token alice pulse+ipv4 peers:read)
adder=$(new_token alice pulse+ipv4 peers:add)
bob=$(new_token bob free "peers:read peers:add admin")
narrow=$(new_token carol pulse+ipv4 "peers:read peers:add" ',"max_peers":1,"max_ipv4":0')
gone=$(new_token alice pulse+ipv4)
ctl DELETE /ctl/v1/tokens "{\"id\":$(ctl GET /ctl/v1/tokens | jq '.[-1].id')}" >/dev/null
typo="${alice%?}$([ "${alice: -1}" = 0 ] && echo 1 || echo 0)"

# --- every endpoint, every way not to be let in ---
tokened="GET:/v1/health GET:/v1/status GET:/v1/peers POST:/v1/peers DELETE:/v1/peers GET:/v1/peers/by-container/x GET:/v1/canary GET:/v1/admin/tokens POST:/v1/admin/tokens DELETE:/v1/admin/tokens GET:/v1/admin/audit"
for e in $tokened; do
	row "401 missing_token" "$e without a token" "${e%%:*}" "${e#*:}" - -
done
is "401 without a token has no error attribute" "$(header www-authenticate)" \
	"Bearer realm=\"sidecar\", resource_metadata=\"https://127.0.0.1:$PORT/.well-known/oauth-protected-resource\""
row "401 invalid_token" "another prefix" GET /v1/status sk_live_abc -
like "the answer names the right prefix" "$(json .detail)" sct_live_
like "401 for a bad token says so" "$(header www-authenticate)" 'error="invalid_token"'
row "401 invalid_token" "a wrong checksum" GET /v1/status "$typo" -
row "401 invalid_token" "a token that nobody has" GET /v1/status sct_live_0000000000000000000000000000003PKyGV -
row "401 invalid_token" "a revoked token" GET /v1/status "$gone" -
like "and says that it was revoked" "$(json .detail)" revoked
row "401 missing_token" "Basic instead of Bearer" GET /v1/status - - -u a:b
row "200" "the scheme's case does not matter" GET /v1/status - - -H "Authorization: bEARER $alice"
row "401 invalid_token" "a token with a space behind" GET /v1/status - - -H "Authorization: Bearer $alice x"
row "400 malformed_request" "two Authorization headers" GET /v1/status "$alice" - -H "Authorization: Bearer $alice"

# --- scopes ---
row "403 insufficient_scope" "peers:add cannot list" GET /v1/peers "$adder" -
like "403 for a scope is a challenge too" "$(header www-authenticate)" 'error="insufficient_scope"'
row "403 insufficient_scope" "peers:add cannot look containers up" GET /v1/peers/by-container/web "$adder" -
row "403 insufficient_scope" "peers:read cannot add" POST /v1/peers "$reader" "{\"pubkey\":\"$(key 1)\"}"
row "403 insufficient_scope" "peers:read cannot delete" DELETE /v1/peers "$reader" "{\"pubkey\":\"$(key 1)\"}"
row "403 insufficient_scope" "no admin, no token list" GET /v1/admin/tokens "$alice" -
row "403 insufficient_scope" "no admin, no new token" POST /v1/admin/tokens "$alice" '{"name":"x"}'
row "403 insufficient_scope" "no admin, no revocation" DELETE /v1/admin/tokens "$alice" '{"id":"1"}'
row "403 insufficient_scope" "no admin, no audit log" GET /v1/admin/audit "$alice" -

# --- methods and paths ---
for path in /v1/health /v1/status /v1/canary /v1/admin/audit; do
	row "405 method_not_allowed" "POST $path" POST $path "$admin" '{}'
	is "Allow of $path" "$(header allow)" "GET, HEAD"
done
row "405 method_not_allowed" "PUT /v1/peers" PUT /v1/peers "$alice" '{}'
is "Allow of /v1/peers" "$(header allow)" "GET, HEAD, POST, DELETE"
row "405 method_not_allowed" "PATCH /v1/admin/tokens" PATCH /v1/admin/tokens "$admin" '{}'
row "405 method_not_allowed" "OPTIONS /v1/peers" OPTIONS /v1/peers "$alice" -
row "405 method_not_allowed" "DELETE of a container" DELETE /v1/peers/by-container/x "$alice" -
for path in /v1 /v1/ /v1/nothing /v1/peers/ /v1/peers/x /v2/peers //v1/peers /v1/peers/by-container/ /v1/peers/by-container/a/b /V1/peers /v1/health/ /ctl/v1/tokens /v1/../v1/peers /%761/peers; do
	row "404 not_found" "GET $path" GET "$path" "$alice" -
done
for path in /terms /privacy /aup /dmca /subprocessors /security; do
	row "404 not_found" "the operator has no page $path" GET $path - -
done
row "404 not_found" "an invalid escape in a path" GET /v1/peers/by-container/%zz "$alice" -
row "404 not_found" "a NUL in a path" GET /v1/peers/by-container/a%00 "$alice" -
row "404 not_found" "a name longer than any" GET "/v1/peers/by-container/$(printf 'a%.0s' {1..200})" "$alice" -
for e in $tokened; do
	row "400 invalid_request" "$e: an invalid query" "${e%%:*}" "${e#*:}?a=%zz" "$admin" -
done
row "400 invalid_request" "a query with a name twice" GET '/v1/status?a=1&a=2' "$alice" -
row "200" "an unknown query is nothing to us" GET '/v1/status?utm=1' "$alice" -
row "414 uri_too_long" "a target of 3000 bytes" GET "/v1/$(printf 'a%.0s' {1..3000})" "$alice" -
row "431 headers_too_large" "a header of 9000 bytes" GET /v1/status "$alice" - -H "X-A: $(printf 'a%.0s' {1..9000})"
call HEAD /v1/status -I -H "Authorization: Bearer $alice"
is "HEAD is answered like GET" "$status $(wc -c <"$T/body" | tr -d ' ')" "200 $(wc -c <"$T/head" | tr -d ' ')"

# --- media types and bodies ---
for m in POST DELETE; do
	for path in /v1/peers /v1/admin/tokens; do
		row "415 unsupported_media_type" "$m $path as text" $m $path "$admin" '{}' -H 'Content-Type: text/plain'
		row "415 unsupported_media_type" "$m $path as a form" $m $path "$admin" 'a=b' "${FORM[@]}"
		row "400 invalid_json" "$m $path: not JSON" $m $path "$admin" '{"pubkey'
		row "400 invalid_json" "$m $path: an array" $m $path "$admin" '[]'
		row "400 invalid_request" "$m $path: an empty object" $m $path "$admin" '{}'
		row "400 invalid_request" "$m $path: an unknown member" $m $path "$admin" '{"colour":"red"}'
	done
done
row "415 unsupported_media_type" "no media type at all" POST /v1/peers "$alice" '{}' -H 'Content-Type:'
row "201" "a media type with a parameter" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 2)\"}" -H 'Content-Type: application/json; charset=utf-8'
row "400 invalid_json" "an empty body" POST /v1/peers "$alice" ''
row "400 invalid_json" "a name twice" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 3)\",\"pubkey\":\"$(key 4)\"}"
row "400 invalid_json" "bytes behind the object" POST /v1/peers "$alice" '{} {}'
row "400 invalid_json" "not UTF-8" POST /v1/peers "$alice" "$(printf '{"pubkey":"\xff"}')"
row "400 invalid_json" "1000 levels deep" POST /v1/peers "$alice" "$(printf '[%.0s' {1..1000})"
row "400 invalid_json" "a NUL in a string" POST /v1/peers "$alice" '{"pubkey":"\u0000"}'
head -c 20000 /dev/zero | tr '\0' ' ' >"$T/big"
row "413 body_too_large" "20 kB" POST /v1/peers "$alice" "$(cat "$T/big")x"
row "413 body_too_large" "20 kB in chunks" POST /v1/peers "$alice" "$(cat "$T/big")x" -H 'Transfer-Encoding: chunked'
row "417 expectation_failed" "an expectation that nobody knows" POST /v1/peers "$alice" '{}' -H 'Expect: miracle'

# --- POST /v1/peers ---
ask() { # ask WANT NAME TOKEN MEMBERS
	row "$1" "$2" POST /v1/peers "$3" "{$4}"
}
policy() { # policy N: what the kernel is told of the peer: SMTP SCAN_PER_S RULES and their text
	peers | grep -F " $(key "$1") " | cut -d' ' -f8-
}
ask "201" "a new peer" "$alice" "\"pubkey\":\"$(key 10)\",\"ipv4\":false"
is "its answer has an address of the pool" "$(json '.ipv6 | startswith("2001:db8:5:5:")')" true
is "and no IPv4" "$(json .ipv4)" null
v6=$(json .ipv6)
ask "200" "the same again changes nothing" "$alice" "\"pubkey\":\"$(key 10)\",\"ipv4\":false"
is "and has the same address" "$(json .ipv6)" "$v6"
is "and no rules" "$(json .firewall)" null
is "the kernel has none for it, and its tier's egress policy" "$(policy 10)" "1 500 0 none"
ask "200" "rules for its firewall" "$alice" "\"pubkey\":\"$(key 10)\",\"firewall\":\"allow tcp 22,80; deny\""
is "in their canonical text" "$(json .firewall)" "allow in tcp 22; allow in tcp 80; deny in"
is "reach the kernel" "$(policy 10)" "1 500 3 allow in tcp 22; allow in tcp 80; deny in"
ask "400 invalid_request" "a rule that is none" "$alice" "\"pubkey\":\"$(key 10)\",\"firewall\":\"deny; drop\""
like "names it" "$(cat "$T/body")" 'firewall: rule 2'
row "200" "the list" GET /v1/peers "$alice" -
is "the old rules stay" "$(json 'map(select(.pubkey == "'"$(key 10)"'"))[0].firewall')" "allow in tcp 22; allow in tcp 80; deny in"
ask "200" "no rules again" "$alice" "\"pubkey\":\"$(key 10)\""
is "none is left" "$(json .firewall)" null
is "nor in the kernel" "$(policy 10)" "1 500 0 none"
ask "201" "a new peer that has rules" "$alice" "\"pubkey\":\"$(key 9)\",\"firewall\":\"allow out udp 53 to 2001:db8:53::/48; deny out\""
is "is never open without them" "$(policy 9)" "1 500 2 allow out udp 53 to 2001:db8:53::/48; deny out"
row "200" "and goes" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 9)\"}"
ask "200" "and may get IPv4 later" "$alice" "\"pubkey\":\"$(key 10)\",\"ipv4\":true"
like "which is of the pool" "$(json .ipv4)" '^203\.0\.113\.'
ask "403 ipv4_quota" "a second IPv4 address is above the tier" "$alice" "\"pubkey\":\"$(key 11)\",\"ipv4\":true"
ask "400 invalid_request" "a key of another length" "$alice" '"pubkey":"AAAA"'
ask "400 invalid_request" "a key that is no base64" "$alice" '"pubkey":"%%%"'
ask "400 invalid_request" "a key with bits behind its end" "$alice" '"pubkey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="'
ask "400 invalid_request" "the all-zero key" "$alice" '"pubkey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="'
ask "400 invalid_request" "a number as key" "$alice" '"pubkey":1'
ask "400 invalid_request" "ipv4 as text" "$alice" "\"pubkey\":\"$(key 12)\",\"ipv4\":\"yes\""
ask "400 invalid_request" "ipv4 as null" "$alice" "\"pubkey\":\"$(key 12)\",\"ipv4\":null"
ask "400 invalid_request" "a guarantee that is not sold" "$alice" "\"pubkey\":\"$(key 12)\",\"bandwidth\":11"
ask "400 invalid_request" "a negative guarantee" "$alice" "\"pubkey\":\"$(key 12)\",\"bandwidth\":-10"
ask "403 bandwidth_tier" "a guarantee above the tier" "$bob" "\"pubkey\":\"$(key 12)\",\"bandwidth\":50"
ask "201" "a guarantee within it" "$alice" "\"pubkey\":\"$(key 12)\",\"bandwidth\":500"
is "a path that nobody looked at is taken to carry all" "$(json '"\(.mtu) \(.mtu_max)"')" "1420 1420"
ask "400 invalid_request" "an MTU that is none" "$alice" "\"pubkey\":\"$(key 12)\",\"mtu\":1279"
ask "400 invalid_request" "nor is one of this" "$alice" "\"pubkey\":\"$(key 12)\",\"mtu\":8941"
ask "400 invalid_request" "nor a text" "$alice" "\"pubkey\":\"$(key 12)\",\"mtu\":\"1280\""
ask "200" "an MTU that was found" "$alice" "\"pubkey\":\"$(key 12)\",\"mtu\":1328"
is "is the peer's" "$(json '"\(.mtu) \(.mtu_max)"')" "1328 1420"
ask "200" "the same peer without a word of it" "$alice" "\"pubkey\":\"$(key 12)\",\"bandwidth\":500"
is "keeps it" "$(json .mtu)" 1328
ask "200" "a path that carries more than any tunnel" "$alice" "\"pubkey\":\"$(key 12)\",\"mtu\":8940"
is "makes no tunnel larger" "$(json .mtu)" 1420
ask "400 invalid_request" "an empty container name" "$alice" "\"pubkey\":\"$(key 13)\",\"container\":\"\""
ask "400 invalid_request" "a container name of 129 characters" "$alice" "\"pubkey\":\"$(key 13)\",\"container\":\"$(printf 'a%.0s' {1..129})\""
ask "400 invalid_request" "a container name with a slash" "$alice" "\"pubkey\":\"$(key 13)\",\"container\":\"a/b\""
ask "400 invalid_request" "a container id of 63 digits" "$alice" "\"pubkey\":\"$(key 13)\",\"container_id\":\"$(printf 'a%.0s' {1..63})\""
ask "400 invalid_request" "a container id in capitals" "$alice" "\"pubkey\":\"$(key 13)\",\"container_id\":\"$(printf 'A%.0s' {1..64})\""
ask "400 invalid_request" "a machine with a dot" "$alice" "\"pubkey\":\"$(key 13)\",\"machine\":\"a.b\""
id=$(printf '0123456789abcdef%.0s' 1 2 3 4)
ask "201" "a container by name, id and machine" "$alice" "\"pubkey\":\"$(key 14)\",\"container\":\"web\",\"container_id\":\"$id\",\"machine\":\"m1\""
v6=$(json .ipv6)
ask "201" "the container comes back with a new key" "$alice" "\"pubkey\":\"$(key 15)\",\"container\":\"web\",\"machine\":\"m1\""
is "and has the same address" "$(json .ipv6)" "$v6"
ask "409 key_in_use" "another account's key" "$bob" "\"pubkey\":\"$(key 10)\""
for i in 1 2 3; do ask "201" "free: peer $i of 3" "$bob" "\"pubkey\":\"$(key 2$i)\""; done
is "free: no mail, fewer new destinations" "$(policy 21)" "0 50 0 none"
ask "403 peer_quota" "free: not a fourth" "$bob" "\"pubkey\":\"$(key 24)\""
ask "201" "a token's own limit: its first peer" "$narrow" "\"pubkey\":\"$(key 30)\""
ask "403 peer_quota" "a token's own limit: not a second" "$narrow" "\"pubkey\":\"$(key 31)\""
ask "403 ipv4_quota" "a token's own limit of IPv4" "$narrow" "\"pubkey\":\"$(key 30)\",\"ipv4\":true"
# Three: what was refused is taken out again, which is a request too.
say "refuse 3" >/dev/null
ask "503 relay_refused" "the kernel refuses" "$alice" "\"pubkey\":\"$(key 16)\""
like "503 says when to come again" "$(header retry-after)" '^[0-9]+$'
is "the audit log says that it was taken back" "$(ctl GET /ctl/v1/audit | jq -r '.[0].action')" peer.refused
row "503 relay_refused" "the kernel does not delete" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 10)\"}"
row "404 peer_not_found" "what was refused is not there" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 16)\"}"

# --- GET and DELETE /v1/peers ---
row "200" "the list" GET /v1/peers "$alice" -
is "has this account's peers alone" "$(json 'map(.pubkey) | index("'"$(key 21)"'")')" null
is "and all its members" "$(json '.[0] | keys | join(" ")')" \
	"bandwidth container container_id created_at firewall ipv4 ipv6 last_handshake machine mtu mtu_max psk_epoch pubkey relay"
row "404 peer_not_found" "another account's peer is not there" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 21)\"}"
row "404 peer_not_found" "nor a key that nobody has" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 99)\"}"
row "400 invalid_request" "nor is a bad key" DELETE /v1/peers "$alice" '{"pubkey":"x"}'
row "200" "a peer is deleted" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 2)\"}"
row "404 peer_not_found" "once" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 2)\"}"
row "200" "free: one goes" DELETE /v1/peers "$bob" "{\"pubkey\":\"$(key 21)\"}"
ask "201" "free: and there is room" "$bob" "\"pubkey\":\"$(key 24)\""

# --- health, status ---
row "200" "health" GET /v1/health "$alice" -
is "health: ok" "$(json .status)" ok
is "health: its members" "$(json 'keys | join(" ")')" "peers region relay status uptime version"
is "answers are not stored" "$(header cache-control)" no-store
is "and are JSON" "$(header content-type)" application/json
row "200" "status" GET /v1/status "$alice" -
is "status: the tier" "$(json '"\(.account) \(.tier) \(.state) \(.billing_period_end)"')" "alice pulse+ipv4 active null"
is "status: used and allowed" "$(json '"\(.peers.used)/\(.peers.max) \(.ipv6.used)/\(.ipv6.max) \(.ipv4.used)/\(.ipv4.max) \(.smtp)"')" "3/25 3/256 1/1 true"
is "status: the token's scopes" "$(json .token.scopes)" "peers:read peers:add"

# --- by-container ---
row "404 peer_not_found" "a container that is not there" GET /v1/peers/by-container/none "$alice" -
row "404 peer_not_found" "another account's container" GET /v1/peers/by-container/web "$bob" -
row "200" "by name" GET /v1/peers/by-container/web "$alice" -
is "no handshake: not up" "$(json '"\(.up) \(.externally_reachable) \(.ipv6) \(.ipv4)"')" "false false $v6 null"
row "200" "by name, percent-encoded" GET /v1/peers/by-container/%77eb "$alice" -
ask "200" "the agent tells the id" "$alice" "\"pubkey\":\"$(key 15)\",\"container\":\"web\",\"machine\":\"m1\",\"container_id\":\"$id\""
row "200" "by id" GET "/v1/peers/by-container/$id" "$alice" -
row "200" "by short id" GET "/v1/peers/by-container/${id:0:12}" "$alice" -
row "404 peer_not_found" "an id that is too short" GET "/v1/peers/by-container/${id:0:11}" "$alice" -
slot=$(peers | awk -v k="$(key 15)" '$3 == k { print $1 }')
say "seen $slot 5 198.51.100.7:4000 100 100" >/dev/null
up() { row_quiet && [ "$(json .up)" = true ]; }
row_quiet() { call GET /v1/peers/by-container/web -H "Authorization: Bearer $alice"; }
point "a handshake: up" wait_until 5 up
is "but nothing came through: not reachable" "$(json '"\(.externally_reachable) \(.evidence.packets_in)"')" "false 0"
evidence() { json '"\(.up) \(.externally_reachable) \(.evidence.packets_in) \(.evidence.packets_from_outside) \(.evidence.packets_out)"'; }
say "stats $slot 0 7 5" >/dev/null
row_quiet
is "packets came, none went back: not reachable" "$(evidence)" "true false 7 5 0"
say "stats $slot 7 7 0" >/dev/null
row_quiet
is "both ways, but none from outside, as with the agent's own probes: not reachable" "$(evidence)" "true false 7 0 7"
say "stats $slot 4 7 1" >/dev/null
say "refuse 1" >/dev/null
row "503 relay_refused" "no figures: no answer that would guess" GET /v1/peers/by-container/web "$alice" -
row_quiet
is "one from outside, and some went back: reachable" "$(evidence)" "true true 7 1 4"
say "seen $slot 5 198.51.100.7:4000 100 100" >/dev/null
ask "201" "the same name on another machine" "$alice" "\"pubkey\":\"$(key 17)\",\"container\":\"web\",\"machine\":\"m2\""
row "409 conflict" "is ambiguous by name" GET /v1/peers/by-container/web "$alice" -
row "200" "and not by name and machine" GET '/v1/peers/by-container/web?machine=m2' "$alice" -
is "which is that one" "$(json .machine)" m2

# --- tokens ---
row "201" "a new token" POST /v1/admin/tokens "$admin" '{"name":"ci-token","max_peers":5,"max_ipv4":0}'
made=$(json .token)
made_id=$(json .id)
like "is shown" "$made" '^sct_live_[0-9A-Za-z]{36}$'
is "with its limits" "$(json '"\(.name) \(.scopes) \(.max_peers) \(.max_ipv4)"')" "ci-token peers:read peers:add 5 0"
row "200" "it works" GET /v1/peers "$made" -
row "409 conflict" "a repeated request makes no second" POST /v1/admin/tokens "$admin" '{"name":"ci-token"}'
row "403 insufficient_scope" "metrics is not for accounts to give" POST /v1/admin/tokens "$admin" '{"name":"m","scopes":"metrics"}'
row "201" "an admin may make an admin" POST /v1/admin/tokens "$admin" '{"name":"a2","scopes":"admin"}'
for body in '{"name":""}' '{"name":"a b"}' '{"name":1}' '{"name":"x","max_peers":-1}' '{"name":"x","max_peers":1.5}' '{"name":"x","max_peers":"5"}' '{"name":"x","scopes":"root"}' '{"name":"x","scopes":[]}' '{"name":"x","account":"bob"}'; do
	row "400 invalid_request" "token: $body" POST /v1/admin/tokens "$admin" "$body"
done
row "200" "the list" GET /v1/admin/tokens "$admin" -
is "never shows a token" "$(grep -c sct_live_ "$T/body")" 0
is "and is this account's alone" "$(json 'map(select(.name == "ci-token")) | length')" 1
for body in '{"id":1}' '{"id":""}' '{"id":"x"}' '{"id":"0"}' '{"id":"01"}'; do
	row "400 invalid_request" "revoke: $body" DELETE /v1/admin/tokens "$admin" "$body"
done
row "404 token_not_found" "revoke: nobody's" DELETE /v1/admin/tokens "$admin" '{"id":"99999"}'
row "404 token_not_found" "revoke: another account's" DELETE /v1/admin/tokens "$bob" "{\"id\":\"$made_id\"}"
row "200" "revoke" DELETE /v1/admin/tokens "$admin" "{\"id\":\"$made_id\"}"
row "401 invalid_token" "and it works no more" GET /v1/peers "$made" -
row "201" "its name is free again" POST /v1/admin/tokens "$admin" '{"name":"ci-token"}'

# --- audit ---
row "200" "the audit log" GET /v1/admin/audit "$admin" -
is "has the newest first" "$(json '.[0].action')" token.create
is "says from where" "$(json '.[0].remote | startswith("127.0.0.1:")')" true
is "knows nothing of others" "$(json 'map(.account) | unique | length')" 1
row "200" "an older page" GET "/v1/admin/audit?before=2" "$admin" -
is "is shorter" "$(json length)" 1
row "400 invalid_request" "a page of nothing" GET "/v1/admin/audit?before=x" "$admin" -
row "404 canary_not_found" "no canary is configured" GET /v1/canary "$alice" -

# --- failed tokens are counted by address, valid ones never refused for it ---
# Over one connection: a slow machine must not give them time to be forgotten.
curl -sk -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $typo" "$URL/v1/status?n=[1-60]" | sort | uniq -c >"$T/counts"
like "after many failures: 429" "$(cat "$T/counts")" '[0-9]+ 429'
row "200" "a valid token from there is served" GET /v1/status "$alice" -
finish
