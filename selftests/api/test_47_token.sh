#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Tokens: a mistake in one is named, none is ever written down, what is stored is their HMAC.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
DIR=$T/state/api
alice=$(new_token alice pulse)
body=${alice#sct_live_}

# --- mistakes ---
wrong() { # wrong NAME TOKEN REGEX
	row "401 invalid_token" "$1" GET /v1/status "$2" -
	like "$1: the answer says what" "$(json .detail)" "$3"
	point "$1: and not the token" test -z "$(grep -F "${body:2:20}" "$T/body" || true)"
}
wrong "another prefix" "sk_live_$body" '^token does not begin with sct_live_$'
wrong "the prefix in capitals" "SCT_LIVE_$body" '^token does not begin with sct_live_$'
wrong "a character too few" "${alice%?}" '^token has 44 characters instead of 45$'
wrong "a character too many" "${alice}0" '^token has 46 characters instead of 45$'
wrong "the prefix alone" sct_live_ '^token has 9 characters instead of 45$'
wrong "a foreign character" "${alice:0:20}-${alice:21}" '^token: character 21 is neither a letter nor a digit$'
a=${alice:20:1} b=${alice:21:1}
[ "$a" != "$b" ] || b=$([ "$a" = x ] && echo y || echo x)
wrong "a character changed" "${alice:0:20}$b${alice:21}" 'checksum does not fit'
nobody=$(python3 - <<'PY'
import zlib
text, digits = "sct_live_" + "0" * 30, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
crc, check = zlib.crc32(text.encode()), ""
for _ in range(6):
    crc, check = crc // 62, digits[crc % 62] + check
print(text + check)
PY
)
wrong "well-formed, of nobody" "$nobody" '^no such token$'

# --- what is stored ---
for _ in 1 2 3; do new_token alice pulse >/dev/null; done
point "no file of the state holds a token" test -z "$(grep -rlaF -e "${body:0:16}" "$T/state" || true)"
point "nor does the log" test -z "$(grep -aF -e "${body:0:16}" "$T/log" || true)"
say stop >/dev/null
is "the database has its HMAC under the relay's key" "$(python3 - "$DIR" "$alice" <<'PY'
import hashlib, hmac, sqlite3, sys
key = open(sys.argv[1] + "/token.key", "rb").read()
stored = hmac.new(key, sys.argv[2].encode(), hashlib.sha256).digest()
db = sqlite3.connect(sys.argv[1] + "/relay.db")
print(db.execute("SELECT count(*) FROM token WHERE hmac = ?", (stored,)).fetchone()[0])
PY
)" 1
is "and for the relay's eyes alone" "$(stat -c %a "$DIR/token.key")" 600
say start >/dev/null
row "200" "after a restart it is valid" GET /v1/status "$alice" -
say stop >/dev/null
head -c 32 /dev/urandom >"$DIR/token.key"
say start >/dev/null
row "401 invalid_token" "under another key it is not: the database alone is worth nothing" GET /v1/status "$alice" -
finish
