#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every documented operation against every way to ask for it wrongly: no token, another scope, other
# methods, media types, bodies too large, malformed, deep, with members unknown or twice.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
call GET /api/openapi.json
cp "$T/body" "$T/openapi.json"
python3 selftests/api/matrix.py "$PORT" "$T/openapi.json" "$SEEN" "$(new_token alice pulse admin)" "$(new_token operator free metrics)" >"$T/result" 2>&1 ||
	echo "not ok - matrix.py ends by itself" >>"$T/result"
points <"$T/result"
finish
