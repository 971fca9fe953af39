#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Stops the test machines by their own pids.
cd "$(dirname "$0")/../.." || exit 1
for vm in relay edge; do
	pid=$(cat build/vm/run/$vm.pid 2>/dev/null) || continue
	if grep -qs "qemu-system" "/proc/$pid/cmdline"; then
		kill "$pid"
		for _ in $(seq 50); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
	fi
done
rm -rf build/vm/run
