#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 2,000 idle TLS connections and 200 slow senders: what others notice, what each costs.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
ulimit -n "$(ulimit -Hn)"
relay_up 'tiers:
  all: {peers: 900, ipv6: 900}
'
admin=$(new_token alice all admin)
child=$(cat "/proc/$PID/task/$PID/children")
python3 selftests/api/load.py "$PORT" "$admin" "${child% }" 2000 200 >"$T/result" 2>&1 ||
	echo "not ok - load.py ends by itself" >>"$T/result"
while IFS= read -r line; do
	case $line in
	"ok -"*) n=$((n + 1)) && echo "ok $n${line#ok}" ;;
	"not ok -"*) n=$((n + 1)) failed=1 && echo "not ok $n${line#not ok}" ;;
	"#"*) echo "$line" ;;
	*) echo "# $line" ;;
	esac
done <"$T/result"
finish
