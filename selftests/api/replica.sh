# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The real Litestream for the tests of state.mode: tmpfs. Sourced after lib.sh; skips, or fails where
# CI is set, when selftests/harness/litestream.sh could not get it.
export ASAN_OPTIONS=detect_leaks=0 # make SAN=1: looking for leaks needs /proc, which no role has
LITESTREAM=$PWD/build/litestream/litestream
if [ ! -x "$LITESTREAM" ]; then
	why=$(cat build/litestream/why-not 2>/dev/null || echo "make litestream was not run")
	if [ -n "${CI-}" ]; then
		echo "Bail out! no Litestream: $why"
		exit 1
	fi
	echo "1..0 # SKIP $why"
	exit 4
fi

# use_tmpfs REPLICA [SYNC_MS] [MORE-KEYS]: changes CONF; DISK_CONF is what it was
use_tmpfs() {
	# shellcheck disable=SC2034
	DISK_CONF=$CONF
	CONF=${CONF/"dir: $T/state"/"dir: $T/state, mode: tmpfs, replica: $1, sync_ms: ${2-200}, litestream: $LITESTREAM${3-}"}
}
# What a reboot does to a tmpfs.
power_cut() { rm -rf "$T/run/state"; }
# replica_has N: peer N is in what the replica would restore
replica_has() {
	rm -rf "$T/look"
	mkdir "$T/look"
	"$LITESTREAM" restore -config "$T/run/state/litestream.yml" -o "$T/look/relay.db" "$T/run/state/relay.db" >/dev/null 2>&1 &&
		[ "$(sqlite3 "$T/look/relay.db" "SELECT count(*) FROM peer WHERE container = 'c$1'" 2>/dev/null)" = 1 ]
}
replica_has_token() {
	replica_has none || [ "$(sqlite3 "$T/look/relay.db" "SELECT count(*) FROM token" 2>/dev/null)" = 1 ]
}
