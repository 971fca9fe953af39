#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# state.mode: tmpfs with the real Litestream: power cuts at random moments under a write load. 12 of
# them, 500 with LONG=1. Prints the loss window. The replica is on this machine's disk, not a tmpfs.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
. selftests/api/replica.sh
replica=$(mktemp -d "$PWD/$BUILD/selftests/api/replica.XXXXXX")
rmdir "$replica" # relayd makes it
trap 'cleanup; rm -rf "$replica"' EXIT
# sync_ms: relayd's default
use_tmpfs "$replica" "${SYNC_MS:-1000}"
CONF+='tiers:
  all: {peers: 900, ipv6: 900}
'
VERBOSE=1 relay_up
admin=$(new_token alice all admin)
point "the replica gets what was there before" wait_until 20 replica_has_token
python3 selftests/api/power.py "$PORT" "$admin" 9 8 "$T/run/state" "$T/log" "$([ -n "${LONG-}" ] && echo 500 || echo 12)" >"$T/result" 2>&1 ||
	echo "not ok - power.py ends by itself" >>"$T/result"
points <"$T/result"
grep -v level=DEBUG "$T/log" >"$T/log.short" && mv "$T/log.short" "$T/log"
finish
