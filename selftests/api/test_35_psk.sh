#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The exchange of pre-shared keys over the API: both halves, repeats, and everything that is refused.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
PATH_PSK=/v1/peers/psk
step() { "$BUILD/selftests/api/psk_step" "$@"; }
alice=$(new_token alice pulse)
bob=$(new_token bob pulse)
reader=$(new_token alice pulse "peers:read")
mine=$(key 1)
row "201" "a peer" POST /v1/peers "$alice" "{\"pubkey\":\"$mine\",\"container\":\"c\"}"
epoch=$(json .psk_epoch)
v6=$(json .ipv6)
relay_key=$(json .relay.pubkey)
kem=$(step offer)
offer() { printf '{"pubkey":"%s","epoch":%s,"kem":"%s"}' "$1" "$2" "$3"; }
commit() { printf '{"pubkey":"%s","epoch":%s,"confirm":"%s"}' "$1" "$2" "$3"; }
agree() { # agree EPOCH: an offer; sets $confirm to the agent's proof
	row "200" "offer" POST $PATH_PSK "$alice" "$(offer "$mine" "$1" "$kem")"
	confirm=$(step commit "$(json .relay)" "$v6" "$mine" "$relay_key" "$1" "$(json .ct)" "$(json .confirm)")
}

# --- who may ---
for method in POST PUT; do
	row "401 missing_token" "$method without a token" $method $PATH_PSK - '{}'
	row "403 insufficient_scope" "$method with a token that may only read" $method $PATH_PSK "$reader" '{}'
	row "403 post_quantum_required" "$method over a classic key exchange" $method $PATH_PSK "$alice" '{}' --curves X25519
done
row "404 peer_not_found" "offer for another account's peer" POST $PATH_PSK "$bob" "$(offer "$mine" "$epoch" "$kem")"
row "404 peer_not_found" "commit for another account's peer" PUT $PATH_PSK "$bob" "$(commit "$mine" "$epoch" "$(key 1)")"

# --- an exchange ---
agree "$epoch"
first=$(json .ct)
row "200" "the same offer again" POST $PATH_PSK "$alice" "$(offer "$mine" "$epoch" "$kem")"
is "has the same answer" "$(json .ct)" "$first"
row "409 psk_epoch" "commit without the secret" PUT $PATH_PSK "$alice" "$(commit "$mine" "$epoch" "$(key 1)")"
agree "$epoch"
say "refuse 1" >/dev/null
row "503 relay_refused" "commit that the kernel refuses" PUT $PATH_PSK "$alice" "$(commit "$mine" "$epoch" "$confirm")"
row "200" "commit" PUT $PATH_PSK "$alice" "$(commit "$mine" "$epoch" "$confirm")"
row "200" "commit again" PUT $PATH_PSK "$alice" "$(commit "$mine" "$epoch" "$confirm")"
row "200" "the list" GET /v1/peers "$alice" -
is "names the epoch that comes next" "$(json '.[0].psk_epoch')" "$((epoch + 1))"

# --- what does not fit ---
row "409 psk_epoch" "offer of an old epoch" POST $PATH_PSK "$alice" "$(offer "$mine" $((epoch - 1)) "$kem")"
is "says which one comes next" "$(json .epoch)" "$((epoch + 1))"
row "409 psk_epoch" "commit of an epoch without an offer" PUT $PATH_PSK "$alice" "$(commit "$mine" $((epoch + 1)) "$confirm")"
row "400 invalid_request" "a key of another length" POST $PATH_PSK "$alice" "$(offer "$mine" $((epoch + 1)) AAAA)"
# The first coefficient of the ML-KEM key becomes 4095, beyond its modulus (FIPS 203 section 7.2).
bad=$(base64 -d <<<"$kem" | { printf '\377\377\377'; tail -c +4; } | base64 -w0)
row "400 invalid_request" "a key that ML-KEM forbids" POST $PATH_PSK "$alice" "$(offer "$mine" $((epoch + 1)) "$bad")"
row "400 invalid_request" "an unknown member" POST $PATH_PSK "$alice" '{"pubkey":"x","key":1}'
row "400 invalid_request" "no epoch" PUT $PATH_PSK "$alice" "{\"pubkey\":\"$mine\",\"confirm\":\"$confirm\"}"
finish
