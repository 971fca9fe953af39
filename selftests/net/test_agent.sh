#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The whole agent, both processes with their isolation, between a Docker and a relay that are fakes:
#
#	fake_docker.py --unix--> worker --TLS, pinned--> fake_relay.py
#	                           |
#	                         helper --> namespace "box"
#
# Where the kernel has no WireGuard the tunnel itself cannot be made; what is said and asked can.
set -eu
cd "$(dirname "$0")/../.."
if [ "${1-}" != --inside ]; then
	exec unshare --net --mount "$0" --inside
fi
export BUILD=${BUILD:-build/out}
tmp=$(mktemp -d)
pids=()
cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	wait
	umount "$tmp/netns/box" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT

n=0 failed=0
echo "TAP version 13"
echo "1..79"
check() { # check NAME COMMAND...
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		tail -n 30 "$tmp/log" "$tmp/relay" | sed 's|^|#   |'
	fi
}
within() { # within SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		read -r -t 0.05 <> <(:) || true
	done
}
said() { within 15 grep -qE -e "$1" "$tmp/log"; }
asked() { within 15 grep -qE -e "$1" "$tmp/relay"; }

ip link set lo up
mkdir "$tmp/netns" "$tmp/containers"
: >"$tmp/netns/box"
unshare --net="$tmp/netns/box" true
# The user exists for this test only.
cp /etc/passwd "$tmp/passwd"
echo 'sidecar-agent:x:4711:4711::/:/bin/false' >>"$tmp/passwd"
mount --bind "$tmp/passwd" /etc/passwd
chmod 711 "$tmp"

openssl ecparam -name prime256v1 -genkey -noout -out "$tmp/key"
openssl req -x509 -new -key "$tmp/key" -out "$tmp/cert" -days 2 -subj /CN=fake 2>/dev/null
pin() { openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d =; }
live=$(openssl pkey -in "$tmp/key" -pubout -outform DER | pin)
standby=$(echo standby | pin)
announced=$(echo announced | pin)

: >"$tmp/log"
: >"$tmp/relay"
mkfifo "$tmp/containers/events"
start_relay() {
	python3 selftests/net/fake_relay.py 8443 "$tmp/key" "$tmp/cert" "$tmp/relay" "$live" "$announced" &
	relay=$!
	pids+=("$relay")
}
start_relay
python3 selftests/net/fake_docker.py "$tmp/docker.sock" "$tmp/containers" &
pids+=($!)
within 15 test -S "$tmp/docker.sock"
chgrp 4712 "$tmp/docker.sock"
chmod 660 "$tmp/docker.sock"

id() { printf '%064x' "$1"; }
container() { # container NUMBER NAME PID MODE LABELS
	printf '{"Id":"%s","Name":"/%s","State":{"Running":%s,"Pid":%d,"StartedAt":"t%d"},"NetworkSettings":{"SandboxKey":"%s"},"HostConfig":{"NetworkMode":"%s"},"Config":{"Labels":%s}}' \
		"$(id "$1")" "$2" "$([ "$3" = 0 ] && echo false || echo true)" "$3" "$3" "$tmp/netns/box" "$4" "$5" \
		>"$tmp/containers/new"
	mv "$tmp/containers/new" "$tmp/containers/$(id "$1").json"
}
event() { # event ACTION NUMBER
	printf '{"Action":"%s","Actor":{"ID":"%s","Attributes":{"sidecar.enable":"true"}}}\n' "$1" "$(id "$2")" \
		>"$tmp/containers/events"
}

cat >"$tmp/env" <<END
SIDECAR_TOKEN=sct_live_0123456789ABCDEFGHIJabcdefghij2TWdCS
SIDECAR_JOIN="sidecar://localhost:8443/?pin=$live&pin=$standby"
DOCKER_HOST=unix://$tmp/docker.sock
SIDECAR_STATE_DIR=$tmp/state
SIDECAR_NETNS_DIR=$tmp/netns
SIDECAR_SOCKET=$tmp/agent.sock
END
start_agent() {
	"$BUILD/sidecar-agent" -v --env "$tmp/env" 2>>"$tmp/log" &
	agent=$!
	pids+=("$agent")
}
# What a worker that was taken over may leave behind: root must not give it another's file.
mkdir "$tmp/linked"
: >"$tmp/precious"
ln "$tmp/precious" "$tmp/linked/state.json"
code=0
SIDECAR_STATE_DIR=$tmp/linked timeout 5 "$BUILD/sidecar-agent" --env "$tmp/env" 2>"$tmp/linked.log" || code=$?
check "a state file with a second name is refused" test "$code" = 1
check "and keeps its owner" test "$(stat -c %u "$tmp/precious")" = 0

container 1 web 100 bridge '{"sidecar.enable":"true","sidecar.ipv4":"true"}'
container 2 plain 101 host '{"sidecar.enable":"true"}'
container 3 wrong 102 bridge '{"sidecar.enable":"true","sidecar.bandwidth":"11"}'
start_agent

check "enrols its host" asked '^MACHINE [0-9a-f]{32} [1-3] factors$'
check "and says so" said 'this host is enrolled'
check "takes the pins that the relay announces" said 'the relay has other keys'
check "and keeps them" grep -q "$announced" "$tmp/state/relay.json"
check "connects to Docker" said 'connected to Docker'
check "asks the relay for a labelled container" asked '^POST web ipv4=True'
check "takes IPv6 alone where no IPv4 is granted, and says so" said 'web: 403 ipv4_quota.*IPv6 only'
check "and asks again without" asked '^POST web ipv4=False'
check "refuses network host in words" said 'plain: network host.*not attached'
check "refuses a label's value in words" said 'wrong: label sidecar.bandwidth="11": expected 10, 50, 100 or 500'
check "learns from a refusal which epoch is next" asked '^OFFER 0 refused'
check "agrees on a key with the relay" asked '^OFFER 1000 answered'
check "and both have the same" asked '^COMMIT 1000 confirmed'
check "goes on to the tunnel" said 'web: attach$'
code=0
second=$(timeout 5 "$BUILD/sidecar-agent" -v --env "$tmp/env" 2>&1) || code=$?
check "a second one of the same state is refused in words" \
	test "$code" = 1 -a "${second/another sidecar-agent runs/}" != "$second"
worker() { pgrep -P "$agent"; }
status=$(cat "/proc/$(worker)/status")
check "the worker is another user, with Docker's group only" \
	test "$(awk '/^(Uid|Groups):/ {print $2}' <<<"$status" | xargs)" = "4711 4712"
check "the worker has no capability, no new privileges and a filter" \
	test "$(awk '/^(CapPrm|CapBnd|NoNewPrivs|Seccomp):/ {print $2}' <<<"$status" | xargs)" = \
	"0000000000000000 0000000000000000 1 2"
check "the state is the worker's and nobody else's" test "$(stat -c '%a %u' "$tmp/state/state.json")" = "600 4711"
check "its machine key and the pins too" \
	test "$(stat -c '%a %u %s' "$tmp/state/machine.key")$(stat -c ' %a %u' "$tmp/state/relay.json")" = "600 4711 32 600 4711"
factors=$(tr '\0' '\n' <"/proc/$(worker)/environ" | sed -n 's/^SIDECAR_FACTORS=//p')
check "what tells the host comes from the helper, hashed" \
	grep -qxE '([A-Za-z0-9+/]{43}=|-)(,([A-Za-z0-9+/]{43}=|-)){2}' <<<"$factors"

mine() { SIDECAR_SOCKET=$tmp/agent.sock "$BUILD/sidecar-agent" "$@"; }
check "its socket is root's and that of Docker's group" test "$(stat -c '%a %u %g' "$tmp/agent.sock")" = "660 0 4712"
check "says there what it knows" test "$(mine --status | jq -r '.relay_reached, .containers[0].container, .containers[0].ipv6' | xargs)" = "true web 2001:db8::5"
code=0
said=$(mine --rotate web 2>&1) || code=$?
check "rotates no key of a container that has no tunnel yet" test "$code $said" = \
	"1 sidecar-agent: it is not up, or the relay does not answer"
code=0
said=$(mine --rotate other 2>&1) || code=$?
check "nor that of one it does not know" test "$code $said" = \
	"1 sidecar-agent: no container with a tunnel has this name"
http() { curl -s -o /dev/null -w '%{http_code}' --unix-socket "$tmp/agent.sock" "$@"; }
check "refuses what makes no sense" test \
	"$(http http://a/v1/rotate -d '{"name":1}') $(http http://a/v1/rotate) $(http http://a/)" = "400 405 404"
code=0
SIDECAR_SOCKET=$tmp/nobody "$BUILD/sidecar-agent" --status 2>/dev/null || code=$?
check "where nobody listens the exit code says so" test "$code" = 5

container 1 web2 100 bridge '{"sidecar.enable":"true","sidecar.ipv4":"true"}'
event rename 1
check "tells the relay another name, with the same key" \
	asked "^POST web2 ipv4=False $(awk '/ipv4=False/ {print $NF; exit}' "$tmp/relay" | sed 's/[+]/[+]/g')"

hanging=$tmp/containers/$(id 3).hang
: >"$hanging"
event start 3
within 15 test -e "${hanging}s"
container 5 other 104 bridge '{"sidecar.enable":"true","sidecar.bandwidth":"50","sidecar.firewall":"allow tcp 22,80; deny"}'
event start 5
other() { grep -q '^POST other' "$tmp/relay"; }
# An inspection is given up after 10 s.
check "one container's inspection that hangs does not delay another's" within 8 other
check "its labels for bandwidth and firewall reach the relay" \
	asked '^WANTS other bandwidth=50 firewall=allow in tcp 22; allow in tcp 80; deny in$'
check "which is told nothing of the kind for a container without them" test -z "$(grep '^WANTS web' "$tmp/relay")"
container 3 right 102 bridge '{"sidecar.enable":"true"}'
event rename 3
# Nothing shows that the event has arrived. Too early would make this pass, not fail.
within 1 false || true
rm "${hanging}s"
check "an event during an inspection that fails is not lost" asked '^POST right'

kill -KILL "$(worker)"
check "starts a killed worker again" said 'killed by signal 9'
asked_again() { [ "$(grep -c '^POST web2' "$tmp/relay")" -ge 2 ]; }
check "which asks again" within 15 asked_again
check "in a session of the same machine on its new connection" \
	test "$(grep '^MACHINE' "$tmp/relay" | sort -u | wc -l) $(grep -c '^MACHINE' "$tmp/relay")" = "1 2"

# An agent that ended while a key was rotating asks first which one the relay has.
stop_agent() {
	kill "$agent"
	wait "$agent" || true
}
leave_next() {
	jq '.entries |= map(if .name == "web2" then .next_private_key = "'"$1"'" else . end)' "$tmp/state/state.json" >"$tmp/edited"
	cat "$tmp/edited" >"$tmp/state/state.json"
}
drop() { awk -v how="$1" '/^DROP/ && $4 == how {print $2, $3; exit}' "$tmp/relay"; }
last_key() { awk '/^POST web2/ {key = $NF} END {print key}' "$tmp/relay"; }
old=$(last_key)
stop_agent
leave_next "$(printf '%032d' 1 | base64)"
: >"$tmp/relay"
start_agent
check "after a rotation that was cut off it asks for the old key" asked "^DROP ${old//+/[+]} .* dropped"
check "and goes on with it" asked "^POST web2 .* ${old//+/[+]}\$"
stop_agent
leave_next "$(printf '%032d' 1 | base64)"
: >"$tmp/relay"
: >"$tmp/relay.turned"
echo 'DROP 429 rate_limited' >"$tmp/relay.refuse"
start_agent
refused() { [ "$(grep -c "^REFUSED $1 " "$tmp/relay")" -ge "$2" ]; } # refused WHAT TIMES
check "a relay that does not say which key it has is asked again" within 15 refused DROP 2
rm "$tmp/relay.refuse"
asked '^DROP .* turned' || true
new=$(drop turned)
new=${new#* }
check "or hears that the relay has the new one" test -n "$new" -a "$new" != "$old"
check "and goes on with that" asked "^POST web2 .* ${new//+/[+]}\$"

rm "$tmp/containers/$(id 1).json"
event destroy 1
check "removes the peer of a container that is gone" asked '^DELETE '
kill "$agent"
code=0
wait "$agent" || code=$?
check "ends in order" test "$code" = 0
check "was never stopped by its own filter" test -z "$(grep 'may not use' "$tmp/log")"

# A copy of the state on another host: the same key, other factors.
key=$(sha256sum <"$tmp/state/machine.key")
cp -r "$tmp/state" "$tmp/copy"
: >"$tmp/log"
: >"$tmp/relay"
echo 0123456789abcdef0123456789abcdef >"$tmp/machine-id"
[ -e /etc/machine-id ] || : >/etc/machine-id
mount --bind "$tmp/machine-id" /etc/machine-id
container 4 copied 103 bridge '{"sidecar.enable":"true"}'
sed -i "s|^SIDECAR_STATE_DIR=.*|SIDECAR_STATE_DIR=$tmp/copy|" "$tmp/env"
start_agent
check "a copied state is refused" asked '^MACHINE [0-9a-f]{32} refused'
check "which the log names" said 'the relay does not take this host for the enrolled one'
check "and its peers are not changed" said 'copied: 403 machine_session_required'
check "with the key that was copied" test "$(sha256sum <"$tmp/copy/machine.key")" = "$key"
kill "$agent"
wait "$agent" || true
umount /etc/machine-id
rm "$tmp/containers/$(id 4).json"
sed -i "s|^SIDECAR_STATE_DIR=.*|SIDECAR_STATE_DIR=$tmp/state|" "$tmp/env"

# The announced pins alone are believed now: another join string begins anew.
: >"$tmp/log"
sed -i "s/$live/$standby/; s/pin=$standby&pin=$standby/pin=$standby\&pin=$announced/" "$tmp/env"
start_agent
check "another join string counts more than what was announced" said 'none of the 2 pins'
kill "$agent"
wait "$agent" || true
sed -i "s/pin=$standby&pin=$announced/pin=$live\&pin=$standby/" "$tmp/env"

container 3 wrong 102 bridge '{"sidecar.enable":"true","sidecar.bandwidth":"11"}'
# Without -v and SIDECAR_LOG the log is for those who may read codes.
"$BUILD/sidecar-agent" --env "$tmp/env" 2>"$tmp/codes" &
agent=$!
pids+=("$agent")
coded() { grep -qE "^worker: warning: 301 $(id 3 | cut -c1-12)\$" "$tmp/codes"; }
check "by default the log holds codes and ids" within 15 coded
kill "$agent"
wait "$agent" || true
check "and nothing else" test -z "$(grep -vE '^(agent|worker): [a-z]+: [0-9]{3}( [0-9a-f]{12})?$' "$tmp/codes")"

# 1024 containers have a place in the agent's table, in the order of Docker's list.
: >"$tmp/log"
: >"$tmp/relay"
rm "$tmp/containers/"*.json
container 9999 last 103 bridge '{"sidecar.enable":"true"}'
container 1 first 100 bridge '{"sidecar.enable":"true"}'
start_agent
asked '^POST last' && asked '^POST first'
key_of() { sed -n "s/^POST $1 .* //p" "$tmp/relay" | head -n 1; }
last=$(key_of last) first=$(key_of first)
kill "$agent"
wait "$agent" || true
for i in $(seq 2 1024); do container "$i" "c$i" 102 bridge '{"sidecar.enable":"true","sidecar.bandwidth":"11"}'; done
: >"$tmp/log"
start_agent
check "says that a container has no place" said 'table full'
all_seen() { [ "$(grep -c 'expected 10, 50, 100 or 500' "$tmp/log")" = 1023 ]; }
within 15 all_seen
asked_twice() { [ "$(grep -c '^POST first' "$tmp/relay")" -ge 2 ]; }
within 15 asked_twice
rm "$tmp/containers/$(id 1).json"
event destroy 1
deleted() { grep -qF "DELETE $1" "$tmp/relay"; }
check "removes the peer of one that ends" within 15 deleted "$first"
check "and leaves that of the container without a place alone" test -n "$last" -a "$(deleted "$last" && echo yes)" = ""
stop_agent

# A relay that refuses one container for now (503 with a code of its own) was reached.
: >"$tmp/log"
: >"$tmp/relay"
rm "$tmp/containers/"*.json
container 6 full 100 bridge '{"sidecar.enable":"true"}'
container 7 fine 101 bridge '{"sidecar.enable":"true"}'
echo 'full 503 relay_full' >"$tmp/relay.refuse"
start_agent
check "a relay that is full: the log names the container" said 'container full: 503 relay_full: not now: .* \[411\]$'
check "which is asked for again" within 20 refused full 3
check "the relay counts as reached all the time" test -z "$(grep -E '\[40[123]\]$' "$tmp/log")"
check "and the other container's exchange is not hindered" said 'fine: PSK epoch'
check "nor is the relay asked for all peers at each try" test "$(grep -c '^LIST' "$tmp/relay")" -le 2
echo 'psk:fine 503 busy' >>"$tmp/relay.refuse"
stop_agent
: >"$tmp/log"
: >"$tmp/relay"
start_agent
check "an exchange that is refused for now is said" said 'container fine: 503 busy: not now: .* \[411\]$'
check "with the last key the tunnel goes on" said 'fine: attach$'
check "and is tried again" within 20 refused psk:fine 3
check "by a relay that was reached" test -z "$(grep -E '\[(40[123]|501)\]$' "$tmp/log")"
echo 'MACHINE 503 busy' >"$tmp/relay.refuse"
stop_agent
: >"$tmp/log"
: >"$tmp/relay"
start_agent
check "so is a session that is refused for now" said 'container fine: 503 busy: not now: .* \[411\]$'
check "of a relay that was reached" test -z "$(grep -E '\[40[123]\]$' "$tmp/log")"
rm "$tmp/relay.refuse"
check "and comes later" asked '^POST fine '
echo 'full 502 -' >"$tmp/relay.refuse"
stop_agent
: >"$tmp/log"
start_agent
check "a 5xx of something else than the relay: it was not reached" said '502 .*: relay not reached.* \[401\]$'
rm "$tmp/relay.refuse"
stop_agent

# Five periods without an exchange are said; strict closes after its time, which runs on over restarts.
: >"$tmp/log"
: >"$tmp/relay"
rm "$tmp/containers/"*.json
container 5 old 100 bridge '{"sidecar.enable":"true"}'
printf 'SIDECAR_PSK_PERIOD=5\nSIDECAR_PSK_STRICT=10\n' >>"$tmp/env"
start_agent
asked '^COMMIT .* confirmed'
check "a key that was just agreed on is not old" test "$(mine --status | jq .containers[0].psk_old)" = false
on_disk() { [ "$(jq '.entries[] | select(.name == "old") | has("psk")' "$tmp/state/state.json")" = "$1" ]; }
check "and is on the disk" within 15 on_disk true
kill "$relay"
check "strict without a relay: the tunnel is closed" said 'old: for 1[0-9] s: .*tunnel closed'
check "and no later run has its key" within 15 on_disk false
old() { grep -qE 'old: for 2[5-9] s: no key exchange succeeded' "$tmp/log"; }
check "five periods without a relay: the log says so" within 45 old
check "and so does the status" test "$(mine --status | jq .containers[0].psk_old)" = true
stop_agent
: >"$tmp/log"
start_agent
check "what was closed stays closed over a restart" said 'old: for ([2-9][0-9]|1[0-9]{2}) s: .*tunnel closed'
check "and without its key" on_disk false
: >"$tmp/relay"
start_relay
check "an exchange opens it again" asked '^COMMIT .* confirmed'
check "with a key that is kept" within 15 on_disk true
kill "$relay"
stop_agent
jq '.entries |= map(if .name == "old" then .psk_at -= 100 else . end)' "$tmp/state/state.json" >"$tmp/edited"
cat "$tmp/edited" >"$tmp/state/state.json"
: >"$tmp/log"
start_agent
check "a time that passed while no agent ran counts" said 'old: for 1[0-9]{2} s: .*tunnel closed'
check "and that key is not used either" on_disk false
stop_agent
exit $failed
