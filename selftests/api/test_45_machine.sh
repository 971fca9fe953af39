#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Agents bound to their hosts: enrolment, sessions on a TLS connection, two factors of three, what is
# refused and reported, clones, release; tokens without a machine go on as before.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
PIN=$(ctl GET /ctl/v1/pins | jq -r '.[0].pin')
alice=$(new_token alice pulse)
second=$(new_token alice pulse)
bob=$(new_token bob pulse)
tiny=$(new_token carol micro)
reader=$(new_token alice pulse peers:read)

# agent N TOKEN: a connection by that name, kept open; tell N LINE: sets $status and $T/body
declare -A IN OUT
agent() {
	local in out
	mkfifo "$T/in$1" "$T/out$1"
	"$BUILD/selftests/api/machine_step" "$PORT" "$PIN" "$2" <"$T/in$1" >"$T/out$1" 2>>"$T/log" &
	exec {in}>"$T/in$1" {out}<"$T/out$1"
	IN[$1]=$in OUT[$1]=$out
	rm "$T/in$1" "$T/out$1"
}
tell() {
	local method path text
	echo "$2" >&"${IN[$1]}"
	read -r method path status text <&"${OUT[$1]}"
	printf '%s' "$text" >"$T/body"
	: >"$T/head"
	echo "$method $path $status" >>"$SEEN"
	jq -c --arg m "$method" --arg p "$path" --arg s "$status" '{$m, $p, $s, body: .}' "$T/body" >>"$SEEN.json"
}
step() { # step "STATUS CODE" NAME N LINE
	tell "$3" "$4"
	local code
	code=$(jq -r '.code? // empty' "$T/body" 2>/dev/null || true)
	is "$2" "$status${code:+ $code}" "$1"
}
gone() {
	local in=${IN[$1]} out=${OUT[$1]}
	exec {in}>&- {out}<&-
}
post() { printf 'call POST /v1/peers {"pubkey":"%s","container":"%s"%s}' "$(key "$1")" "$2" "${3:+,\"machine\":\"$3\"}"; }
drop() { printf 'call DELETE /v1/peers {"pubkey":"%s"}' "$(key "$1")"; }
field() { ctl GET /ctl/v1/machines | jq -r --arg m "$1" ".[] | select(.machine == \$m) | .$2"; }
audit() { ctl GET /ctl/v1/audit | jq -r --arg a "$1" '[.[] | select(.action == $a)] | length'; }
body='{"machine":"m","machine_key":"'$(key 1)'","factors":["'$(key 1)'",null,null],"signature":"'$(head -c 64 /dev/zero | base64 -w0)'"}'

# --- who may ---
for e in GET:/v1/relay POST:/v1/machines; do
	row "401 missing_token" "$e without a token" "${e%%:*}" "${e#*:}" - -
	row "401 invalid_token" "$e with a wrong one" "${e%%:*}" "${e#*:}" sct_live_x -
	row "400 invalid_request" "$e: an invalid query" "${e%%:*}" "${e#*:}?a=%zz" "$alice" -
done
row "403 insufficient_scope" "a token that may only read" POST /v1/machines "$reader" "$body"
row "403 post_quantum_required" "over a classic key exchange" POST /v1/machines "$alice" "$body" --curves X25519
row "403 machine_signature" "a signature that is none" POST /v1/machines "$alice" "$body"
row "415 unsupported_media_type" "as text" POST /v1/machines "$alice" "$body" -H 'Content-Type: text/plain'
row "400 invalid_json" "no JSON" POST /v1/machines "$alice" '{'
row "413 body_too_large" "too large" POST /v1/machines "$alice" "{\"machine\":\"$(printf 'a%.0s' {1..20000})\"}"
bad() { row "400 invalid_request" "$1" POST /v1/machines "$alice" "$(jq -c "$2" <<<"$body")"; }
bad "an unknown member" '.x = 1'
bad "no machine" 'del(.machine)'
bad "a machine with a space" '.machine = "a b"'
bad "a machine of 65 characters" '.machine = ("a" * 65)'
bad "a key of another length" '.machine_key = "AAAA"'
bad "two factors" '.factors = [null, null]'
bad "a factor that is none" '.factors[0] = "x"'
bad "no factor at all" '.factors = [null, null, null]'
bad "a signature of another length" '.signature = "AAAA"'
row "200" "what an agent must know of the relay" GET /v1/relay "$alice" -
is "two pins" "$(json '.pins | length')" 2
is "the first is the live key's" "$(json '.pins[0]')" "$PIN"
is "curl has no session" "$(json .machine_session)" false
salt=$(json .machine_salt)
call GET /v1/relay -H "Authorization: Bearer $second"
is "an account has one salt" "$(json .machine_salt)" "$salt"
call GET /v1/relay -H "Authorization: Bearer $bob"
isnt() { point "$1" test "$2" != "$3"; }
isnt "another account another" "$(json .machine_salt)" "$salt"

# --- without a machine all is as before ---
row "201" "a peer without a machine" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 1)\",\"container\":\"free\"}"
row "201" "a peer of a machine that nobody has enrolled" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 2)\",\"container\":\"c\",\"machine\":\"hosta\"}"

# --- enrolment and session ---
agent a "$alice"
step "403 machine_signature" "another connection's proof" a "forge hosta 1 11 12 13"
step "201" "enrolment" a "enrol hosta 1 11 12 13"
is "with three factors" "$(field hosta factors)" 3
is "in the audit log" "$(audit machine.enrol)" 1
step "200" "its session" a "call GET /v1/relay"
is "the relay knows it" "$(json .machine_session)" true
step "200" "its peer again" a "$(post 2 c hosta)"
step "201" "another peer" a "$(post 3 d hosta)"
for m in POST DELETE; do
	row "403 machine_session_required" "$m of its peer without a session" $m /v1/peers "$alice" \
		"{\"pubkey\":\"$(key 3)\"$([ $m = DELETE ] || echo ',"container":"d","machine":"hosta"')}"
done
row "403 machine_session_required" "taking its peer's key to another name" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 3)\",\"container\":\"d\",\"machine\":\"hostz\"}"
row "403 machine_session_required" "taking its container's row" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 9)\",\"container\":\"d\",\"machine\":\"hosta\"}"
row "403 machine_session_required" "offering a key exchange" POST /v1/peers/psk "$alice" "{\"pubkey\":\"$(key 3)\",\"epoch\":1,\"kem\":\"\"}"
row "403 machine_session_required" "committing one" PUT /v1/peers/psk "$alice" "{\"pubkey\":\"$(key 3)\",\"epoch\":1,\"confirm\":\"\"}"
for m in POST PUT DELETE; do
	row "403 machine_session_required" "$m of a rotation" $m /v1/peers/rotate "$alice" "{\"pubkey\":\"$(key 3)\",\"new_pubkey\":\"$(key 8)\"}"
done
row "200" "reading needs none" GET /v1/peers "$alice" -
row "200" "the peer without a machine is still anybody's" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 1)\"}"
gone a
agent a "$second"
step "403 machine_session_required" "a new connection has no session" a "$(drop 3)"
step "200" "until the key has signed it, with any token of the account" a "enrol hosta 1 11 12 13"
is "no factor changed" "$(json .factors_changed)" false
step "200" "then it may" a "$(drop 3)"
agent b "$bob"
step "409 machine_enrolled" "another account cannot have the key" b "enrol hosta 1 11 12 13"
step "201" "but may have the name" b "enrol hosta 2 11 12 13"
is "a session is for one's own peers only" "$(tell b "$(drop 2)" && json .code)" peer_not_found
gone b

# --- factors ---
refused=$(field hosta refused)
agent b "$alice"
step "409 machine_enrolled" "another key under its name" b "enrol hosta 3 11 12 13"
is "is counted" "$(ctl GET /ctl/v1/machines | jq -r '.[] | select(.machine == "hosta" and .account == "alice") | .refused')" $((${refused%%$'\n'*} + 1))
step "201" "another host" b "enrol hostb 4 21 22 23"
step "200" "one factor changed" b "enrol hostb 4 21 22 99"
is "is told" "$(json .factors_changed)" true
is "and in the audit log" "$(audit machine.factor)" 1
step "200" "another one, after the first was taken over" b "enrol hostb 4 98 22 99"
step "200" "a factor is away" b "enrol hostb 4 98 22 0"
step "403 machine_mismatch" "two changed: a copy on another host" b "enrol hostb 4 98 33 34"
step "403 machine_mismatch" "again" b "enrol hostb 4 31 32 33"
is "both are counted" "$(field hostb refused)" 2
is "the log holds one a minute of each" "$(audit machine.refused)" 2
is "relayctl shows it" "$(field hostb state)" refused
gone b
agent b "$alice"
step "403 machine_mismatch" "a copy on a connection of its own" b "enrol hostb 4 31 32 33"
step "403 machine_session_required" "has no session" b "$(post 5 e hostb)"
step "200" "the true host still has one" b "enrol hostb 4 98 22 97"
step "201" "and its peer" b "$(post 5 e hostb)"

# --- clones: the same factors, two connections at work in turn ---
agent c "$alice"
step "200" "a second agent with the same key and factors" c "enrol hostb 4 98 22 97"
for _ in 1 2 3; do
	tell b "call GET /v1/relay"
	tell c "call GET /v1/relay"
done
is "two at work are noticed" "$(field hostb state)" cloned
is "and in the audit log" "$(audit machine.clone)" 1
is "and in the metrics" "$(ctl GET /ctl/v1/metrics | awk '/^sidecar_machines/ {print $2}' | paste -sd' ')" "3 1"
gone c

# --- clones: the packets of one tunnel come from two endpoints in turn ---
clones() { ctl GET /ctl/v1/metrics | awk '/^sidecar_peer_clones_total/ {print $2}'; }
agent c "$alice"
step "201" "a third agent" c "enrol hostc 7 51 52 53"
step "201" "and its peer" c "$(post 7 f hostc)"
gone c
slot=$(peers | grep -F "$(key 7)" | cut -d' ' -f1)
for port in 1 2 1 2; do say "seen $slot 5 192.0.2.9:$port 1 1" >/dev/null; done
is "twice back: nothing yet" "$(field hostc state)$(clones)" ok0
say "seen $slot 5 192.0.2.9:1 1 1" >/dev/null
is "three times: its host is shown as cloned" "$(field hostc state)" cloned
is "in the audit log" "$(ctl GET /ctl/v1/audit | jq -r '.[] | select(.action == "peer.clone") | .detail')" \
	"slot $slot: packets of its key come from 192.0.2.9:2 and 192.0.2.9:1 in turn"
is "in the metrics" "$(clones)" 1

is "release" "$(ctl DELETE /ctl/v1/machine '{"machine":"hostb"}' | jq -r .released)" true
is "in the audit log" "$(audit machine.release)" 1
step "200" "its session has ended" b "call GET /v1/relay"
is "as the relay says" "$(json .machine_session)" false
step "201" "enrolled anew, on other hardware" b "enrol hostb 4 41 42 43"
is "none such" "$(ctl DELETE /ctl/v1/machine '{"machine":"nobody"}' | jq -r .code)" machine_not_found
is "two such" "$(ctl POST /ctl/v1/machine '{"machine":"hosta"}' | jq -r .code)" conflict
id=$(ctl GET /ctl/v1/machines | jq -r '.[] | select(.machine == "hosta" and .account == "bob") | .id')
is "by its id" "$(ctl POST /ctl/v1/machine "{\"machine\":\"$id\"}" | jq -r .account)" bob
is "by its key" "$(ctl POST /ctl/v1/machine "$(ctl GET /ctl/v1/machines | jq -c '.[] | select(.machine == "hostb") | {machine: .machine_key}')" | jq -r .machine)" hostb
like "relayctl machine list" "$("$BUILD/relayctl" -s "$T/run/relayctl.sock" machine list)" 'alice +hostb +ok +1 '
like "relayctl machine show" "$("$BUILD/relayctl" -s "$T/run/relayctl.sock" machine show hostb)" 'sessions refused +0'
like "relayctl machine release" "$("$BUILD/relayctl" -s "$T/run/relayctl.sock" machine release "$id")" released

# --- a bound on machines: four per peer of the tier ---
agent t "$tiny"
for i in 1 2 3 4; do
	step "201" "machine $i of 4" t "enrol t$i 10$i 1 2 3"
	[ $i != 1 ] || step "201" "the first has a peer" t "$(post 60 t t1)"
done
step "201" "one more takes the place of one without peers" t "enrol t5 105 1 2 3"
is "which is the oldest such" "$(field t2 id)$(field t1 peers)" 1
for i in 3 4 5; do ctl DELETE /ctl/v1/machine "{\"machine\":\"t$i\"}" >/dev/null; done
# Peers of more machines than a tier of one peer has come about when a tier shrinks.
ctl POST /ctl/v1/accounts '{"account":"carol","tier":"pulse"}' >/dev/null
for i in 2 3 4; do
	step "201" "machine t$i" t "enrol t$i 11$i 1 2 3"
	step "201" "with a peer" t "$(post 6$i t$i t$i)"
done
ctl POST /ctl/v1/accounts '{"account":"carol","tier":"micro"}' >/dev/null
step "403 machine_quota" "all have peers" t "enrol t6 106 1 2 3"

# --- a restart ---
restart
step "200" "after a restart of relayd" a "call GET /v1/relay"
is "the connection is a new one, without a session" "$(json .machine_session)" false
step "200" "the key is known" a "enrol hosta 1 11 12 13"
for a in a b t; do gone $a; done
finish
