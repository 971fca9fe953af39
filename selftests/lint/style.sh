#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The house style, as far as a machine can tell.
set -u
cd "$(dirname "$0")/../.." || exit 1
n=0
failed=0
echo "TAP version 13"
echo "1..9"
point() { # point NAME OUTPUT: passes when there is no output
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=1
		echo "not ok $n - $1"
		printf '%s\n' "$2" | head -40 | sed 's/^/#   /'
	fi
}
# Without git (a release archive) the folders are the list.
files() {
	git ls-files 2>/dev/null | grep . || find . \( -path ./build -o -name .git \) -prune -o -type f -print | sed 's,^\./,,'
}
mapfile -t code < <(files | grep -E '\.[ch]$')
mapfile -t scripts < <(files | grep -E '\.(sh|py)$|^\.ci/run$')
mapfile -t shell < <(files | grep -E '\.sh$|^\.ci/run$')
mapfile -t man < <(files | grep -E '\.[1-8]$')

point "formatted as .clang-format says" "$(clang-format --dry-run "${code[@]}" 2>&1 | grep -E 'warning|error' | cut -d: -f1 | sort | uniq -c)"
point "no file is longer than 800 lines" "$(wc -l "${code[@]}" | awk '$1 > 800 && $2 != "total" { print $2 ": " $1 " lines" }')"
point "no function is longer than 100 lines" "$(awk 'FNR == 1 { s = 0 } /^\{/ { s = FNR } /^\}/ { if (s && FNR - s > 100) print FILENAME ":" s ": " FNR - s " lines"; s = 0 }' "${code[@]}")"
point "no banned call" "$(grep -nEw '(atoi|atol|strtol|strtoul|strtoull|strtoll|sscanf|strcpy|strcat|sprintf|vsprintf|gets|system|popen)[[:space:]]*\(' "${code[@]}" | grep -v 'lint: ')"
point "every file says its licence" "$(grep -L 'SPDX-License-Identifier: GPL-2.0-only' "${code[@]}" "${scripts[@]}" Makefile)"
point "shellcheck is content" "$(shellcheck -x -S warning -e SC1090,SC1091 "${shell[@]}" 2>&1)"
point "man pages are well-formed" "$( ((${#man[@]})) && mandoc -T lint -W warning "${man[@]}" 2>&1)"
point "no path or host of the place where it was written" "$(files | grep -vE 'LICENSE|selftests/lint/' | xargs grep -nE '/work/|deb\.debian\.org|registry\.npmjs' 2>/dev/null)"
point "no TODO is left in the code" "$(grep -nEw 'TODO|FIXME|XXX' "${code[@]}")"
exit $failed
