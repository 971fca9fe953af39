#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# run.sh SECONDS TARGET...: each fuzzer for so long, beginning with its corpus folder. What it finds
# beside a crash goes to build/fuzz/NAME, which the next run begins with too; an input that crashes
# it is kept as build/fuzz/NAME.crash-*. An input of its own corpus that crashes counts as well.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=$1
shift
passed=0
failed=0
skipped=0
for target; do
	name=${target##*/fuzz_}
	found=build/fuzz/$name
	log=$found.log
	seeds=selftests/fuzz/corpus/$name
	mkdir -p "$found"
	[ -d "$seeds" ] || seeds=
	if [ ! -x "$target" ]; then
		echo "  skip    $name: $target was not built"
		skipped=$((skipped + 1))
		continue
	fi
	# A hang of 10 s and 1 GB of memory are findings too. Log lines of what is tested go nowhere.
	# shellcheck disable=SC2086 # no word when there are no seeds
	if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
		-print_final_stats=1 -close_fd_mask=2 -artifact_prefix="$found." "$found" $seeds >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "  ok      $name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs," \
			"$(find "$found" -type f | wc -l) kept)"
	else
		failed=$((failed + 1))
		echo "  FAILED  $name: see $log"
		grep -E 'ERROR|SUMMARY|Test unit written' "$log" | sed 's/^/    | /'
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed != 0 ]
