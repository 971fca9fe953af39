#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Looks for kernel trouble, then stops the test machines (KEEP=1 leaves them up).
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
plan 2
for vm in relay edge; do
	out=$(on $vm dmesg --level=emerg,alert,crit,err,warn 2>&1 |
		grep -E 'BUG|WARNING:|Oops|Call Trace|unregister_netdevice: waiting|RCU stall' || true)
	is "no kernel warning on $vm" "$out" ""
done
if [ -n "${KEEP-}" ]; then
	echo "# the machines stay up: make vm-ssh VM=relay, make vm-ssh VM=edge, make vm-stop"
else
	selftests/vm/stop.sh
fi
