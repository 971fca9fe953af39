#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A peer's key rotates over the API: each step, its repeats, and what is left when it fails.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
R=/v1/peers/rotate
step() { "$BUILD/selftests/api/psk_step" "$@"; }
alice=$(new_token alice pulse)
bob=$(new_token bob pulse)
reader=$(new_token alice pulse "peers:read")
old=$(key 1)
new=$(key 2)
third=$(key 3)
row "201" "a peer" POST /v1/peers "$alice" "{\"pubkey\":\"$old\",\"container\":\"c\"}"
v6=$(json .ipv6)
is "on the first device" "$(json .relay.endpoint)" 203.0.113.2:51820
slot=$(peers | cut -d' ' -f1)
row "201" "another one" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 9)\",\"container\":\"d\"}"
keys() { printf '{"pubkey":"%s","new_pubkey":"%s"}' "$1" "$2"; }
psk() { # psk KEY EPOCH RELAY-KEY: an exchange for this key
	local kem confirm
	kem=$(step offer)
	row "200" "offer for the next key" POST /v1/peers/psk "$alice" "{\"pubkey\":\"$1\",\"epoch\":$2,\"kem\":\"$kem\"}"
	confirm=$(step commit "$(json .relay)" "$v6" "$1" "$3" "$2" "$(json .ct)" "$(json .confirm)")
	row "200" "its commit" PUT /v1/peers/psk "$alice" "{\"pubkey\":\"$1\",\"epoch\":$2,\"confirm\":\"$confirm\"}"
}

# --- who may, and what fits ---
for method in POST PUT DELETE; do
	row "401 missing_token" "$method without a token" $method $R - '{}'
	row "403 insufficient_scope" "$method with a token that may only read" $method $R "$reader" '{}'
	row "415 unsupported_media_type" "$method of another type" $method $R "$alice" "{}" -H 'Content-Type: text/plain'
	row "400 invalid_json" "$method of what is no JSON" $method $R "$alice" "{"
	row "400 invalid_request" "$method without keys" $method $R "$alice" '{}'
	row "400 invalid_request" "$method to the same key" $method $R "$alice" "$(keys "$old" "$old")"
	row "404 peer_not_found" "$method of another account's peer" $method $R "$bob" "$(keys "$old" "$new")"
	printf '{"pubkey":"%070000d"}' 0 >"$T/long"
	row "413 body_too_large" "$method of a long body" $method $R "$alice" x "${JSON[@]}" --data-binary "@$T/long"
done
row "409 key_in_use" "a next key that a peer has" POST $R "$alice" "$(keys "$old" "$(key 9)")"
row "409 no_rotation" "commit of what was not begun" PUT $R "$alice" "$(keys "$old" "$new")"

# --- begin ---
row "200" "begin" POST $R "$alice" "$(keys "$old" "$new")"
is "names the next key" "$(json .pubkey)" "$new"
is "and the same address" "$(json .ipv6)" "$v6"
is "on the other device" "$(json .relay.endpoint)" 203.0.113.2:51821
epoch=$(json .psk_epoch)
relay_key=$(json .relay.pubkey)
row "200" "begin again" POST $R "$alice" "$(keys "$old" "$new")"
is "is answered as before" "$(json .psk_epoch)" "$epoch"
is "the kernel has both keys, the old one leads" "$(say "pair $slot")" "0 $old $new"
row "409 key_in_use" "another peer cannot take the next key" POST $R "$alice" "$(keys "$(key 9)" "$new")"
row "409 rotation_unproven" "commit before the next key carries packets" PUT $R "$alice" "$(keys "$old" "$new")"
is "changes nothing" "$(say "pair $slot")" "0 $old $new"
row "404 peer_not_found" "another account's exchange for the next key" POST /v1/peers/psk "$bob" "{\"pubkey\":\"$new\",\"epoch\":$epoch,\"kem\":\"$(step offer)\"}"
row "200" "the peer asked for again meanwhile" POST /v1/peers "$alice" "{\"pubkey\":\"$old\",\"container\":\"c\"}"
is "keeps both keys" "$(say "pair $slot")" "0 $old $new"

# --- drop ---
row "200" "drop" DELETE $R "$alice" "$(keys "$old" "$new")"
is "leaves the old key alone" "$(say "pair $slot")" "0 $old -"
row "200" "drop again" DELETE $R "$alice" "$(keys "$old" "$new")"
row "409 no_rotation" "commit of what was dropped" PUT $R "$alice" "$(keys "$old" "$new")"
say "refuse 1" >/dev/null
row "503 relay_refused" "begin that the kernel refuses" POST $R "$alice" "$(keys "$old" "$new")"
wait_until 5 test "$(say "pair $slot")" = "0 $old -" || true
is "leaves the old key alone" "$(say "pair $slot")" "0 $old -"
row "200" "begin with one key" POST $R "$alice" "$(keys "$old" "$third")"
row "200" "begin with another one instead" POST $R "$alice" "$(keys "$old" "$new")"
is "replaces the first" "$(say "pair $slot")" "0 $old $new"
say "refuse 1" >/dev/null
row "503 relay_refused" "drop that the kernel refuses" DELETE $R "$alice" "$(keys "$old" "$new")"
restart
is "a start of relayd drops what was begun" "$(say "pair $slot")" "0 $old -"
row "409 no_rotation" "and says so" PUT $R "$alice" "$(keys "$old" "$new")"

# --- commit ---
row "200" "begin" POST $R "$alice" "$(keys "$old" "$new")"
epoch=$(json .psk_epoch)
psk "$new" "$epoch" "$relay_key"
say "refuse 1" >/dev/null
row "503 relay_refused" "commit that the kernel refuses" PUT $R "$alice" "$(keys "$old" "$new")"
is "leaves the old key in the lead" "$(say "pair $slot")" "0 $old $new"
row "200" "commit" PUT $R "$alice" "$(keys "$old" "$new")"
is "names the new key" "$(json .pubkey)" "$new"
is "and the same address" "$(json .ipv6)" "$v6"
is "the epochs go on" "$(json .psk_epoch)" "$((epoch + 1))"
is "the new key leads, the old one still counts" "$(say "pair $slot")" "1 $new $old"
row "200" "commit again" PUT $R "$alice" "$(keys "$old" "$new")"
row "409 rotated" "drop after it" DELETE $R "$alice" "$(keys "$old" "$new")"
row "409 rotated" "begin again after it" POST $R "$alice" "$(keys "$old" "$new")"
row "503 busy" "the next one must wait" POST $R "$alice" "$(keys "$new" "$third")"
row "200" "the list" GET /v1/peers "$alice" -
is "has the new key" "$(json '.[] | select(.container == "c") | .pubkey')" "$new"
former_gone() { [ "$(say "pair $slot")" = "1 $new -" ]; }
point "the old key goes by itself" wait_until 15 former_gone
row "200" "back to the first device" POST $R "$alice" "$(keys "$new" "$third")"
epoch=$(json .psk_epoch)
is "with both keys" "$(say "pair $slot")" "1 $new $third"
is "the audit log says it once" "$(ctl GET /ctl/v1/audit | jq '[.[] | select(.action == "peer.rotate")] | length')" 1

# --- stopped while the kernel is asked ---
billing() { ctl POST /ctl/v1/accounts "{\"account\":\"alice\",\"billing_period_end\":\"$1\"}" >/dev/null; }
held() { [ "$(say held)" -ge "$1" ]; }
kernel_has() { [ "$(peers | wc -l)" = "$1" ]; }
psk "$third" "$epoch" "$relay_key"
# late METHOD [LINE]: this step waits for the kernel, billing stops the account's peers, then api_relay
# is told LINE and the kernel goes on
late() {
	say "hold on" >/dev/null
	printf '%s' "$(keys "$new" "$third")" >"$T/request"
	curl -sk -m 30 -X "$1" -H "Authorization: Bearer $alice" "${JSON[@]}" --data-binary "@$T/request" "$URL$R" >"$T/slow" &
	SLOW=$!
	point "$1 waits for the kernel" wait_until 5 held 1
	billing 2020-01-01
	point "meanwhile billing stops the account's peers" wait_until 5 held 3
	[ -z "${2-}" ] || say "$2" >/dev/null
	say "hold off" >/dev/null
	wait "$SLOW" || true
}
late PUT
is "the commit is answered as one of a stopped peer" "$(jq -r .code "$T/slow")" peer_not_found
point "the kernel has neither" wait_until 5 kernel_has 0
row "200" "the container" GET /v1/peers/by-container/c "$alice" -
is "is still stopped" "$(json .stopped)" billing
billing 2999-01-01
point "paid: both run" wait_until 5 kernel_has 2
is "with the key that its row has kept" "$(say "pair $slot")" "1 $new -"
late POST "refuse 1"
is "a begin that the kernel refuses" "$(jq -r .code "$T/slow")" relay_refused
row "200" "what is left" GET /v1/status "$alice" -
is "is undone to what runs: nothing" "$(peers | wc -l)" 0
billing 2999-01-01
point "paid: both run" wait_until 5 kernel_has 2

# --- what the kernel does not answer ---
row "200" "drop" DELETE $R "$alice" "$(keys "$new" "$third")"
say "mute on" >/dev/null
printf '%s' "$(keys "$new" "$third")" >"$T/request"
curl -svk -m 30 -X POST -H "Authorization: Bearer $alice" "${JSON[@]}" --data-binary "@$T/request" "$URL$R" >"$T/slow" 2>"$T/trace" &
SLOW=$!
wait_until 5 grep -qs 'completely sent' "$T/trace"
row "503 busy" "a second step meanwhile" DELETE $R "$alice" "$(keys "$new" "$third")"
say "mute off" >/dev/null
wait "$SLOW" || true
is "one that gets no answer is refused" "$(jq -r .code "$T/slow")" relay_refused
finish
