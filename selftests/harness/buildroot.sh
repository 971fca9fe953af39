#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# buildroot.sh: makes build/root, a Debian 13 root with the packages of the list beside this file.
# Kept until the list changes; an interrupted run leaves no half root.
set -eu

cd "$(dirname "$0")/../.."
list=selftests/harness/packages
want=$(grep -v '^#' $list | sha256sum | cut -c1-16)
[ "$(cat build/root/.packages 2>/dev/null || true)" = "$want" ] && exit 0
begun=$(date +%s)

[ "$(id -u)" = 0 ] || { echo "buildroot: needs root (mmdebstrap, chroot)" >&2; exit 1; }
if ! command -v mmdebstrap >/dev/null; then
	echo "buildroot: installing mmdebstrap by apt"
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install mmdebstrap >/dev/null
fi
echo "buildroot: making a Debian 13 root with compiler and libraries (one to two minutes) ..."
mkdir -p build
rm -rf --one-file-system build/root.new
mmdebstrap --quiet --include="$(grep -v '^#' $list | tr -s ' \n' ',' | sed 's/,$//')" \
	trixie build/root.new
mkdir -p build/root.new/src
echo "$want" >build/root.new/.packages
rm -rf --one-file-system build/root
mv build/root.new build/root
echo "buildroot: made ($(($(date +%s) - begun)) s)"
