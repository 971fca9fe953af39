#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The pages in a real Chromium: a click path for each, on a phone, in the dark. Screenshots are kept
# in build/web.
cd "$(dirname "$0")/../.."
if ! command -v chromedriver >/dev/null; then
	echo "1..0 # SKIP chromedriver (Debian packages chromium, chromium-driver) is not here"
	exit 4
fi
. selftests/api/lib.sh
openssl genpkey -algorithm ed25519 -out "$T/key.pem" 2>/dev/null
printf 'Sidecar warrant canary 1\nSequence: 1\nDate: 2026-01-01\nNext: 2999-01-01\nPrevious: -\n\nWe have received no secret order.\n' >"$T/signed"
openssl pkeyutl -sign -rawin -inkey "$T/key.pem" -in "$T/signed" -out "$T/signature"
{ cat "$T/signed"; echo "Signature: $(base64 -w0 "$T/signature")"; } >"$T/canary"
printf '# Terms\n\nBe **kind**.\n' >"$T/terms.md"
relay_up "canary: {file: $T/canary, key: \"$(openssl pkey -in "$T/key.pem" -pubout -outform DER | tail -c 32 | base64 -w0)\"}
pages: {terms: $T/terms.md}
"
mkdir -p build/web
python3 selftests/web/pages.py "$URL" "$(new_token alice free admin)" "$(new_token operator free metrics)" build/web >"$T/result" 2>&1 ||
	echo "not ok - pages.py ends by itself" >>"$T/result"
points <"$T/result"
finish
