#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# selftests/net/test_shaper.c on the relay's kernel, at a tenth of its rates: not every machine that
# builds this has the queues it needs.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
BUILD=${BUILD:-build/out}

cleanup() { on relay rm -rf /tmp/shaper; }
at_exit cleanup
cmocka=$(ldd "$BUILD/selftests/net/test_shaper" | awk '/libcmocka/ { print $3 }')
tar -hc -C "$(dirname "$cmocka")" "$(basename "$cmocka")" -C "$PWD/$BUILD/selftests/net" test_shaper |
	on relay sh -c 'mkdir -p /tmp/shaper && tar -x -C /tmp/shaper'
# Its output is this test's own.
on relay env LD_LIBRARY_PATH=/tmp/shaper /tmp/shaper/test_shaper 10 || TAP_FAILED=1
