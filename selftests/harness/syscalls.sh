#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# syscalls.sh ROLE FILE...: the "#syscalls(ROLE): a b c" comment lines as SC(a) SC(b) SC(c).
role=$1
shift
sed -n "s/.*#syscalls($role): *//p" "$@" | sed 's,\*/,,' | tr -s ' \t' '\n' | grep . | sort -u |
	sed 's/.*/SC(&)/'
