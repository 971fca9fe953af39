#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The relay's TLS keys: live and standby, a roll while connections are open, a roll that was cut off.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
TLS=$T/state/api/tls
alice=$(new_token alice pulse)
pin() { # pin KEYFILE
	openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =
}
served() { # the pin of the key that new connections see
	openssl s_client -connect "127.0.0.1:$PORT" -tls1_3 </dev/null 2>/dev/null | openssl x509 -noout -pubkey |
		openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =
}
pins() { ctl GET /ctl/v1/pins | jq -r '.[].pin' | paste -sd' '; }
roll() { ctl POST /ctl/v1/pins "$1"; }
alike() { [ "$(pins)" = "$(pin "$TLS/live.key") $(pin "$TLS/standby.key")" ] && [ "$(served)" = "$(pin "$TLS/live.key")" ]; }

live=$(pin "$TLS/live.key")
standby=$(pin "$TLS/standby.key")
point "pins are those of the key files, and the live one is served" alike
is "a young standby is not rolled" "$(roll '{}' | jq -r .code)" pin_young
is "an unknown member" "$(roll '{"x":1}' | jq -r .code)" invalid_request
is "force is true or false" "$(roll '{"force":1}' | jq -r .code)" invalid_request
point "nothing has changed" test "$(pins)" = "$live $standby"

# An open connection, which knows the old live key only.
mkfifo "$T/in" "$T/out"
"$BUILD/selftests/api/machine_step" "$PORT" "$live" "$alice" <"$T/in" >"$T/out" 2>>"$T/log" &
exec 5>"$T/in" 6<"$T/out"
ask() {
	local text
	echo "call GET /v1/relay" >&5
	read -r _ _ status text <&6
	printf '%s' "$text" >"$T/body"
}
ask
is "an agent is told the pins" "$(json '.pins | join(" ")')" "$live $standby"
touch -d '2 hours ago' "$TLS/standby.key"
is "a roll: the standby key is live" "$(roll '{}' | jq -r '.[0].pin')" "$standby"
new=$(pins | cut -d' ' -f2)
point "and there is a new standby" test "$new" != "$live" -a "$new" != "$standby"
point "in the files, and served" alike
ask
is "the open connection goes on and is told" "$status $(json '.pins | join(" ")')" "200 $standby $new"
is "the audit log has it" "$(ctl GET /ctl/v1/audit | jq -r '.[0].action')" pin.roll
like "the join string too" "$(ctl POST /ctl/v1/join '{}' | jq -r .join)" "pin=$standby&pin=$new\$"
is "a second one at once is refused" "$(roll '{}' | jq -r .code)" pin_young
like "relayctl pin roll" "$("$BUILD/relayctl" -s "$T/run/relayctl.sock" pin roll 2>&1 || true)" 'younger'
like "relayctl pin list" "$("$BUILD/relayctl" -s "$T/run/relayctl.sock" pin list)" "standby +$new "
like "relayctl pin roll --force" "$("$BUILD/relayctl" -s "$T/run/relayctl.sock" pin roll --force)" "live +$new "
exec 5>&- 6<&-
point "nothing is left over" test ! -e "$TLS/next.key" -a ! -e "$TLS/next.crt"
point "keys are private" test "$(stat -c %a "$TLS/live.key" "$TLS/standby.key" | sort -u)" = 600
restart
point "a restart finds the same" alike

# Each place where a roll may be cut off, made by hand.
cut() { # cut NAME LIVE STANDBY: what the next start makes of it
	say start >/dev/null
	is "$1: live and standby" "$(pins | sed "s/$2/A/;s/$3/B/")" "A B"
	point "$1: all fits" alike
	like "$1: and rolls again" "$(roll '{"force":true}' | jq -r '.[0].pin')" "$3"
	say stop >/dev/null
}
say stop >/dev/null
a=$(pin "$TLS/live.key") b=$(pin "$TLS/standby.key")
rm "$TLS/live.crt"
cut "before the live key went" "$a" "$b"
next() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$TLS/next.key" 2>/dev/null &&
	openssl req -x509 -new -key "$TLS/next.key" -subj /CN=x -days 9 -out "$TLS/next.crt"; }
next
b=$(pin "$TLS/standby.key") c=$(pin "$TLS/next.key")
rm "$TLS/live.crt"
mv "$TLS/standby.key" "$TLS/live.key"
cut "after the key, before the certificate" "$b" "$c"
next
b=$(pin "$TLS/standby.key") c=$(pin "$TLS/next.key")
mv "$TLS/standby.key" "$TLS/live.key"
mv "$TLS/standby.crt" "$TLS/live.crt"
cut "before the new standby" "$b" "$c"
next
b=$(pin "$TLS/standby.key") c=$(pin "$TLS/next.key")
mv "$TLS/standby.key" "$TLS/live.key"
mv "$TLS/standby.crt" "$TLS/live.crt"
mv "$TLS/next.key" "$TLS/standby.key"
cut "before the new standby's certificate" "$b" "$c"
say start >/dev/null
finish
