#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bench_api.sh [JSON]: registrations against bare TLS handshakes, beside a kernel that is only
# remembered. The database is a real one, on the disk below build/.
json=$(realpath -m "${1:-build/bench-api.json}")
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
mkdir -p build/bench
state=$(mktemp -d build/bench/state.XXXXXX)
trap 'cleanup; rm -rf "$state"' EXIT
CONF=${CONF/dir: $T\/state/dir: $PWD/$state}
relay_up 'tiers:
  all: {peers: 1024, ipv6: 1024}
'
child=$(cat "/proc/$PID/task/$PID/children")
python3 selftests/bench/bench_api.py "$PORT" "${child% }" "$(new_token alice all)" 5 200 "$json"
