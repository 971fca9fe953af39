#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `make demo` shows, step by step, with what is typed where and how long each step took. KEEP=1
# leaves the machines up. Drawing of the network: lab-net.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
begun_us=${EPOCHREALTIME//[!0-9]/}
selftests/vm/image.sh
. selftests/vm/lib.sh
. selftests/vm/sidecar.sh

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
	bold=$'\033[1m' plain=$'\033[0m'
fi

# ---- what is shown ----

now_us() {
	echo "${EPOCHREALTIME//[!0-9]/}"
}

seconds_since() { # MICROSECONDS: "12.3"
	local ms=$((($(now_us) - $1) / 1000))
	printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

n=0
title=''
summary=$(printf "%7s s  before: the machines' image" "$(seconds_since "$begun_us")")$'\n'

step_end() {
	local took
	[ -n "$title" ] || return 0
	took=$(seconds_since "$step_begun")
	printf '    %s(%s s)%s\n' "$bold" "$took" "$plain"
	summary+=$(printf '%7s s  %d. %s' "$took" $n "$title")$'\n'
	title=''
}

step() { # step TITLE
	step_end
	n=$((n + 1))
	title=$1
	step_begun=$(now_us)
	printf '\n%s%d. %s%s\n' "$bold" $n "$title" "$plain"
}

say() { # say LINE...
	printf '    %s\n' "$@"
}

# typed WHERE LINE COMMAND...: shows the line at that prompt, runs it by COMMAND (on relay, in_client)
# and shows the answer, which is also left in $TMP/answer.
typed() {
	local where=$1 line=$2
	shift 2
	printf '    %s%s#%s %s\n' "$bold" "$where" "$plain" "$line"
	"$@" sh -c "$line" </dev/null 2>&1 | tee "$TMP/answer" | sed 's/^/      /'
}

on_relay() {
	typed relay "$1" on relay
}

on_host() {
	typed "host A" "$1" on edge
}

on_internet() {
	typed "internet host" "$1" in_client
}

# ---- the steps ----

boot() {
	step "Two test machines boot"
	say "A relay; and an edge with a CGNAT router, a Docker host behind it, and an internet host." \
		"Debian 13 with its own kernel, WireGuard, systemd and Docker, emulated: it takes its time."
	selftests/vm/up.sh </dev/null | sed -n 's/^# /    /p; s/^ok [0-9]* - /    /p; /^not ok/p; /^Bail out/p'
}

relay() {
	step "The relay comes up"
	printf '%s' "$RELAY_CONF" | on relay sh -c 'mkdir -p /etc/sidecar && cat >/etc/sidecar/relay.yaml'
	on_relay 'cat /etc/sidecar/relay.yaml'
	on_relay 'systemctl enable -q --now relayd'
	wait_until 60 on relay relayctl status
	on_relay 'relayctl status'
}

customer() {
	local token
	step "A customer: alice gets a token and the join string"
	on_relay 'relayctl token add --account alice --tier pulse+ipv4'
	token=$(cat "$TMP/answer")
	on_relay 'relayctl join'
	printf 'SIDECAR_TOKEN=%s\nSIDECAR_JOIN=%s\nSIDECAR_LOG=text\n' "$token" "$(cat "$TMP/answer")" |
		on edge sh -c 'umask 077; mkdir -p /etc/sidecar; cat >/etc/sidecar/env'
}

host() {
	step "Her Docker host: behind a CGNAT, without IPv6, and nothing gets in"
	on_host 'ip -br addr show hosta0'
	on_host 'ip -6 route get 2001:db8:c::10 || true'
	on_internet 'ping -c 1 -W 2 10.64.1.2 | grep loss || true'
	say "The agent starts with the two texts in /etc/sidecar/env:"
	on_host 'systemctl enable -q sidecar && systemctl restart sidecar && systemctl is-active sidecar'
}

container() {
	local serve="echo '<h1>Hello from behind a CGNAT</h1>' >/tmp/index.html; cd /tmp; exec python3 -u -m http.server --bind :: 80"
	# Without a name server Python's web server waits for one: --dns gives it a quick "no".
	local args=(--label sidecar.ipv4=true --dns 127.0.0.1 -v /usr:/usr:ro sidecar-test sh -c "$serve")
	step "docker run with two labels"
	container_gone a web
	printf '    %shost A#%s docker run -d --name web --label sidecar.enable=true%s \\\n' "$bold" "$plain" \
		"$(printf ' %s' "${args[@]:0:2}")"
	say "           $(printf ' %s' "${args[@]:2:7}") \"$serve\""
	container_timed web "${args[@]}" >"$TMP/times"
	say "After docker run returned, the device was in the container in $(time_of label_ms) ms," \
		"and the first packet from the internet was answered in $(time_of answer_ms) ms."
	on_host 'docker exec web ip -br addr'
	v6=$(peer_field web ipv6 </dev/null)
	v4=$(peer_field web ipv4 </dev/null)
}

time_of() {
	awk -v name="$1" '$1 == name { print $2 }' "$TMP/times"
}

serves() {
	in_client curl -s -m 5 -o /dev/null "http://$1/"
}

internet() {
	step "The internet reaches it: no port was opened anywhere, both families"
	wait_until 60 serves "[$v6]"
	on_internet "curl -s -m 20 'http://[$v6]/'"
	on_internet "curl -s -m 20 'http://$v4/'"
	on_internet "ping -n -c 3 '$v6' | tail -n 2"
	on_internet "ping -n -c 3 '$v4' | tail -n 2"
}

client_seen() {
	step "No proxy: the web server's own log has the client's real address"
	on_internet 'ip -br addr show eth0'
	on_host 'docker logs web 2>&1 | grep GET | tail -n 2'
}

counters() {
	step "What the relay's kernel counted for this container"
	on_relay 'relayctl peer list'
	on_relay 'relayctl peer show web'
}

headless() {
	step "The control plane stops; packets do not"
	on_relay 'systemctl stop relayd; systemctl is-active relayd || true'
	on_internet "curl -s -m 20 'http://[$v6]/'"
	on_relay 'systemctl start relayd'
	wait_until 60 on relay relayctl status
	say "relayd is back and has taken over what it found."
}

ending() {
	step_end
	printf '\n%s\n%s' "${bold}Each step:$plain" "$summary"
	printf '%7s s  in all\n\n' "$(seconds_since "$begun_us")"
	if [ -z "${KEEP-}" ]; then
		selftests/vm/stop.sh
		echo "The machines were stopped. make demo KEEP=1 leaves them up to play with."
		return
	fi
	cat <<-EOF
		${bold}The machines stay up.${plain}
		  make vm-ssh VM=relay    relayctl --help; wg show; ip vrf; nft list ruleset; bpftool prog
		  make vm-ssh VM=edge     docker ps; docker exec web ip addr; journalctl -u sidecar
		                          another container:
		                            docker run -d --label sidecar.enable=true -v /usr:/usr:ro sidecar-test sleep 9999
		                          the internet host:
		                            nsenter --net=/run/netns/client curl 'http://[$v6]/'
		  make vm-stop            stops both
	EOF
}

boot
relay
customer
host
container
internet
client_seen
counters
headless
ending
