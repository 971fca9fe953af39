#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ssh.sh relay|edge: a shell on a test machine that was left up by KEEP=1.
set -eu
cd "$(dirname "$0")/../.."
vm=${1:?usage: make vm-ssh VM=relay or VM=edge}
[ -e build/vm/run/"$vm".port ] || { echo "no machine \"$vm\" runs: make demo KEEP=1 starts them" >&2; exit 1; }
exec ssh -q -t -i build/vm/id -p "$(cat build/vm/run/"$vm".port)" -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null root@127.0.0.1
