# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The test machines' power switch. Sourced; needs no other file.

BOOT_DIR=$PWD/build/vm
BOOT_RUN=$BOOT_DIR/run

# vm_boot relay|edge [KERNEL]: starts the machine on its disk, a new one when it has none. KERNEL:
# "6.1" is Debian 12's, none Debian 13's. VM_MEMORY: MiB.
vm_boot() {
	local vm=$1 kernel=${2:+-$2} port other=edge up=01 mgmt=0a second=03
	[ "$vm" = relay ] || other=relay up=02 mgmt=0b second=04
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	rm -f "$BOOT_RUN/$vm".{sock,second,ctl,monitor}
	[ -e "$BOOT_RUN/$vm.qcow2" ] ||
		qemu-img create -q -f qcow2 -F raw -b "$BOOT_DIR/base.ext4" "$BOOT_RUN/$vm.qcow2"
	[ -e "$BOOT_RUN/$vm.uuid" ] || cat /proc/sys/kernel/random/uuid >"$BOOT_RUN/$vm.uuid"
	# QEMU 10 with multi-threaded emulation: there is no KVM to count on. It leaves this folder when
	# it goes into the background: its socket paths are absolute. A UUID, as every hypervisor gives
	# its machines one. no_timer_check: a guest that gets no time while it looks for its timer's
	# interrupt panics.
	qemu-system-x86_64 -name "$vm" -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m "${VM_MEMORY:-1536}" \
		-uuid "$(cat "$BOOT_RUN/$vm.uuid")" \
		-display none -serial "file:$BOOT_RUN/$vm.console" -daemonize \
		-monitor "unix:$BOOT_RUN/$vm.monitor,server=on,wait=off" \
		-kernel "$BOOT_DIR/vmlinuz$kernel" -initrd "$BOOT_DIR/initrd$kernel" \
		-append "root=/dev/vda rw console=ttyS0 loglevel=4 panic=-1 oops=panic no_timer_check systemd.show_status=0 systemd.hostname=$vm sidecar.role=$vm net.ifnames=0" \
		-drive "file=$BOOT_RUN/$vm.qcow2,if=virtio,format=qcow2,cache=unsafe" \
		-device virtio-rng-pci \
		-netdev "dgram,id=up,local.type=unix,local.path=$BOOT_RUN/$vm.sock,remote.type=unix,remote.path=$BOOT_RUN/$other.sock" \
		-device "virtio-net-pci,netdev=up,mac=52:54:00:00:00:$up" \
		-netdev "user,id=mgmt,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" \
		-device "virtio-net-pci,netdev=mgmt,mac=52:54:00:00:00:$mgmt" \
		-netdev "dgram,id=second,local.type=unix,local.path=$BOOT_RUN/$vm.second,remote.type=unix,remote.path=$BOOT_RUN/$other.second" \
		-device "virtio-net-pci,netdev=second,mac=52:54:00:00:00:$second"
	echo "$port" >"$BOOT_RUN/$vm.port"
}

# vm_monitor relay|edge [COMMAND]: 1 = it does not run. By its socket, not a process number: machines
# that were left up (KEEP=1) are of another process namespace. After "quit" it waits for the end.
vm_monitor() {
	python3 -c '
import socket, sys
path, command = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as s:
    s.settimeout(10)
    try:
        s.connect(path)
        if command:
            s.sendall(command.encode() + b"\n")
            while s.recv(4096):
                pass
    except ConnectionResetError:
        pass
    except OSError:
        sys.exit(1)
' "$BOOT_RUN/$1.monitor" "${2-}"
}

vm_runs() { # vm_runs relay|edge
	vm_monitor "$1"
}

# vm_halt relay|edge: switches it off; the disk stays.
vm_halt() {
	vm_monitor "$1" quit || true
}
