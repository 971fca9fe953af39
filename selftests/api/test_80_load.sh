#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Registrations against bare handshakes (make bench: more of them);
# 2,000 idle TLS connections (LONG: 10,000) and 200 slow senders: what others notice, what each costs.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
ulimit -n "$(ulimit -Hn)"
relay_up 'tiers:
  all: {peers: 500, ipv6: 500}
'
idle=2000
[ -z "${LONG-}" ] || idle=10000
tokens=()
for _ in 1 2 3 4 5 6; do tokens+=("$(new_token alice all)"); done
child=$(cat "/proc/$PID/task/$PID/children")
python3 selftests/api/load.py "$PORT" "${child% }" "$idle" 200 "${tokens[@]}" >"$T/result" 2>&1 ||
	echo "not ok - load.py ends by itself" >>"$T/result"
python3 selftests/bench/bench_api.py "$PORT" "${child% }" "$(new_token bob all)" 5 40 >>"$T/result" 2>&1 ||
	echo "not ok - bench_api.py ends by itself" >>"$T/result"
points <"$T/result"
finish
