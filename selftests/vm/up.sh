#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots the two test machines (unless they run, KEEP=1) and installs this build on both. KERNEL=6.1
# gives the relay Debian 12's kernel.
set -eu
cd "$(dirname "$0")/../.."
selftests/vm/image.sh
. selftests/vm/lib.sh
BUILD=${BUILD:-build/out}
plan 3

# QEMU leaves this folder when it goes into the background: its socket paths are absolute.
start() { # start VM MAC-OF-UPLINK VM-AT-THE-OTHER-END MAC-OF-MGMT
	local vm=$1 port kernel=
	[ "$vm" != relay ] || kernel=${KERNEL:+-$KERNEL}
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	rm -f $VM_RUN/"$vm".*
	echo "$port" >$VM_RUN/"$vm".port
	qemu-img create -q -f qcow2 -F raw -b "$PWD/$VM_DIR/base.ext4" $VM_RUN/"$vm".qcow2
	# QEMU 10 with multi-threaded emulation: there is no KVM to count on.
	# A UUID, as every hypervisor gives its machines one.
	qemu-system-x86_64 -name "$vm" -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 1536 \
		-uuid "$(cat /proc/sys/kernel/random/uuid)" \
		-display none -serial "file:$VM_RUN/$vm.console" -pidfile "$VM_RUN/$vm.pid" -daemonize \
		-kernel "$VM_DIR/vmlinuz$kernel" -initrd "$VM_DIR/initrd$kernel" \
		-append "root=/dev/vda rw console=ttyS0 loglevel=4 panic=-1 oops=panic systemd.show_status=0 systemd.hostname=$vm sidecar.role=$vm net.ifnames=0" \
		-drive "file=$VM_RUN/$vm.qcow2,if=virtio,format=qcow2,cache=unsafe" \
		-device virtio-rng-pci \
		-netdev "dgram,id=up,local.type=unix,local.path=$PWD/$VM_RUN/$vm.sock,remote.type=unix,remote.path=$PWD/$VM_RUN/$3.sock" \
		-device "virtio-net-pci,netdev=up,mac=$2" \
		-netdev "user,id=mgmt,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" \
		-device "virtio-net-pci,netdev=mgmt,mac=$4"
}

up() {
	on "$1" true
}

install_on() {
	tar -C $VM_RUN/dest -c . | on "$1" tar -C / -xm --no-same-owner
	on "$1" sh -c 'systemd-sysusers 2>/dev/null && systemctl daemon-reload'
}

begun=$SECONDS
if [ -e $VM_RUN/relay.port ] && up relay 2>/dev/null && up edge 2>/dev/null; then
	ok "both machines run already"
else
	echo "# booting two machines under emulation (about half a minute) ..."
	start relay 52:54:00:00:00:01 edge 52:54:00:00:00:0a
	start edge 52:54:00:00:00:02 relay 52:54:00:00:00:0b
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
cp selftests/vm/probe.py $VM_RUN/dest/usr/lib/sidecar-test/
install_on relay
install_on edge
ok "this build is installed on both"

on edge sh -c 'systemctl start docker docker-image'
ok "the Docker Engine runs ($((SECONDS - begun)) s)"
