#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# image.sh: makes the test machines' base image, kernels and initrds in build/vm, once per content of
# this folder's package list and of the files that go into the image. One at a time. A Debian 13 with its kernel;
# beside that Debian 12's kernel (vmlinuz-6.1, initrd-6.1), whose modules lie in the same image.
set -eu

cd "$(dirname "$0")/../.."
here=selftests/vm
out=build/vm
mkdir -p build
exec 9>build/.vm-image.lock
flock 9 # made by another: waited for
packages=$(grep -v '^#' $here/packages | tr -s ' \n' ',' | sed 's/,$//')
want=$({ echo "$packages"; cat $here/image.sh $here/lab-net.sh; } | sha256sum | cut -c1-16)
[ "$(cat $out/.image 2>/dev/null || true)" = "$want" ] && exit 0

begun=$SECONDS
echo "# making the test machines' Debian 13 image (about two minutes) ..."
$here/stop.sh
rm -rf --one-file-system $out
mkdir -p $out
ssh-keygen -q -t ed25519 -N '' -C test -f $out/id
root=$out/root
old=$out/old # unpacked, never run: only its kernel is taken

customize() {
	mkdir -p "$1/root/.ssh" "$1/etc/ssh/sshd_config.d" "$1/etc/systemd/network"
	cp $out/id.pub "$1/root/.ssh/authorized_keys"
	cat >"$1/etc/ssh/sshd_config.d/test.conf" <<-EOF
		PermitRootLogin prohibit-password
		UseDNS no
		UsePAM no
		MaxSessions 64
		SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	EOF
	for nic in mgmt0:52:54:00:00:00:0a mgmt0:52:54:00:00:00:0b ext0:52:54:00:00:00:01 wan0:52:54:00:00:00:02; do
		printf '[Match]\nMACAddress=%s\n[Link]\nName=%s\n' "${nic#*:}" "${nic%%:*}" \
			>"$1/etc/systemd/network/10-${nic##*:}.link"
	done
	cat >"$1/etc/systemd/system/lab-net.service" <<-EOF
		[Unit]
		DefaultDependencies=no
		After=systemd-udev-settle.service systemd-sysctl.service
		Wants=systemd-udev-settle.service
		Before=network-pre.target docker.service ssh.service relayd.service
		Wants=network-pre.target
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/lib/sidecar-test/lab-net.sh
		[Install]
		WantedBy=sysinit.target
	EOF
	install -D -m 755 $here/lab-net.sh "$1/usr/lib/sidecar-test/lab-net.sh"
	# A container's root: empty but for links into /usr, which each test container mounts.
	mkdir -p "$1/usr/lib/sidecar-test/image"/{usr,etc,tmp,proc,sys,dev,run,root,var}
	for link in bin sbin lib lib64; do
		ln -s usr/$link "$1/usr/lib/sidecar-test/image/$link"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/usr/lib/sidecar-test/image/etc/passwd"
	tar -C "$1/usr/lib/sidecar-test/image" -cf "$1/usr/lib/sidecar-test/image.tar" .
	rm -rf "$1/usr/lib/sidecar-test/image"
	cat >"$1/etc/systemd/system/docker-image.service" <<-EOF
		[Unit]
		After=docker.service
		Requires=docker.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'docker image inspect sidecar-test >/dev/null 2>&1 || docker import /usr/lib/sidecar-test/image.tar sidecar-test'
	EOF
	cat >"$1/etc/systemd/system/docker-b.service" <<-EOF
		[Unit]
		After=containerd.service lab-net.service
		[Service]
		Type=notify
		ExecStart=/usr/bin/nsenter --net=/run/netns/hostb /usr/sbin/dockerd -H unix:///run/docker-b.sock --data-root /var/lib/docker-b \\
			--exec-root /run/docker-b --pidfile /run/docker-b.pid \\
			--containerd /run/containerd/containerd.sock \\
			--containerd-namespace moby-b --containerd-plugins-namespace plugins.moby-b
		ExecStartPost=/bin/sh -c 'docker -H unix:///run/docker-b.sock import /usr/lib/sidecar-test/image.tar sidecar-test'
		Delegate=yes
		KillMode=process
	EOF
	chroot "$1" systemctl -q enable lab-net.service ssh.service
	chroot "$1" systemctl -q disable docker.service docker.socket containerd.service nftables.service 2>/dev/null || true
	chroot "$1" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		fstrim.timer e2scrub_all.timer e2scrub_reap.service systemd-timesyncd.service \
		getty@tty1.service serial-getty@ttyS0.service systemd-networkd-wait-online.service \
		iperf3.service wtmpdb-update-boot.service
	chroot "$1" passwd -q -d root
	echo 'LABEL=root / ext4 defaults,noatime 0 1' >"$1/etc/fstab"
	rm -f "$1/etc/machine-id" "$1/etc/hostname"
	touch "$1/etc/machine-id"
	rm -rf "$1/usr/share/doc" "$1/usr/share/locale" "$1/var/cache/apt"/*.bin
	chroot "$1" ssh-keygen -q -A
}

mmdebstrap --quiet --variant=extract --include=linux-image-amd64 bookworm $old &
unpacking=$!
mmdebstrap --quiet --variant=apt \
	--include="$packages" trixie $root
customize $root
cp $root/boot/vmlinuz-* $out/vmlinuz
cp $root/boot/initrd.img-* $out/initrd
wait $unpacking
mv $old/lib/modules/6.1.* $root/lib/modules/
mv $old/boot/* $root/boot/
rm -rf --one-file-system $old
cp $root/boot/vmlinuz-6.1.* $out/vmlinuz-6.1
unshare --mount sh -c 'mount -t proc proc "$1/proc" && exec chroot "$1" sh -c "cd /lib/modules &&
	depmod 6.1.* && update-initramfs -c -k 6.1.*"' sh $root >/dev/null
mv $root/boot/initrd.img-6.1.* $out/initrd-6.1
rm -rf "${root:?}"/boot/*
echo "# writing the image ..."
mke2fs -q -t ext4 -L root -d $root $out/base.ext4 4G
rm -rf --one-file-system $root
echo "$want" >$out/.image
echo "# the image is made ($((SECONDS - begun)) s)"
