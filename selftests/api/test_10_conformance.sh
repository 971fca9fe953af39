#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
alice=$(new_token alice pulse+ipv4)
echo "# $alice"
row "200" "health" GET /v1/health "$alice" -
row "201" "peer" POST /v1/peers "$alice" "{\"pubkey\":\"$(key 1)\"}"
peers | sed 's/^/# /'
restart
row "200" "peers" GET /v1/peers "$alice" -
json . | sed 's/^/# /'
finish
