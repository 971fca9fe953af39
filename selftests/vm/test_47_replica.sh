#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# state.mode: tmpfs with the real Litestream on a whole relay: a power cut of the machine, a replica
# that is away, a database that is another one. The tunnel of one container carries packets throughout.
#
#	internet host --- relay (database in memory, replica on its disk) === container on host A
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

if [ ! -x build/litestream/litestream ]; then
	plan "0 # SKIP $(cat build/litestream/why-not 2>/dev/null || echo 'make litestream was not run')"
	exit 4
fi
plan 20
cleanup() { container_gone a copy; }
at_exit cleanup

# relay_conf EXTRA: stops it, and leaves the start to the test
relay_conf() {
	on relay systemctl stop relayd
	printf '%s%s' "$RELAY_CONF" "${1-}" | on relay sh -c 'cat >/etc/sidecar/relay.yaml'
}
serves() { on relay relayctl status; }
peers_of() { on relay relayctl peer list --json | jq -c 'map({container, ipv6}) | sort'; }
litestreams() { on relay sh -c 'pgrep -c -f "^/usr/local/bin/litestream replicate"'; }
metric() { on relay curl -s --unix-socket /run/relayd/relayctl.sock http://relay/ctl/v1/metrics | awk -v n="$1" '$1 == n { print $2 }'; }
in_step() { [ "$(metric sidecar_replica_behind_seconds)" = 0 ]; }
journal() { on relay journalctl -q -u relayd --since "$since" -o cat; }
now() { since=$(on relay date '+%F %T'); }

relay_up
agent_up a alice pulse+ipv4
container_gone a copy
container_run a copy --restart unless-stopped
wait_until 60 has_peer copy
v6=$(peer_field copy ipv6)
check "reachable at the start" reachable "$v6" 60
before=$(peers_of)

on relay sh -c 'cat >/usr/local/bin/litestream.new && chmod 755 /usr/local/bin/litestream.new && mv /usr/local/bin/litestream.new /usr/local/bin/litestream' <build/litestream/litestream
relay_conf 'state: {mode: tmpfs, replica: /var/lib/relayd/copy, litestream: /usr/local/bin/litestream}
'
on relay systemctl start relayd
check "the relay serves with its database on a tmpfs" wait_until 60 serves
is "with the peers it had on disk" "$(peers_of)" "$before"
is "it is a tmpfs" "$(on relay findmnt -no FSTYPE -T /run/relayd/state/relay.db)" tmpfs
is "Litestream has the api role's user and no rights" \
	"$(on relay sh -c 'p=$(pgrep -f "^/usr/local/bin/litestream replicate"); stat -c %U /proc/$p; awk "/^Cap(Eff|Bnd)/ { print \$2 }" /proc/$p/status' | tr '\n' ' ')" \
	"sidecar-relay 0000000000000000 0000000000000000 "
check "the container answers" answers "$v6"

on relay systemctl kill -s KILL relayd
check "relayd killed: it serves again" wait_until 60 serves
one_litestream() { [ "$(litestreams)" = 1 ]; }
check "with one Litestream" wait_until 30 one_litestream
is "and the same peers" "$(peers_of)" "$before"

# The power fails: no process is told, nothing is written any more.
check "the replica is in step" wait_until 60 in_step
on relay sync # Litestream does not write folders through: relayd(8)
boot=$(on relay cat /proc/sys/kernel/random/boot_id)
on relay sh -c 'echo 1 >/proc/sys/kernel/sysrq; (sleep 0.2; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 &' || true
ssh -q -O exit -o ControlPath="$VM_RUN/relay.ctl" x 2>/dev/null || true
back() { local id; id=$(on relay cat /proc/sys/kernel/random/boot_id) && [ "$id" != "$boot" ]; }
wait_until 180 back
check "after a power cut the relay serves" wait_until 90 serves
is "with the peers it had" "$(peers_of)" "$before"
check "the container is reachable on the same address" reachable "$v6" 90

# No database, but live peers.
now
on relay sh -c 'systemctl stop relayd && rm -r /run/relayd/state && mv /var/lib/relayd/copy /var/lib/relayd/away'
does_not_start() { ! on relay timeout 60 systemctl start relayd; }
check "without its replica relayd does not start" does_not_start
like "and says why" "$(journal)" 'state.replica: /var/lib/relayd/copy is not there, but this relay had one'
check "the container answers meanwhile" answers "$v6"
on relay sh -c 'systemctl stop relayd; mv /var/lib/relayd/away /var/lib/relayd/copy; systemctl start relayd'
check "with it, it serves" wait_until 60 serves

# Back to disk; there, another database.
on relay rm -rf /root/copy-backup
on relay relayctl backup /root/copy-backup >/dev/null
relay_conf
on relay relayctl restore --force /root/copy-backup >/dev/null
on relay rm -rf /root/copy-backup /var/lib/relayd/copy /var/lib/relayd/replica
on relay sh -c 'mkdir /root/db && mv /var/lib/relayd/api/relay.db /root/db/'
now
on relay systemctl start --no-block relayd
refused() { journal | grep -q 'another database, without [1-9][0-9]* of the live peers: nothing is removed'; }
check "an empty database in its place is refused" wait_until 60 refused
check "the container answers meanwhile" answers "$v6"
on relay sh -c 'systemctl stop relayd; rm -f /var/lib/relayd/api/relay.db*; mv /root/db/relay.db /var/lib/relayd/api/; rmdir /root/db; systemctl start relayd'
wait_until 60 serves
is "with its own it serves, and has its peers" "$(peers_of)" "$before"
