#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Stops the test machines; their disks go.
cd "$(dirname "$0")/../.." || exit 1
[ -e build/vm/run ] || exit 0
. selftests/vm/boot.sh
vm_halt relay
vm_halt edge
rm -rf build/vm/run
