#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# enter.sh COMMAND...: runs it in the build root, in this checkout (seen there as /src). The mounts
# live in a mount namespace of their own and vanish with it.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1-}" = --inside ]; then
	shift
	root=$top/build/root
	mount --make-rprivate /
	mount --bind "$root" "$root"
	mount --bind "$top" "$root/src"
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount -t bpf bpf "$root/sys/fs/bpf"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
	mount -t tmpfs tmpfs "$root/run"
	[ ! -e /etc/resolv.conf ] || mount --bind "$(readlink -f /etc/resolv.conf)" "$root/etc/resolv.conf"
	# The shell stays as process 1 and reaps what others leave behind: make in its place spins.
	exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		TERM="${TERM:-dumb}" MAKEFLAGS="${MAKEFLAGS-}" V="${V-}" SAN="${SAN-}" KEEP="${KEEP-}" \
		CI="${CI-}" TESTS="${TESTS-}" KERNEL="${KERNEL-}" LONG="${LONG-}" SIDECAR_IN_ROOT=1 \
		sh -c 'cd /src && "$@"; exit $?' sh "$@"
fi
# Nothing started inside outlives the command, unless it is to be kept (KEEP=1).
if [ -n "${KEEP-}" ]; then
	exec unshare --mount "$0" --inside "$@"
fi
exec unshare --mount --pid --fork --kill-child "$0" --inside "$@"
