#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A replica that cannot be written to: a real Prometheus raises the alert, and Litestream, which never
# writes again after that by itself (0.3.13), is started anew. The alerts' times are shortened here; when
# they come with their own is in relay/monitoring/sidecar.rules.test.yml.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
. selftests/api/replica.sh
. selftests/api/prometheus.sh
NAME=relay
use_tmpfs "$T/replica"
relay_up
alice=$(new_token alice pulse "peers:read peers:add")
serial=0
add() {
	serial=$((serial + 1))
	call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" -d "{\"pubkey\":\"$(key $serial)\",\"container\":\"c$serial\"}"
}
add
point "the replica gets what was acknowledged" wait_until 20 replica_has 1
prometheus_up 's/for: [0-9]*m/for: 1s/; s/behind_seconds > 60/behind_seconds > 2/'
value() { ask query '.data.result[0].value[1]' --data-urlencode "query=$1"; }
scraped() { [ "$(value 'sidecar_replica_up + sidecar_replica_behind_seconds')" = 1 ]; }
point "Prometheus sees that the replica role lives, and that nothing waits" wait_until 60 scraped
ask label/__name__/values '.data[]' | sort >"$T/names"
is "dashboard and rules name no figure of the replica that is not there" \
	"$(cat relay/monitoring/*.json relay/monitoring/*.yml | grep -oE '\bsidecar_replica_[a-z0-9_]+' | sort -u | comm -23 - "$T/names")" ""

mv "$T/replica" "$T/away"
: >"$T/replica"
add
point "an alert fires: the replica is behind" wait_until 60 fires SidecarReplicaBehind
is "the relay serves on" "$status" 201
rm "$T/replica"
mv "$T/away" "$T/replica"
# Without another change: Litestream alone would wait for one.
point "when the replica is back, it gets what waited" wait_until 60 replica_has "$serial"
quiet() { [ "$(value sidecar_replica_behind_seconds)" = 0 ] && ! fires SidecarReplicaBehind; }
point "and the alert ends" wait_until 60 quiet
like "the log says what was done" "$(cat "$T/log")" 'litestream: nothing was replicated for [0-9]+ s: started anew'

pkill -KILL -f "litestream replicate -config $T/"
add
point "a killed Litestream is started anew" wait_until 20 replica_has "$serial"
say "replica kill" >/dev/null
point "an alert fires: the replica role is gone" wait_until 60 fires SidecarReplicaDown
finish
