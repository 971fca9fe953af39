#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A real Prometheus scrapes the relay as relay/monitoring/prometheus.example.yml says, over TLS that it
# checks, loads the rules, answers the dashboard's queries, and an alert fires.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
. selftests/api/prometheus.sh
NAME=paris-1
echo "no canary" >"$T/canary"
relay_up "name: $NAME
region: eu-west
canary: {file: $T/canary, key: AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=}
"
alice=$(new_token alice pulse "peers:read peers:add")
call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" -d "{\"pubkey\":\"$(key 1)\"}"
prometheus_up ''

point "the relay is scraped" wait_until 60 is_up sidecar || ask targets '.data.activeTargets[] | "# \(.labels.job): \(.lastError)"'
has_peers() { [ "$(ask query '.data.result[0].value[1]' --data-urlencode 'query=sidecar_peers{job="sidecar"}')" = 1 ]; }
point "a query returns the relay's figure" wait_until 30 has_peers
is "with its name and region" "$(ask query '.data.result[0].metric | "\(.relay) \(.region)"' --data-urlencode 'query=sidecar_build_info')" "paris-1 eu-west"
is "the bearer token is checked" "$(call GET /metrics; echo "$status")" 401

# --- rules ---
rules_ran() { [ "$(ask rules '[.data.groups[].rules[] | select(.health == "ok")] | length')" = "$(grep -c -- '- alert:' relay/monitoring/sidecar.rules.yml)" ]; }
point "every rule is loaded and was evaluated without an error" wait_until 30 rules_ran || ask rules '.data.groups[].rules[] | "# \(.name): \(.health) \(.lastError)"'
point "an alert fires: the canary is invalid" wait_until 30 fires SidecarCanary
is "with what it says" "$(ask alerts '.data.alerts[] | select(.labels.alertname == "SidecarCanary") | "\(.labels.severity): \(.annotations.summary)"')" \
	"page: 127.0.0.1:$PORT: the warrant canary is invalid"

# --- the dashboard ---
ask label/__name__/values '.data[]' | sort >"$T/names"
exprs() { jq -r '.panels[].targets[]?.expr' relay/monitoring/grafana.json | sed 's/\$__rate_interval/1m/g; s/\$instance/.*/g'; }
bad=
while IFS= read -r expr; do
	answer=$(ask query '"\(.status) \(.error // "")"' --data-urlencode "query=$expr")
	[ "$answer" = "success " ] || bad+="$expr: $answer; "
done < <(exprs)
is "each of the dashboard's queries is understood" "$bad" ""
point "there are some" test "$(exprs | wc -l)" -gt 10
is "and names figures that were scraped" "$(exprs | grep -oE '\bsidecar_[a-z0-9_]+|^up\b' | grep -v '^sidecar_replica_' | sort -u | comm -23 - "$T/names")" ""
is "the dashboard's variable finds the relay" "$(ask label/instance/values '.data | join(" ")' --data-urlencode 'match[]=sidecar_build_info')" "127.0.0.1:$PORT"
up_query() { ask query '.data.result | length' --data-urlencode "query=$1"; }
is "the query for peers has an answer" "$(up_query 'sidecar_peers_up{job="sidecar", instance=~".*"}')" 1

# --- a relay that does not answer ---
say stop >/dev/null
is_down() { [ "$(ask query '.data.result[0].value[1]' --data-urlencode 'query=up{job="sidecar"}')" = 0 ]; }
point "a relay that is stopped is seen to be down" wait_until 60 is_down
pending() { ask alerts '.data.alerts[] | .labels.alertname' | grep -qx SidecarRelayDown; }
point "and its alert waits for its two minutes, or fires" wait_until 30 pending
finish
