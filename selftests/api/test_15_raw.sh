#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pipelining, request smuggling and other bytes that no proper client sends.
cd "$(dirname "$0")/../.."
. selftests/api/lib.sh
relay_up
python3 selftests/api/raw.py "$PORT" "$(new_token alice free)" >"$T/result" 2>&1 ||
	echo "not ok - raw.py ends by itself" >>"$T/result"
points <"$T/result"
finish
