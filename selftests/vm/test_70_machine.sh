#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An agent is bound to its host: a token alone changes nothing of it, one mark of the host may change,
# a copy of its state elsewhere is refused and reported. The relay's TLS keys roll under it.
set -eu
cd "$(dirname "$0")/../.."
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

COPY=/var/lib/sidecar-agent-copy
plan 27
cleanup() {
	local join
	# The other tests' agents have not heard of the keys that are live now.
	join=$(on relay relayctl join)
	join=${join//&/\\&}
	on edge sh -c "sed -i 's|^SIDECAR_JOIN=.*|SIDECAR_JOIN=$join|' /etc/sidecar/env /etc/sidecar/env-b
		systemctl stop sidecar-copy; umount /etc/machine-id; rm -rf $COPY /run/systemd/system/sidecar-copy.service /tmp/machine-*; systemctl daemon-reload; systemctl restart sidecar" 2>/dev/null
	container_gone a bound
	container_gone b bound
}
at_exit cleanup

relay_up
agent_up a alice pulse+ipv4
cleanup
machine() { on relay relayctl machine show "$name" --json | jq -r ".$1 // empty"; }
audited() { on relay relayctl audit --json | jq -r --arg a "$1" '[.[] | select(.action == $a)] | length'; }
more() { [ "$(audited "$1")" -gt "$2" ]; } # more ACTION THAN
agent_pid() { on edge systemctl show -p MainPID --value sidecar; }
agent_log() { on edge journalctl -u "${1:-sidecar}" --no-pager -o cat; }

# --- enrolment ---
name=$(on edge jq -r .machine /var/lib/sidecar-agent/state.json)
enrolled() { [ "$(machine state)" = ok ] || [ -n "$(machine id)" ]; }
check "the agent has enrolled its host" wait_until 60 enrolled
check "with three marks of the host" test "$(machine factors)" = 3
is "its key is its own file, for nobody else" "$(on edge stat -c '%a %U %s' /var/lib/sidecar-agent/machine.key)" "600 sidecar-agent 32"
container_run a bound
wait_until 60 has_peer bound
v6=$(peer_field bound ipv6)
check "a container of it is reached" reachable "$v6" 60
pub=$(peer_field bound pubkey)
token=$(on edge sed -n 's/^SIDECAR_TOKEN=//p' /etc/sidecar/env)
is "the token alone cannot remove its peer" "$(in_client curl -sk -m 20 -X DELETE -H "Authorization: Bearer $token" \
	-H 'Content-Type: application/json' -d "{\"pubkey\":\"$pub\"}" https://203.0.113.2:8443/v1/peers | jq -r .code)" machine_session_required
is "what it has not got: the peer is there" "$(peer_field bound pubkey)" "$pub"

# --- one mark changes ---
before=$(audited machine.factor)
on edge sh -c 'tr 0-9a-f a-f0-9 </etc/machine-id >/tmp/machine-id && mount --bind /tmp/machine-id /etc/machine-id && systemctl restart sidecar'
check "another machine-id: a changed factor is audited" wait_until 60 more machine.factor "$before"
check "and taken over" test -n "$(machine changed_at)"
on edge sh -c 'umount /etc/machine-id; systemctl restart sidecar'
check "and back again" wait_until 60 more machine.factor $((before + 1))
check "the container is reached all the time" reachable "$v6" 10

# --- the state on another host: other machine-id, other network device ---
on edge systemctl start docker-b
wait_until 90 docker_on b version
refused=$(audited machine.refused)
on edge sh -c "cp -a /var/lib/sidecar-agent $COPY && cat >/run/systemd/system/sidecar-copy.service && systemctl daemon-reload && systemctl start sidecar-copy" <<END
[Service]
EnvironmentFile=/etc/sidecar/env
Environment=DOCKER_HOST=unix:///run/docker-b.sock SIDECAR_STATE_DIR=$COPY SIDECAR_NETNS_DIR=/run/docker-b/netns SIDECAR_SOCKET=/run/sidecar/agent-copy.sock
ExecStart=/usr/bin/unshare --mount --propagation slave sh -c 'tr 0-9a-f a-f0-9 </etc/machine-id >/tmp/machine-copy && mount --bind /tmp/machine-copy /etc/machine-id && exec nsenter --net=/run/netns/hostb /usr/sbin/sidecar-agent'
END
copy_says() { agent_log sidecar-copy | grep -qE "$1"; }
check "a copied state: the relay refuses it" wait_until 90 copy_says 'machine_mismatch'
check "and says so to its operator, in the audit log" wait_until 10 more machine.refused "$refused"
is "and in relayctl machine" "$(machine state)" refused
like "the copy names the reason" "$(agent_log sidecar-copy)" 'does not take this host for the enrolled one'
# One that has the same name as the first host's: on one host it would get its addresses.
container_run b bound
check "nothing is changed for the copy" wait_until 90 copy_says 'bound: 403 machine_session_required'
is "the peer stays the first host's" "$(peer_field bound pubkey)" "$pub"
check "and its container is reached" reachable "$v6" 10
container_gone b bound
on edge systemctl stop sidecar-copy

# --- the relay's keys roll ---
pins() { on relay relayctl pin list --json | jq -r '.[].pin' | paste -sd' '; }
known() { [ "$(on edge jq -r '.pins | join(" ")' /var/lib/sidecar-agent/relay.json)" = "$(pins)" ]; }
pid=$(agent_pid)
old=$(pins)
in_client ping -6 -i 0.2 -c 300 -W 5 "$v6" >"$TMP/ping" 2>&1 &
ping=$!
on relay relayctl pin roll --force >/dev/null
is "roll: the standby is live" "$(pins | cut -d' ' -f1)" "${old#* }"
check "the running agent learns of it" wait_until 60 known
# All connections end: the next one is with the new key.
seen=$(machine seen_at)
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
back() { [ "$(machine seen_at)" != "$seen" ]; }
check "it connects to the new live key, with a session" wait_until 90 back
on relay relayctl pin roll --force >/dev/null
check "a second roll" wait_until 60 known
is "the agent was never started anew" "$(agent_pid)" "$pid"
wait $ping || true
like "no packet was lost meanwhile" "$(cat "$TMP/ping")" ' 300 received'
seen=$(machine seen_at)
on relay systemctl restart relayd
wait_until 60 on relay relayctl status
on edge systemctl restart sidecar
check "started anew, with a join string of keys that are gone" wait_until 60 back

# --- release ---
id=$(machine id)
on relay relayctl machine release "$id" >/dev/null
again() { [ -n "$(machine id)" ] && [ "$(machine id)" != "$id" ]; }
check "released: the agent enrols anew" wait_until 90 again
is "and nothing is held against it" "$(machine state)$(machine refused)" ok0
check "the container is reached" reachable "$v6" 10
