#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots the two test machines (unless they run, KEEP=1) and installs this build on both. KERNEL=6.1
# gives the relay Debian 12's kernel.
set -eu
cd "$(dirname "$0")/../.."
selftests/vm/image.sh
. selftests/vm/lib.sh
. selftests/vm/boot.sh
BUILD=${BUILD:-build/out}
plan 3

up() {
	on "$1" true
}

install_on() {
	tar -C $VM_RUN/dest -c . | on "$1" tar -C / -xm --no-same-owner
	on "$1" sh -c 'systemd-sysusers 2>/dev/null && systemctl daemon-reload'
}

# The relay with the wanted kernel?
relay_fits() {
	case $(on relay uname -r) in
	6.1.*) [ "${KERNEL-}" = 6.1 ] ;;
	*) [ -z "${KERNEL-}" ] ;;
	esac
}

begun=$SECONDS
if [ -e $VM_RUN/relay.port ] && up relay 2>/dev/null && up edge 2>/dev/null && relay_fits; then
	ok "both machines run already"
else
	echo "# booting two machines under emulation (about half a minute) ..."
	selftests/vm/stop.sh
	mkdir -p $VM_RUN
	vm_boot relay "${KERNEL-}"
	vm_boot edge
	wait_until 600 up relay && wait_until 600 up edge || {
		for f in $VM_RUN/*.console; do tail -n 30 "$f"; done | sed 's/^/# /'
		echo "Bail out! a machine does not come up"
		exit 1
	}
	ok "both machines are up ($((SECONDS - begun)) s)"
fi

rm -rf $VM_RUN/dest
make -s install DESTDIR=$VM_RUN/dest BUILD="$BUILD" >/dev/null
mkdir -p $VM_RUN/dest/usr/lib/sidecar-test
cp selftests/vm/*.py selftests/api/tls_client.py "$BUILD"/selftests/vm/{numbered,flood} $VM_RUN/dest/usr/lib/sidecar-test/
install_on relay
install_on edge
ok "this build is installed on both"

on edge sh -c 'systemctl start docker docker-image'
ok "the Docker Engine runs ($((SECONDS - begun)) s)"
