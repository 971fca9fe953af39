#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Warrant canaries signed by openssl, as relay.yaml(5) says: each state, and each way to be wrong.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
openssl genpkey -algorithm ed25519 -out "$T/key.pem" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$T/other.pem" 2>/dev/null
public=$(openssl pkey -in "$T/key.pem" -pubout -outform DER | tail -c 32 | base64 -w0)
YAML="canary: {file: $T/canary, key: \"$public\"}
"
sign() { # sign SEQUENCE DATE NEXT PREVIOUS KEYFILE
	printf 'Sidecar warrant canary 1\nSequence: %s\nDate: %s\nNext: %s\nPrevious: %s\n\nWe have received no warrant <b>.\n' "$1" "$2" "$3" "$4" >"$T/signed"
	openssl pkeyutl -sign -rawin -inkey "$5" -in "$T/signed" -out "$T/signature"
	{ cat "$T/signed"; echo "Signature: $(base64 -w0 "$T/signature")"; } >"$T/canary"
	hash=$(sha256sum "$T/signed" | cut -d' ' -f1)
}
canary() { # canary NAME STATUS [PROBLEM]: after a reload
	restart "$YAML"
	row "200" "$1" GET /v1/canary "$token" -
	is "$1: status" "$(json .status)" "$2"
	[ $# = 2 ] || like "$1: says why" "$(json .problem)" "$3"
}
sign 1 2026-01-01 2999-01-01 - "$T/key.pem"
first=$hash
relay_up "$YAML"
token=$(new_token alice free)
canary "the first" ok
is "its members" "$(json '"\(.sequence) \(.timestamp) \(.next_due) \(.previous) \(.public_key)"')" \
	"1 2026-01-01T00:00:00Z 2999-01-01T00:00:00Z null $public"
is "its hash is what sha256sum says" "$(json .hash)" "$first"
json .signed | head -c -1 >"$T/got"
json .signature | base64 -d >"$T/got.sig"
openssl pkey -in "$T/key.pem" -pubout -out "$T/pub.pem"
like "openssl verifies what the API gave" "$(openssl pkeyutl -verify -rawin -pubin -inkey "$T/pub.pem" -in "$T/got" -sigfile "$T/got.sig" 2>&1)" Successfully
is "the statement" "$(json .statement)" "We have received no warrant <b>."
row "200" "its page" GET /warrant-canary - -
like "says that it is in time, and shows HTML as text" "$(cat "$T/body")" 'no warrant &lt;b&gt;'
row "304" "its page again" GET /warrant-canary - - -H "If-None-Match: $(header etag)"
row "200" "its signed text" GET /warrant-canary.txt - -
point "is the file" cmp -s "$T/body" "$T/canary"
row "304" "its signed text again" GET /warrant-canary.txt - - -H "If-None-Match: $(header etag)"

sign 2 2026-02-01 2999-01-01 "$first" "$T/key.pem"
second=$hash
cp "$T/canary" "$T/second"
canary "the second" ok
canary "the second, read again" ok
sign 3 2026-02-01 2999-01-01 "$second" "$T/other.pem"
canary "another key" invalid signature
sign 4 2026-02-01 2999-01-01 "$second" "$T/key.pem"
canary "one left out" invalid 'sequence 4.*3'
sign 1 2026-01-01 2999-01-01 - "$T/key.pem"
canary "an old one" invalid 'sequence 1.*3'
sign 2 2026-02-02 2999-01-01 "$first" "$T/key.pem"
canary "another text with the same number" invalid 'sequence 2'
sign 3 2026-02-01 2999-01-01 "$first" "$T/key.pem"
canary "another previous" invalid Previous
sign 3 2026-02-01 2026-03-01 "$second" "$T/key.pem"
canary "not followed in time" overdue
row "200" "the page of an overdue one" GET /warrant-canary - -
like "says so" "$(cat "$T/body")" Overdue
sed -i 's/no warrant/a warrant/' "$T/canary"
canary "a changed statement" invalid signature
row "200" "the page of an invalid one" GET /warrant-canary - -
like "shows none of it" "$(grep -c "warrant &lt" "$T/body") $(tr "\n" " " <"$T/body")" "^0 .*not valid"
rm "$T/canary"
canary "no file" invalid 'canary'
for damage in '1s/1$/2/' '2s/:.*/: 0/' '3s/2026/1969/' '4s/2026/x/' '5s/:.*/: abc/' '6s/^/x/' '$s/Signature/Sign/' '$s/=/ /' '2d'; do
	sed "$damage" "$T/second" >"$T/canary"
	canary "damaged: $damage" invalid 'canary'
done
finish
