#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The house style, as far as a machine can tell.
set -u
cd "$(dirname "$0")/../.." || exit 1
n=0
failed=0
echo "TAP version 13"
echo "1..11"
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
# Each name ends in NUL. Without git (a release archive) the folders are the list.
files() {
	git ls-files -z 2>/dev/null | grep -z . ||
		find . \( -path ./build -o -name .git -o -name __pycache__ \) -prune -o -type f -printf '%P\0'
}
but() { # but REGEX: all but these names
	files | grep -zvE "$1"
}
mapfile -d '' -t code < <(files | grep -zE '\.[ch]$')
mapfile -d '' -t shell < <(files | grep -zE '\.sh$|^\.ci/run$')
mapfile -d '' -t man < <(files | grep -zE '\.[1-8]$')

# A command's argument that became a file's name: "--help", or empty after "> set".
point "no file is named like an option" "$(files | grep -zE '(^|/)-' | tr '\0' '\n')"
point "no file is empty" "$(files | sed -z 's,^,./,' | xargs -0 sh -c 'find "$@" -maxdepth 0 -empty' sh)"
point "formatted as .clang-format says" "$(clang-format --dry-run -- "${code[@]}" 2>&1 | grep -E 'warning|error' | cut -d: -f1 | sort | uniq -c)"
point "no file is longer than 800 lines" "$(wc -l -- "${code[@]}" | awk '$1 > 800 && $2 != "total" { print $2 ": " $1 " lines" }')"
point "no function is longer than 100 lines" "$(awk 'FNR == 1 { s = 0 } /^\{/ { s = FNR } /^\}/ { if (s && FNR - s > 100) print FILENAME ":" s ": " FNR - s " lines"; s = 0 }' "${code[@]}")"
point "no banned call" "$(grep -nE '\b(atoi|atol|strtol|strtoul|strtoull|strtoll|sscanf|strcpy|strcat|sprintf|vsprintf|gets|system|popen)[[:space:]]*\(' -- "${code[@]}" | grep -v 'lint: ')"
# JSON takes no comment; a corpus and vectors are data, these with a licence of their own.
point "every file says its licence" "$(but '(^|/)LICENSE$|\.json$|^selftests/(fuzz/corpus|vectors/[^/]+)/' | xargs -0 grep -L 'SPDX-License-Identifier: GPL-2.0-only' --)"
point "shellcheck is content" "$(shellcheck -x -S warning -e SC1090,SC1091 -- "${shell[@]}" 2>&1)"
point "man pages are well-formed" "$( ((${#man[@]})) && mandoc -T lint -W warning -- "${man[@]}" 2>&1)"
point "no path or host of the place where it was written" "$(but 'LICENSE|selftests/lint/' | xargs -0 grep -nE '/work/|deb\.debian\.org|registry\.npmjs' -- 2>/dev/null)"
point "no TODO is left in the code" "$(grep -nEw 'TODO|FIXME|XXX' -- "${code[@]}")"
exit $failed
