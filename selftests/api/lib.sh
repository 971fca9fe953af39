# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the API's tests share: the true api role (selftests/api/api_relay.c) on a free port of the
# loopback, curl, relayctl's socket, TAP. Sourced at the top; end with `finish`.
set -eu

BUILD=${BUILD:-build/out}
T=$(mktemp -d /tmp/sidecar-api.XXXXXX)
# "METHOD PATH STATUS" of every answer: what test_90_openapi.sh compares with the documentation.
SEEN=$BUILD/selftests/api/$(basename "$0" .sh).answers
mkdir -p "${SEEN%/*}"
: >"$SEEN"
: >"$SEEN.json"
n=0
failed=0

# shellcheck disable=SC2329 # called by the trap
cleanup() {
	if [ -n "${PID-}" ]; then
		exec 9>&-
		wait "$PID" 2>/dev/null || true
	fi
	rm -rf "$T"
}
trap cleanup EXIT

# point NAME COMMAND...: passes when the command succeeds
point() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		echo "# HTTP $(head -1 "$T/head" 2>/dev/null | tr -d '\r'): $(head -c 600 "$T/body" 2>/dev/null)"
	fi
}
is() { # is NAME GOT WANTED
	point "$1" test "$2" = "$3" || true
	[ "$2" = "$3" ] || printf '# got:    %s\n# wanted: %s\n' "$2" "$3"
}
like() { # like NAME TEXT EXTENDED-REGEX
	point "$1" grep -qE -- "$3" <<<"$2"
	grep -qE -- "$3" <<<"$2" || printf '# got:    %s\n# wanted: %s\n' "${2:0:800}" "$3"
}
# points: TAP points without numbers, from a program, into ours
points() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok -"*) n=$((n + 1)) && echo "ok $n${line#ok}" ;;
		"not ok -"*) n=$((n + 1)) failed=1 && echo "not ok $n${line#not ok}" ;;
		"#"* | "Bail out!"*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done
}
finish() {
	echo "1..$n"
	[ "$failed" = 0 ] || tail -30 "$T/log" | sed 's/^/# log: /'
	exit "$failed"
}

CONF="uplink: lo
public: {ipv4: 203.0.113.2, ipv6: 2001:db8:ffff::2}
pools:
  - {prefix: \"2001:db8:5:5::/64\", mode: onlink}
  - {prefix: 203.0.113.128/26, mode: onlink}
slots: 1024
state: {dir: $T/state}
run_dir: $T/run
"

# relay_up [EXTRA-YAML]
relay_up() {
	local line
	printf '%s%s' "$CONF" "${1-}" >"$T/relay.yaml"
	mkfifo "$T/to" "$T/from"
	"$BUILD/selftests/api/api_relay" "$BUILD/relayd" "$T/relay.yaml" <"$T/to" >"$T/from" 2>>"$T/log" &
	PID=$!
	exec 9>"$T/to" 8<"$T/from"
	if ! read -r line <&8; then
		echo "Bail out! the api role does not start: $(tail -3 "$T/log")"
		exit 1
	fi
	PORT=${line#port }
	URL=https://127.0.0.1:$PORT
}
say() { # say COMMAND: to api_relay; prints its answer
	local line
	echo "$1" >&9
	read -r line <&8
	echo "$line"
}
peers() { # what the kernel would have
	local line
	echo peers >&9
	while read -r line <&8 && [ "$line" != . ]; do echo "$line"; done
}
restart() { # restart [EXTRA-YAML]: with another configuration
	[ $# = 0 ] || printf '%s%s' "$CONF" "$1" >"$T/relay.yaml"
	say stop >/dev/null
	say start >/dev/null
}

# call METHOD PATH [curl options]: sets $status; $T/head, $T/body hold the rest
call() {
	local method=$1 path=$2
	shift 2
	: >"$T/body"
	: >"$T/head"
	status=$(curl -sk --tlsv1.3 --path-as-is -m 20 -X "$method" -D "$T/head" -o "$T/body" -w '%{http_code}' "$@" "$URL$path") || true
	echo "$method ${path%%\?*} $status" >>"$SEEN"
	# The bodies too: they are held against the schemas.
	case $(header content-type) in
	application/*json*) jq -c --arg m "$method" --arg p "${path%%\?*}" --arg s "$status" '{$m, $p, $s, body: .}' "$T/body" >>"$SEEN.json" 2>/dev/null || true ;;
	esac
}
json() { jq -r "$1" "$T/body"; }
header() { tr -d '\r' <"$T/head" | sed -n "s/^$1: //Ip" | head -1; }
JSON=(-H 'Content-Type: application/json')
# shellcheck disable=SC2034 # used by the tests
FORM=(-H 'Content-Type: application/x-www-form-urlencoded')

# row "STATUS CODE" NAME METHOD PATH TOKEN BODY [curl options]: one case of a table. TOKEN - = none,
# BODY - = none; a body goes as JSON unless the options give another type.
row() {
	local want=$1 name=$2 method=$3 path=$4 token=$5 body=$6 o=() code
	shift 6
	[ "$token" = - ] || o+=(-H "Authorization: Bearer $token")
	if [ "$body" != - ]; then
		case "$*" in *[Cc]ontent-[Tt]ype*) ;; *) o+=("${JSON[@]}") ;; esac
		printf '%s' "$body" >"$T/request"
		o+=(--data-binary "@$T/request")
	fi
	call "$method" "$path" "${o[@]}" "$@"
	code=$(jq -r '.code? // .error? // empty' "$T/body" 2>/dev/null || true)
	is "$name" "$status${code:+ $code}" "$want"
}
ctl() { # ctl METHOD PATH [BODY]: relayctl's socket
	local o=()
	[ $# -lt 3 ] || o=("${JSON[@]}" --data-binary "$3")
	curl -s -m 20 --unix-socket "$T/run/relayctl.sock" -X "$1" "${o[@]}" "http://relay$2"
}
# new_token ACCOUNT TIER [SCOPES] [EXTRA-MEMBERS]: prints the token
new_token() {
	ctl POST /ctl/v1/tokens "{\"account\":\"$1\",\"tier\":\"$2\",\"scopes\":\"${3:-peers:read peers:add}\"${4-}}" | jq -r .token
}
key() { # key N: a public key
	printf '%032d' "$1" | base64 -w0
}
wait_until() { # wait_until SECONDS COMMAND...: a condition with a deadline
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.05 <> <(:) || true
	done
}
