#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every fuzzer, as many at a time as there are processors. Without FUZZ_SECONDS (make check): its
# corpus and a few thousand inputs made of it, always the same. With it (make fuzz): so long, and
# what it finds beside a crash goes to build/fuzz/NAME, which the next run begins with too. An input
# that crashes it is kept as build/fuzz/NAME.crash-*; one of its own corpus counts as well.
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/out}
seconds=${FUZZ_SECONDS:-}
targets=("$BUILD"/selftests/fuzz/fuzz_*[!.]?)
results=$(mktemp -d /tmp/sidecar-fuzz.XXXXXX)
trap 'rm -rf "$results"' EXIT
mkdir -p build/fuzz

# one TARGET: its line of TAP without the number, and what it found
one() {
	local name=${1##*/fuzz_} found log limit
	log=build/fuzz/$name.log
	if [ -n "$seconds" ]; then
		found=build/fuzz/$name
		limit=(-max_total_time="$seconds")
	else
		found=$results/$name
		limit=(-seed=1 -runs=2000 -max_total_time=3)
	fi
	mkdir -p "$found"
	# A hang and 1 GB of memory are findings too. Log lines of what is tested go nowhere.
	if "$1" "${limit[@]}" -timeout=25 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
		-close_fd_mask=2 -artifact_prefix="build/fuzz/$name." "$found" \
		"selftests/fuzz/corpus/$name" >"$log" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name: see $log"
		grep -E 'ERROR|SUMMARY|Test unit written' "$log" | sed 's/^/# /'
	fi
	[ -z "$seconds" ] ||
		echo "# $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, $(find "$found" -type f | wc -l) kept"
}

for target in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
	one "$target" >"$results/${target##*/}.tap" &
done
wait
n=0
failed=0
while IFS= read -r line; do
	case $line in
	ok*) n=$((n + 1)) && echo "ok $n${line#ok}" ;;
	not*) n=$((n + 1)) failed=1 && echo "not ok $n${line#not ok}" ;;
	*) echo "$line" ;;
	esac
done < <(cat "$results"/*.tap)
echo "1..$n"
exit $failed
