#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# /v1/peers/psk against an agent made of openssl(1) and hashlib: both get the same key.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up

alice=$(new_token alice pulse+ipv4)
bob=$(new_token bob free)
reader=$(new_token alice pulse+ipv4 peers:read)
k=$(key 1)
row "201" "a peer" POST /v1/peers "$alice" "{\"pubkey\":\"$k\"}"
next=$(json .psk_epoch)
peer6=$(json .ipv6)
relay_key=$(json .relay.pubkey)
point "names the epoch that comes next" test "$next" -gt 0
read -r slot _ < <(peers)
is "which has no key of ours" "$(say "psk $slot")" "$(head -c 32 /dev/zero | base64) 0"

mkdir "$T/one" "$T/two"
one=$(selftests/api/psk_agent.py make "$T/one")
two=$(selftests/api/psk_agent.py make "$T/two")
offer() { # offer EPOCH KEM: the body
	printf '{"pubkey":"%s","epoch":%s,"kem":"%s"}' "$k" "$1" "$2"
}
commit() { # commit EPOCH CONFIRM
	printf '{"pubkey":"%s","epoch":%s,"confirm":"%s"}' "$k" "$1" "$2"
}
zero=$(key 0)

# --- refusals ---
for m in POST PUT; do
	row "401 missing_token" "$m without a token" $m /v1/peers/psk - '{}'
	row "403 insufficient_scope" "$m with peers:read" $m /v1/peers/psk "$reader" '{}'
	row "403 post_quantum_required" "$m over X25519" $m /v1/peers/psk "$alice" "$(offer "$next" "$one")" --curves X25519
	row "400 invalid_request" "$m without a member" $m /v1/peers/psk "$alice" "{\"pubkey\":\"$k\"}"
	row "400 invalid_request" "$m with an unknown member" $m /v1/peers/psk "$alice" "{\"pubkey\":\"$k\",\"epoch\":1,\"psk\":\"$zero\"}"
	row "404 peer_not_found" "$m for a peer that is not there" $m /v1/peers/psk "$alice" "{\"pubkey\":\"$(key 9)\",\"epoch\":1}"
	row "404 peer_not_found" "$m for another account's peer" $m /v1/peers/psk "$bob" "{\"pubkey\":\"$k\",\"epoch\":1}"
done
row "400 invalid_request" "a public key that is too short" POST /v1/peers/psk "$alice" "$(offer "$next" AAAA)"
row "400 invalid_request" "a public key that is not reduced" POST /v1/peers/psk "$alice" \
	"$(offer "$next" "$(head -c 1216 /dev/zero | tr '\0' '\377' | base64 -w0)")"
row "409 psk_epoch" "another epoch" POST /v1/peers/psk "$alice" "$(offer $((next - 1)) "$one")"
is "names the next one, which no refusal has used up" "$(json .epoch)" "$next"
row "409 psk_epoch" "a commit without an offer" PUT /v1/peers/psk "$alice" "$(commit "$next" "$zero")"

# --- one exchange ---
row "200" "an offer" POST /v1/peers/psk "$alice" "$(offer "$next" "$one")"
cp "$T/body" "$T/answer"
row "200" "the same again" POST /v1/peers/psk "$alice" "$(offer "$next" "$one")"
point "is answered as before" cmp -s "$T/body" "$T/answer"
row "409 psk_epoch" "the same epoch with another key" POST /v1/peers/psk "$alice" "$(offer "$next" "$two")"
read -r psk mine < <(selftests/api/psk_agent.py answer "$T/one" "$k" "$peer6" "$relay_key" "$T/answer" 2>&1)
is "the relay's confirmation is right, and nothing is installed yet" "${#psk} $(say "psk $slot" | cut -d' ' -f2)" "44 0"
row "409 psk_epoch" "a wrong confirmation" PUT /v1/peers/psk "$alice" "$(commit "$next" "$zero")"
say "refuse 1" >/dev/null
row "503 relay_refused" "a kernel that refuses" PUT /v1/peers/psk "$alice" "$(commit "$next" "$mine")"
row "200" "the commit again" PUT /v1/peers/psk "$alice" "$(commit "$next" "$mine")"
is "the kernel has the agent's key" "$(say "psk $slot")" "$psk 1"
row "200" "and again" PUT /v1/peers/psk "$alice" "$(commit "$next" "$mine")"
is "which installs nothing" "$(say "psk $slot")" "$psk 1"
row "409 psk_epoch" "the old offer" POST /v1/peers/psk "$alice" "$(offer "$next" "$one")"
is "the next epoch is one later" "$(json .epoch)" "$((next + 1))"
row "200" "the next offer" POST /v1/peers/psk "$alice" "$(offer $((next + 1)) "$two")"
cp "$T/body" "$T/answer"
read -r psk2 mine2 < <(selftests/api/psk_agent.py answer "$T/two" "$k" "$peer6" "$relay_key" "$T/answer" 2>&1)
row "200" "the next commit" PUT /v1/peers/psk "$alice" "$(commit $((next + 1)) "$mine2")"
is "brings another key" "$(say "psk $slot") $([ "$psk" != "$psk2" ] && echo other)" "$psk2 2 other"

# --- what starts anew ---
restart
row "200" "peers after a restart" GET /v1/peers "$alice" -
point "name another epoch, so that agents notice" test "$(json '.[0].psk_epoch')" != "$((next + 2))"
row "409 psk_epoch" "what was agreed on before is no more" PUT /v1/peers/psk "$alice" "$(commit $((next + 1)) "$mine2")"
point "no key is in the log or the database" test -z "$(grep -rlF -e "$psk" -e "$psk2" "$T/log" "$T/state")"
finish
