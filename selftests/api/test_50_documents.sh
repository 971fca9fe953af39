#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Discovery, pages, metrics: what the binary carries and what the operator adds.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
printf '# Terms\n\nBe **kind**. <script>alert(1)</script>\n\n- one\n- two [link](https://relay.example/)\n- [bad](javascript:alert(1))\n' >"$T/terms.md"
printf '<h1>Privacy</h1><p>Nothing is kept.</p>' >"$T/privacy.html"
EXTRA="pages: {terms: $T/terms.md, privacy: $T/privacy.html, aup: $T/missing.md}
"
relay_up "$EXTRA"
alice=$(new_token alice free "peers:read peers:add admin")
metrics=$(new_token operator free metrics)
BASE=$URL

# --- the discovery chain, each step named by the one before ---
call GET /v1/status
like "401 names the protected resource" "$(header www-authenticate)" "resource_metadata=\"$BASE/.well-known/oauth-protected-resource\""
row "200" "RFC 9728 metadata" GET /.well-known/oauth-protected-resource - -
is "RFC 9728 section 3.3: resource is where it was asked for" "$(json .resource)" "$BASE"
is "is JSON" "$(header content-type)" application/json
server=$(json '.authorization_servers[0]')
row "200" "RFC 8414 metadata" GET "${server#"$BASE"}/.well-known/oauth-authorization-server" - -
is "RFC 8414 section 3.3: the issuer is the server" "$(json .issuer)" "$server"
is "RFC 8414 section 2: required members" "$(json 'has("issuer") and has("response_types_supported") and has("token_endpoint")')" true
is "RFC 8628 section 4" "$(json '.device_authorization_endpoint, .grant_types_supported[0]' | tr '\n' ' ')" \
	"$BASE/v1/device/authorize urn:ietf:params:oauth:grant-type:device_code "
endpoint=$(json .device_authorization_endpoint)
row "200" "and the endpoint answers" POST "${endpoint#"$BASE"}" - '{}'
row "200" "A2A card" GET /.well-known/agent-card.json - -
is "A2A 1.0: the required members" "$(json '[has("name", "description", "supportedInterfaces", "version", "capabilities", "defaultInputModes", "defaultOutputModes", "skills")] | all')" true
is "A2A 1.0: each interface" "$(json '[.supportedInterfaces[] | has("url", "protocolBinding", "protocolVersion")] | all')" true
is "A2A 1.0: each skill" "$(json '[.skills[] | has("id", "name", "description", "tags")] | all')" true
row "200" "onboarding" GET /.well-known/agent-onboarding.json - -
is "has its parts" "$(json '[has("preflight", "steps", "rollback", "errors", "resume")] | all')" true
is "each error that a step names is explained" "$(json '([.steps[].errors[]] + [.preflight[].on_fail]) - [.errors[].code] | length')" 0
is "each rollback is of a step" "$(json '[.rollback[].of] - [.steps[].id] | length')" 0
is "nothing was left unfilled" "$(grep -c '@[A-Z]*@' "$T/body")" 0
for url in $(json '[.steps[].requests[]?.url // empty, .discovery[]] | unique[]'); do
	path=${url#"$BASE"}
	case $path in */device/*) m=POST ;; *) m=GET ;; esac
	call "$m" "$path"
	point "$path exists" test "$status" != 404 -o "$(json '.code? // empty')" = peer_not_found
done

# --- pages ---
for page in / /tokens /device /terms /privacy; do
	row "200" "page $page" GET $page - -
	is "$page is HTML" "$(header content-type)" "text/html; charset=utf-8"
	like "$page has a strict policy" "$(header content-security-policy)" "^default-src 'none'; script-src 'self';"
	is "$page has no script of its own, no style of its own" "$(grep -cE '<script>|<style|style=|onclick' "$T/body")" 0
	is "$page is filled in" "$(grep -c '@[A-Z]*@' "$T/body")" 0
	like "$page links the terms" "$(cat "$T/body")" 'href="/terms"'
	like "$page says its language and width" "$(tr '\n' ' ' <"$T/body")" '<html lang="en">.*name="viewport"'
	etag=$(header etag)
	row "304" "$page: not changed" GET $page - - -H "If-None-Match: $etag"
	is "$page: 304 has no body" "$(wc -c <"$T/body")" 0
	row "405 method_not_allowed" "$page takes no POST" POST $page - '{}'
done
for file in /style.css /common.js /status.js /tokens.js /device.js; do
	row "200" "$file" GET $file - -
	is "$file is no page" "$(header x-content-type-options)" nosniff
done
row "200" "the terms" GET /terms - -
like "Markdown: headings, strong, lists, links" "$(tr '\n' ' ' <"$T/body")" '<h1>Terms</h1>.*<strong>kind</strong>.*<li>one</li>.*<a href="https://relay.example/">link</a>'
is "Markdown: HTML is text, a script is no link" "$(grep -cE '<script>|href="javascript' "$T/body")" 0
for page in /aup /dmca /subprocessors /security; do row "404 not_found" "page $page was not written" GET $page - -; done
row "404 canary_not_found" "no canary" GET /warrant-canary - -
row "404 canary_not_found" "no canary's text" GET /warrant-canary.txt - -
row "200" "an invalid query is nothing to a page" GET '/device?code=%zz' - -

# --- metrics ---
row "401 missing_token" "metrics are not public" GET /metrics - -
row "403 insufficient_scope" "nor an account's admin's" GET /metrics "$alice" -
row "200" "the operator's" GET /metrics "$metrics" -
is "in Prometheus' format" "$(header content-type)" "text/plain; version=0.0.4; charset=utf-8"
cp "$T/body" "$T/metrics"
row "403 insufficient_scope" "the operator's token is for nothing else" GET /v1/peers "$metrics" -
call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" -d "{\"pubkey\":\"$(key 1)\"}"
slot=$(peers | cut -d' ' -f1)
say "seen $slot 5 198.51.100.7:4000 1000 500" >/dev/null
say "seen $slot 5 198.51.100.7:4000 3000 600" >/dev/null
say "seen $slot 5 198.51.100.7:4000 10 20" >/dev/null
value() { ctl GET /ctl/v1/metrics | awk -v n="$1" '$1 == n { print $2 }'; }
fresh() { [ "$(value sidecar_peers_up)" = 1 ]; }
point "a peer with a fresh handshake" wait_until 10 fresh
is "WireGuard's bytes, over a restart of its counters" "$(value sidecar_wireguard_receive_bytes_total) $(value sidecar_wireguard_transmit_bytes_total)" "3010 620"
is "peers" "$(value sidecar_peers)" 1
is "drops by reason" "$(ctl GET /ctl/v1/metrics | grep -c '^sidecar_drops_total{reason=')" "$(ctl GET /ctl/v1/drops | jq length)"
is "problems by code" "$(value 'sidecar_api_errors_total{code="insufficient_scope"}')" 2
if command -v promtool >/dev/null; then
	point "promtool accepts the metrics" promtool check metrics <"$T/metrics"
	point "promtool accepts the rules" promtool check rules relay/monitoring/sidecar.rules.yml
	point "promtool: the rules fire when they should" promtool test rules relay/monitoring/sidecar.rules.test.yml
else
	for what in "metrics" "rules" "rules' tests"; do
		n=$((n + 1))
		echo "ok $n - promtool accepts the $what # SKIP promtool (Debian package prometheus) is not here"
	done
fi
# Each figure that dashboard and rules name is one that the relay has.
# sidecar_replica_up: with a replica, test_96_replica_metrics.sh
used=$(cat relay/monitoring/*.json relay/monitoring/*.yml | grep -oE 'sidecar_[a-z0-9_]+' | grep -v '^sidecar_replica_' | sort -u)
have=$(sed -n 's/^# TYPE \([a-z0-9_]*\) .*/\1/p' "$T/metrics" | sort -u)
is "dashboard and rules name no figure that is not there" "$(comm -23 <(echo "$used") <(echo "$have"))" ""
is "the dashboard is JSON with panels" "$(jq '.panels | length > 4' relay/monitoring/grafana.json)" true
finish
