#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# RFC 8628 by form, the JSON dialect, and what a human may approve.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up "url: https://relay.example
"
alice=$(new_token alice free)
admin=$(new_token alice free admin)
reader=$(new_token alice free peers:read)
bob=$(new_token bob free)
GRANT=urn:ietf:params:oauth:grant-type:device_code

oauth() { # oauth "STATUS ERROR" NAME PATH FIELD=VALUE...: a form
	local want=$1 name=$2 path=$3 o=() f
	shift 3
	for f; do o+=(--data-urlencode "$f"); done
	call POST "$path" "${o[@]}"
	is "$name" "$status $(json '.error // empty')" "$want"
}
ask() { oauth "200 " "${1:-a device asks}" /v1/device/authorize client_id=tv "scope=peers:add peers:read"; }
poll() { oauth "$1" "$2" /v1/device/token "grant_type=$GRANT" client_id=tv "device_code=$device"; }
codes() { device=$(json .device_code) user=$(json .user_code); }

# --- authorization request: RFC 8628 section 3.1, 3.2 ---
ask
codes
is "section 3.2: the members of the answer" "$(json 'keys | join(" ")')" \
	"device_code expires_in interval user_code verification_uri verification_uri_complete"
is "section 3.2: as JSON, not to be stored" "$(header content-type), $(header cache-control), $(header pragma)" "application/json, no-store, no-cache"
like "section 6.1: a code without vowels" "$user" '^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$'
is "the page, with the code and without" "$(json '"\(.verification_uri) \(.verification_uri_complete)"')" \
	"https://relay.example/device https://relay.example/device?code=$user"
is "times" "$(json '"\(.expires_in) \(.interval)"')" "1800 5"
oauth "400 invalid_request" "client_id is required" /v1/device/authorize scope=peers:read
oauth "400 invalid_request" "an empty one is none" /v1/device/authorize client_id=
oauth "400 invalid_request" "one with a space" /v1/device/authorize "client_id=a b"
oauth "400 invalid_scope" "an unknown scope" /v1/device/authorize client_id=tv scope=everything
oauth "400 invalid_scope" "a scope that only the operator gives" /v1/device/authorize client_id=tv scope=metrics
oauth "400 invalid_request" "an unknown tier" /v1/device/authorize client_id=tv tier=gold
row "400 invalid_request" "a parameter twice" POST /v1/device/authorize - 'client_id=a&client_id=b' "${FORM[@]}"
row "400 invalid_request" "an invalid escape" POST /v1/device/authorize - 'client_id=%4' "${FORM[@]}"
row "400 invalid_request" "not UTF-8" POST /v1/device/authorize - 'client_id=%ff' "${FORM[@]}"
oauth "200 " "unknown parameters are ignored" /v1/device/authorize client_id=tv colour=red
row "415 unsupported_media_type" "neither form nor JSON" POST /v1/device/authorize - 'x' -H 'Content-Type: text/plain'
row "405 method_not_allowed" "GET" GET /v1/device/authorize - -

# --- polling: section 3.4, 3.5 ---
poll "400 authorization_pending" "nobody has approved"
is "an error is not stored either" "$(header cache-control), $(header pragma)" "no-store, no-cache"
poll "400 slow_down" "too soon"
oauth "400 invalid_grant" "another client" /v1/device/token "grant_type=$GRANT" client_id=radio "device_code=$device"
oauth "400 invalid_grant" "a code that nobody has" /v1/device/token "grant_type=$GRANT" client_id=tv device_code=x
oauth "400 unsupported_grant_type" "another grant" /v1/device/token grant_type=password client_id=tv "device_code=$device"
oauth "400 invalid_request" "no grant" /v1/device/token client_id=tv "device_code=$device"
oauth "400 invalid_request" "no code" /v1/device/token "grant_type=$GRANT" client_id=tv
oauth "400 invalid_request" "no client" /v1/device/token "grant_type=$GRANT" "device_code=$device"

# --- the human ---
row "401 missing_token" "looking up needs a token" POST /v1/device/lookup - "{\"user_code\":\"$user\"}"
row "401 missing_token" "approving too" POST /v1/device/approve - "{\"user_code\":\"$user\",\"approve\":true}"
row "200" "looking up" POST /v1/device/lookup "$alice" "{\"user_code\":\"$user\"}"
is "shows what is asked, and by whom" "$(json '"\(.client_id) \(.scope) \(.address | split(":")[0]) \(.account) \(.account_tier) \(.age < 60)"')" \
	"tv peers:read peers:add 127.0.0.1 alice free true"
row "200" "in small letters, without the dash" POST /v1/device/lookup "$alice" "{\"user_code\":\"$(tr -d - <<<"${user,,}")\"}"
row "400 invalid_request" "no code" POST /v1/device/lookup "$alice" '{}'
row "400 invalid_request" "neither yes nor no" POST /v1/device/approve "$alice" "{\"user_code\":\"$user\"}"
row "403 insufficient_scope" "a token cannot give what it does not have" POST /v1/device/approve "$reader" "{\"user_code\":\"$user\",\"approve\":true}"
row "200" "approve" POST /v1/device/approve "$alice" "{\"user_code\":\"$user\",\"approve\":true}"
row "404 code_not_found" "once" POST /v1/device/approve "$bob" "{\"user_code\":\"$user\",\"approve\":true}"

# slow_down made the interval 10 s; a fresh device need not wait.
ask "another device"
codes
row "200" "approved before its first poll" POST /v1/device/approve "$alice" "{\"user_code\":\"$user\",\"approve\":true}"
poll "200 " "and gets its token"
is "RFC 6749 section 5.1" "$(json '"\(.token_type) \(.scope)"') $(header cache-control) $(header pragma)" "bearer peers:read peers:add no-store no-cache"
made=$(json .access_token)
row "200" "which works" GET /v1/status "$made" -
is "for the account of who approved" "$(json .account)" alice
poll "400 invalid_grant" "the code is used up"
ask "a third"
codes
row "200" "denied" POST /v1/device/approve "$bob" "{\"user_code\":\"$user\",\"approve\":false}"
poll "400 access_denied" "is told so"
poll "400 invalid_grant" "once"

# --- the JSON dialect ---
row "200" "JSON: a device asks" POST /v1/device/authorize - '{"scope": "peers:add peers:read", "tier": "free"}'
codes
row "428 authorization_pending" "JSON: 428" POST /v1/device/token - "{\"device_code\":\"$device\"}"
row "429 slow_down" "JSON: 429" POST /v1/device/token - "{\"device_code\":\"$device\"}"
row "400 expired_token" "JSON: a code that nobody has" POST /v1/device/token - '{"device_code":"x"}'
row "400 invalid_request" "JSON: no code" POST /v1/device/token - '{}'
row "400 invalid_request" "JSON: an unknown member" POST /v1/device/token - '{"device_code":"x","a":1}'
row "400 unsupported_grant_type" "JSON: another grant" POST /v1/device/token - '{"device_code":"x","grant_type":"password"}'
row "400 invalid_scope" "JSON: an unknown scope" POST /v1/device/authorize - '{"scope":"x"}'
row "400 invalid_request" "JSON: an unknown member" POST /v1/device/authorize - '{"scopes":"x"}'
row "200" "JSON: another" POST /v1/device/authorize - '{}'
codes
row "200" "JSON: the wish for a tier is shown" POST /v1/device/lookup "$admin" "{\"user_code\":\"$user\"}"
row "200" "JSON: approved by an admin" POST /v1/device/approve "$admin" "{\"user_code\":\"$user\",\"approve\":true}"
row "200" "JSON: the token" POST /v1/device/token - "{\"device_code\":\"$device\"}"
of_admin=$(json .access_token)

# --- what falls with whom ---
row "200" "the approver lists" GET /v1/admin/tokens "$admin" -
id=$(json 'map(select(.scopes == "peers:read peers:add"))[0].id')
row "200" "the token that approved is revoked" DELETE /v1/admin/tokens "$admin" "{\"id\":\"$id\"}"
row "401 invalid_token" "what it approved fell with it" GET /v1/status "$made" -
row "200" "what the admin approved did not" GET /v1/status "$of_admin" -

# --- bounds: guesses, and codes of one address ---
for _ in {1..5}; do call POST /v1/device/lookup "${JSON[@]}" -H "Authorization: Bearer $bob" -d '{"user_code":"BBBB-BBBB"}'; done
is "five wrong codes" "$status $(json .code)" "404 code_not_found"
row "429 rate_limited" "the sixth is not looked at" POST /v1/device/lookup "$bob" '{"user_code":"BBBB-BBBB"}'
row "429 rate_limited" "nor a right one" POST /v1/device/approve "$bob" "{\"user_code\":\"$user\",\"approve\":true}"
for _ in {1..12}; do call POST /v1/device/authorize "${JSON[@]}" -d '{}'; done
is "an address has eight devices waiting at most" "$status $(json .code)" "429 rate_limited"
like "and is told when to come again" "$(header retry-after)" '^[0-9]+$'
finish
