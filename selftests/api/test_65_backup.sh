#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# relayctl backup while changes go on, restore in another place: the same tokens, addresses and keys.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
rc() { # rc ARGS...: sets $out (both outputs) and $code
	code=0
	out=$("$BUILD/relayctl" --socket "$T/run/relayctl.sock" "$@" 2>&1) || code=$?
}
# What the net role would have: its keys are not the api role's.
mkdir -p "$T/state/net"
echo secret >"$T/state/net/wg0.key"
alice=$(new_token alice pulse+ipv4 "peers:read peers:add admin")
add() { call POST /v1/peers "${JSON[@]}" -H "Authorization: Bearer $alice" -d "{\"pubkey\":\"$(key "$1")\",\"container\":\"c$1\"}"; }
for i in 1 2 3; do add $i; done
row "200" "the peers before" GET /v1/peers "$alice" -
before=$(json 'map({container, ipv6}) | sort')
rc token list --json
tokens=$out
pin=$(openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint)

rc backup "$T/backup"
is "backup" "$code:$out" 0:done
is "has every file" "$(cd "$T/backup" && find . -type f | sort | tr '\n' ' ')" \
	"./api/address.key ./api/relay.db ./api/tls/live.crt ./api/tls/live.key ./api/tls/standby.crt ./api/tls/standby.key ./api/token.key ./net/wg0.key "
is "for nobody else" "$(find "$T/backup" -perm /077 | head -1)" ""
is "leaves no snapshot behind" "$(find "$T/state" -name 'backup.db*')" ""
is "the copy is sound" "$(sqlite3 "$T/backup/api/relay.db" 'PRAGMA integrity_check')" ok
rc backup "$T/backup"
is "not over an older one" "$code" 1
like "and says why" "$out" 'exists'
add 4
row "200" "what comes later" DELETE /v1/peers "$alice" "{\"pubkey\":\"$(key 1)\"}"

exec 7<>"$T/run/relayd.lock"
flock -n 7
rc restore --state "$T/state" "$T/backup"
is "restore while relayd runs: refused" "$code" 1
like "and says what to do" "$out" 'stop it first'
exec 7>&-
say stop >/dev/null
rc restore --state "$T/state" "$T/backup"
is "restore over a database: refused" "$code" 1
like "and says how" "$out" '--force'
rc restore --state "$T/state" --force "$T/missing"
is "restore from nothing: exit code 1" "$code" 1
rc restore --state "$T/state" --force "$T/backup"
is "restore by force" "$code:$out" "0:done: start relayd now"
say start >/dev/null
row "200" "the old token is valid" GET /v1/peers "$alice" -
is "and the peers are those of the backup" "$(json 'map({container, ipv6}) | sort')" "$before"

# Another machine: nothing but the backup.
say stop >/dev/null
mv "$T/state" "$T/gone"
rc restore --state "$T/state" "$T/backup"
is "restore on another machine" "$code" 0
say start >/dev/null
row "200" "the token is valid there" GET /v1/peers "$alice" -
is "the addresses are the same" "$(json 'map({container, ipv6}) | sort')" "$before"
is "so is the key that agents pin" "$(openssl s_client -connect "127.0.0.1:$PORT" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint)" "$pin"
rc token list --json
is "so are the tokens" "$out" "$tokens"
add 1
is "a container that comes again has its address" "$(json .ipv6)" "$(jq -r '.[] | select(.container == "c1") | .ipv6' <<<"$before")"
is "the kernel has the peers" "$(peers | wc -l)" 3
finish
