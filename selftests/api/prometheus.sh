# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A real Prometheus for the tests: relay/monitoring/prometheus.example.yml with this place's ports and
# files, and shorter times. Sourced after lib.sh; skips where Debian's package is not installed.
if ! command -v prometheus >/dev/null; then
	echo "1..0 # SKIP prometheus (Debian package) is not here"
	exit 4
fi
PROM=$T/prometheus

# prometheus_up SED-SCRIPT: it changes the rules
prometheus_up() {
	mkdir "$PROM"
	sed "$1" relay/monitoring/sidecar.rules.yml >"$PROM/sidecar.rules.yml"
	cp "$T/state/api/tls/live.crt" "$PROM/relay-1.crt"
	new_token operator free metrics >"$PROM/sidecar.token"
	sed "s/_interval: 30s/_interval: 1s/; s/relay-1\.example:8443/127.0.0.1:$PORT/; s/server_name: relay-1/server_name: $NAME/" \
		relay/monitoring/prometheus.example.yml >"$PROM/prometheus.yml"
	prometheus --config.file="$PROM/prometheus.yml" --storage.tsdb.path="$PROM/data" \
		--web.listen-address=127.0.0.1:0 >"$PROM/log" 2>&1 8>&- 9>&- &
	PROM_PID=$!
	trap 'kill "$PROM_PID" 2>/dev/null || true; wait "$PROM_PID" 2>/dev/null || true; cleanup' EXIT
	wait_until 60 prometheus_listens || {
		echo "Bail out! Prometheus does not start: $(tail -3 "$PROM/log")"
		exit 1
	}
}
prometheus_listens() {
	PROM_URL=http://$(sed -n 's/.*msg="Listening on" address=\([0-9.:]*\).*/\1/p' "$PROM/log" | head -1)
	curl -sf -m 5 "$PROM_URL/-/ready" >/dev/null
}
# ask PATH JQ [curl options]: Prometheus' answer
ask() {
	local path=$1 filter=$2
	shift 2
	curl -s -m 20 -G "$@" "$PROM_URL/api/v1/$path" | jq -r "$filter"
}
is_up() { [ "$(ask targets ".data.activeTargets[] | select(.labels.job == \"$1\") | .health")" = up ]; }
fires() { ask alerts '.data.alerts[] | select(.state == "firing") | .labels.alertname' | grep -qx "$1"; }
