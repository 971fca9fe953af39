#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 at random moments under a write load: 40 of them, 500 with LONG=1.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up 'tiers:
  all: {peers: 900, ipv6: 900}
'
admin=$(new_token alice all admin)
python3 selftests/api/crash.py "$PORT" "$admin" 9 8 "$T/state/api/relay.db" "$([ -n "${LONG-}" ] && echo 500 || echo 40)" >"$T/result" 2>&1 ||
	echo "not ok - crash.py ends by itself" >>"$T/result"
points <"$T/result"
finish
