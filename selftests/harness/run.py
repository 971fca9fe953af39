#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs TAP 13 programs and adds them up: run.py [--title NAME] [--jobs N] PROGRAM...

Scripts run alone. Of compiled programs, which make themselves a world of their own, N run at a time.

Prints a line per program while it runs, each failure with its diagnostics, each skip with its
reason, and last "N passed, N failed, N skipped". A program that ends early, prints another number
of points than it planned, or exits with a code that does not fit, counts as one more failure.
"""
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

POINT = re.compile(r"^(not )?ok\b\s*(\d*)\s*-?\s*([^#]*)(?:#\s*(SKIP|TODO)\b\s*(.*))?", re.I)
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*SKIP\s*(.*))?", re.I)


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.points = 0
        self.plan = None
        self.bail = False
        self.comment = ""

    def line(self, line, name):
        plan = PLAN.match(line)
        point = POINT.match(line)
        if plan:
            # A program may run several groups: their plans add up.
            self.plan = (self.plan or 0) + int(plan.group(1))
            if plan.group(1) == "0":
                self.skipped += 1
                say("  skip    %s: %s" % (name, plan.group(2) or "no reason given"))
        elif point:
            self.points += 1
            if point.group(4) and point.group(4).upper() == "SKIP":
                # cmocka's skips carry the test's name; why is said on the line before.
                self.skipped += 1
                say("  skip    %s: %s: %s" % (name, point.group(3).strip() or point.group(5),
                                                point.group(5) if point.group(3).strip() else self.comment))
            elif point.group(1):
                self.failed += 1
                say("  FAILED  %s: %s" % (name, point.group(3).strip()))
            else:
                self.passed += 1
        elif line.startswith("#"):
            self.comment = line[1:].strip()
        elif line.startswith("Bail out!"):
            self.bail = True
            say("  FAILED  %s: %s" % (name, line))


def run(program):
    name = re.sub(r"^(build/out[^/]*/)?selftests/", "", program)
    if "out-san/" in program:
        name += " (sanitized)"
    started = time.monotonic()
    tally = Tally()
    log = []
    live = program.endswith(".sh")
    proc = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, text=True, errors="replace")
    for line in proc.stdout:
        line = line.rstrip("\n")
        log.append(line)
        tally.line(line, name)
        if live and line.startswith("#"):
            say("  " + line)
    code = proc.wait()
    problem = None
    if tally.bail:
        problem = "bailed out"
    elif tally.plan is None:
        problem = "printed no plan (exit %d)" % code
    elif tally.points != tally.plan:
        problem = "planned %d points, printed %d (exit %d)" % (tally.plan, tally.points, code)
    elif code not in (0, 4) and not tally.failed:
        problem = "exit code %d with no failed point" % code
    if problem:
        tally.failed += 1
        say("  FAILED  %s: %s" % (name, problem))
    if tally.failed and not live:
        say("\n".join("    | " + line for line in log[-80:]))
    say("  %-6s  %s (%d points, %.1f s)" % ("ok" if not tally.failed else "FAILED", name,
                                              tally.points, time.monotonic() - started))
    return tally


def run_all(programs, jobs):
    running = []
    with ThreadPoolExecutor(jobs) as pool:
        for program in programs:
            alone = program.endswith(".sh")
            for other in running if alone else []:
                other.result()
            running.append(pool.submit(run, program))
            if alone:
                running[-1].result()
    return [future.result() for future in running]


def main(argv):
    options = {"--title": "tests", "--jobs": "1"}
    programs = argv[1:]
    while programs[:1] and programs[0] in options:
        options[programs[0]] = programs[1]
        programs = programs[2:]
    started = time.monotonic()
    tallies = run_all(programs, int(options["--jobs"]))
    passed = sum(t.passed for t in tallies)
    failed = sum(t.failed for t in tallies)
    skipped = sum(t.skipped for t in tallies)
    print("%s: %d programs in %d s" % (options["--title"], len(tallies), time.monotonic() - started))
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    # Nothing to run is no failure; programs of which nothing passed are.
    sys.exit(1 if failed or (tallies and not passed) else 0)


if __name__ == "__main__":
    main(sys.argv)
