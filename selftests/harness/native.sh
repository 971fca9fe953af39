#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints 1 on a Debian 13 with every package of the list installed, else 0.
. /etc/os-release
[ "${ID-}:${VERSION_ID-}" = debian:13 ] || { echo 0; exit; }
list=$(dirname "$0")/packages
# shellcheck disable=SC2046 # words on purpose
if dpkg-query -W $(grep -v '^#' "$list") >/dev/null 2>&1; then echo 1; else echo 0; fi
