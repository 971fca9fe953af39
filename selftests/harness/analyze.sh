#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# analyze.sh "CFLAGS" FILE...: three analysers over every source file; .clang-tidy says which of its
# checks are off and why. Not part of `make lint`: it takes minutes. Exit code 1 on any finding.
set -u
cd "$(dirname "$0")/../.." || exit 1
# Without what only a build wants, and what clang does not know.
flags=$(echo "$1" | sed 's/-MMD//; s/-MP//; s/-Werror//; s/-DSIDECAR_VERSION=[^ ]*//; s/-DSIDECAR_PEPPER=[^ ]*//; s/-fstack-clash-protection//')
shift
version='-DSIDECAR_VERSION="x"'
flags="$flags -DANALYZE -Wno-unused-value"
out=build/analyze
passed=0
failed=0
mkdir -p $out

point() { # point NAME FILE-WITH-FINDINGS
	if [ -s "$2" ]; then
		failed=$((failed + 1))
		echo "  FAILED  $1: $2"
		head -n 60 "$2" | sed 's/^/    | /'
	else
		passed=$((passed + 1))
		echo "  ok      $1"
	fi
}

# shellcheck disable=SC2086 # flags are words on purpose
clang-tidy --quiet "$@" -- $flags "$version" 2>$out/clang-tidy.log | grep -E '(warning|error|note): ' >$out/clang-tidy
point "clang-tidy" $out/clang-tidy

# C11 is the newest it knows. Off: what it cannot see through, each with its reason.
#   normalCheckLevelMaxBranches  a remark on itself
#   memleak  does not know the cleanup attribute
#   unknownMacro  libbpf's option macros
#   uninitStructMember  does not see that a call that failed ends the function; the other two do
#   nullPointerOutOfMemory, nullPointerArithmeticOutOfMemory  jansson's functions take NULL and give NULL
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	--suppress=normalCheckLevelMaxBranches --suppress=nullPointerOutOfMemory \
	--suppress=nullPointerArithmeticOutOfMemory --suppress=memleak --suppress=unknownMacro \
	--suppress=uninitStructMember \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	-D_GNU_SOURCE "$version" -I. "$@" 2>$out/cppcheck
point "cppcheck" $out/cppcheck

: >$out/gcc
for file; do
	# shellcheck disable=SC2086
	gcc $flags "$version" -fanalyzer -c "$file" -o /dev/null 2>>$out/gcc
done
point "gcc -fanalyzer" $out/gcc

echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
