# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the tests of the whole system share: a relay, agents on hosts A and B, labelled containers.
# Sourced after lib.sh, whose on(), in_client(), wait_until() it uses.

RELAY_CONF='uplink: ext0
public: {ipv4: 203.0.113.2, ipv6: 2001:db8:ffff::2}
pools:
  - {prefix: "2001:db8:5:5::/64", mode: onlink}
  - {prefix: 203.0.113.128/26, mode: onlink}
slots: 1024
shaper: {classes: 64}
'

# A fresh relay or the one that runs; $1 = extra lines of relay.yaml.
relay_up() {
	printf '%s%s' "$RELAY_CONF" "${1-}" | on relay sh -c 'mkdir -p /etc/sidecar && cat >/etc/sidecar/relay.yaml'
	on relay systemctl enable -q --now relayd
	wait_until 60 on relay relayctl status
}

# relay_token ACCOUNT TIER: a new token's text.
relay_token() {
	on relay relayctl token add --account "$1" --tier "$2" --json | jq -r .token
}

# agent_up a|b ACCOUNT TIER: gives the host's agent a token (once) and starts it.
agent_up() {
	local host=$1 env=/etc/sidecar/env
	[ "$host" = a ] || env=/etc/sidecar/env-b
	if ! on edge grep -qs SIDECAR_TOKEN=sct_live_ "$env"; then
		{
			echo "SIDECAR_TOKEN=$(relay_token "$2" "$3")"
			echo "SIDECAR_JOIN=$(on relay relayctl join)"
			echo SIDECAR_LOG=text
		} | on edge sh -c "umask 077; mkdir -p /etc/sidecar; cat >$env"
	fi
	if [ "$host" = a ]; then
		on edge systemctl enable -q --now sidecar
	else
		on edge systemctl start docker-b
		wait_until 90 docker_on b version
		agent_b_unit | on edge sh -c 'cat >/etc/systemd/system/sidecar-b.service && systemctl daemon-reload'
		on edge systemctl start sidecar-b
	fi
}

# The agent of host B: the same program in host B's namespace, beside its own dockerd. nsenter: with
# NetworkNamespacePath= it would have a mount namespace of its own and not see Docker's mounts.
agent_b_unit() {
	cat <<'EOF'
[Unit]
After=docker-b.service
[Service]
EnvironmentFile=/etc/sidecar/env-b
Environment=DOCKER_HOST=unix:///run/docker-b.sock
Environment=SIDECAR_STATE_DIR=/var/lib/sidecar-agent-b
Environment=SIDECAR_NETNS_DIR=/run/docker-b/netns
Environment=SIDECAR_SOCKET=/run/sidecar/agent-b.sock
ExecStart=/usr/bin/nsenter --net=/run/netns/hostb /usr/sbin/sidecar-agent
Restart=always
EOF
}

# docker_on a|b ARGS...
docker_on() {
	local host=$1
	shift
	if [ "$host" = a ]; then
		on edge docker "$@"
	else
		on edge docker -H unix:///run/docker-b.sock "$@"
	fi
}

# container_run a|b NAME [docker run options...]: a labelled container that serves probe.py on 7777.
container_run() {
	local host=$1 name=$2
	shift 2
	docker_on "$host" run -d --name "$name" --label sidecar.enable=true "$@" \
		-v /usr:/usr:ro sidecar-test python3 /usr/lib/sidecar-test/probe.py serve 7777 >/dev/null
}

# container_timed NAME [docker run options and command...]: a labelled container on host A. Prints
# "label_ms N" (the device is inside) and "answer_ms N" (an echo request from the internet host was
# answered), from the moment at which `docker run` returned. Both clocks are the edge machine's own.
container_timed() {
	on edge bash -s -- "$@" <<'EOF'
set -eu
name=$1
shift
docker run -d --name "$name" --label sidecar.enable=true "$@" >/dev/null
start=$(date +%s%N)
ms() { echo $((($(date +%s%N) - start) / 1000000)); }
addr=
while [ -z "$addr" ]; do
	pid=$(docker inspect -f '{{.State.Pid}}' "$name")
	addr=$(nsenter -t "$pid" -n ip -6 -o addr show dev sidecar0 scope global 2>/dev/null | awk '{sub("/.*", "", $4); print $4}')
	[ "$(ms)" -lt 60000 ] || exit 1
done
echo "label_ms $(ms)"
until nsenter --net=/run/netns/client ping -6 -c 1 -W 1 "$addr" >/dev/null 2>&1; do
	[ "$(ms)" -lt 60000 ] || exit 1
done
echo "answer_ms $(ms)"
EOF
}

container_gone() {
	docker_on "$1" rm -f "$2" >/dev/null 2>&1 || true
}

# peer_field NAME FIELD: as the relay sees the peer; empty if it has none.
peer_field() {
	on relay relayctl peer show "$1" --json 2>/dev/null | jq -r ".$2 // empty"
}

has_peer() {
	test -n "$(peer_field "$1" ipv6)"
}

# mtu_found NAME MTU: what the agent on host A has proved, not only assumed; and the relay has heard of it.
mtu_found() {
	on edge sidecar-agent --status | jq -e --arg c "$1" --argjson n "$2" \
		'.containers[] | select(.container == $c) | .mtu == $n and .mtu_age_s != null' &&
		[ "$(peer_field "$1" mtu)" = "$2" ]
}

# large_pass NAME ADDR BYTES: two points.
large_pass() {
	local out
	# The first datagram teaches an IPv6 sender the path's MTU.
	out=$(probe udp "$2" 7777 8000 5 || true)
	check "$1: 8000-byte UDP each way, $2 ($out)" test "$(jq -r '.lost // 9' <<<"$out")" -le 1
	out=$(probe --timeout 60 tcp "$2" 7777 "$3" || true)
	is "$1: bulk TCP each way, every byte, $2" "$(jq -r '.ok // .error' <<<"$out")" true
}

# drops REASON: the relay's counter.
drops() {
	on relay relayctl drops --json | jq -r ".$1 // 0"
}

# answers ADDR: the internet host gets one echo through, in either family.
answers() {
	in_client ping -c 1 -W 1 "$1" >/dev/null 2>&1
}

# serves ADDR: the container's process takes a connection. An echo proves less: the kernel answers it
# for the namespace of a container that has ended, until the agent has heard of that from Docker.
serves() {
	in_client timeout 3 bash -c ": </dev/tcp/$1/7777" 2>/dev/null
}

# reachable ADDR SECONDS
reachable() {
	wait_until "$2" answers "$1"
}

# stream_start TAG PID ADDR RATE [SECONDS]: numbered datagrams both ways between the internet host and
# ADDR in the namespace of PID on host A, until stream_end TAG or for SECONDS. What arrived at an end
# is then in $TMP/TAG.in (the container's) and $TMP/TAG.out (the internet host's).
stream_start() {
	local tag=$1 pid=$2 addr=$3 rate=$4 seconds=${5:-0} client=192.0.2.10 port=7800
	local tool="python3 /usr/lib/sidecar-test/probe.py --timeout 60 stream"
	case $addr in *:*) client=2001:db8:c::10 port=7801 ;; esac
	# shellcheck disable=SC2086 # words on purpose
	in_client $tool "$client" "$addr" $port "$rate" "$seconds" >"$TMP/$tag.out" &
	echo $! >"$TMP/$tag.pids"
	# shellcheck disable=SC2086
	on edge nsenter -t "$pid" -n $tool "$addr" "$client" $port "$rate" "$seconds" >"$TMP/$tag.in" &
	echo $! >>"$TMP/$tag.pids"
	echo "stream $client $addr" >"$TMP/$tag.what"
}

# The other end follows.
stream_end() {
	on edge pkill -INT -f "$(cat "$TMP/$1.what")" || true
	stream_wait "$1"
}

stream_wait() {
	local pid
	while read -r pid; do wait "$pid" || true; done <"$TMP/$1.pids"
}

# stream_whole NAME TAG PERCENT: two points: nothing of either direction was lost, and each sender kept
# PERCENT of its rate. What was counted is printed.
stream_whole() {
	local way other
	for way in in out; do
		[ $way = in ] && other=out || other=in
		note "$1, ${way}wards: $(jq -r '"\(.sent) sent of \(.asked) asked"' "$TMP/$2.$other" 2>/dev/null), $(jq -c '{received, lost, twice, late}' "$TMP/$2.$way" 2>/dev/null)"
		is "$1, ${way}wards: 0 lost" \
			"$(jq -r --argjson p "$3" --slurpfile o "$TMP/$2.$other" \
				'if .ok and .lost == 0 and ($o[0].sent * 100 >= $o[0].asked * $p) then 0 else . end | tojson' "$TMP/$2.$way")" 0
	done
}

# probe ARGS...: a client of probe.py on the internet host; prints its JSON line.
probe() {
	in_client python3 /usr/lib/sidecar-test/probe.py "$@"
}
