# SPDX-License-Identifier: GPL-2.0-only
"""bench_api.py PORT PID TOKEN ROUNDS N [JSON]: registrations of peers, each durable, against bare TLS
handshakes with the same relay: N of either in turns, ROUNDS times. Prints the medians with their
ranges, by the clock and by the processor time of the api role, which a slow client does not change."""
import base64
import itertools
import json
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "api"))
from tls_client import connect, many, request  # noqa: E402

PORT, PID, TOKEN, ROUNDS, N = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
THREADS = 4
TICK = os.sysconf("SC_CLK_TCK")


def cpu_s():
    fields = open("/proc/%d/stat" % PID).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(work):
    """A second; milliseconds of the api role's processor each."""
    before = cpu_s()
    rate = many(N, THREADS, work)
    return rate, (cpu_s() - before) * 1000 / N


sessions = [connect(PORT, "127.0.9.%d" % (1 + k)) for k in range(THREADS)]
numbers = itertools.count()
answers = []


def register(k, i):
    key = base64.b64encode(os.urandom(32)).decode()
    body = '{"pubkey":"%s","container":"c%d","machine":"bench"}' % (key, next(numbers))
    answers.append(request(sessions[k], "POST /v1/peers HTTP/1.1", TOKEN, body.encode()))


rounds = [(measure(lambda k, i: connect(PORT, "127.0.9.%d" % (1 + k)).close()), measure(register))
          for _ in range(ROUNDS)]


def show(values, form):
    return (form + " (" + form + " to " + form + ")") % (statistics.median(values), min(values), max(values))


figures = {
    "handshakes_per_s": [h[0] for h, r in rounds],
    "registrations_per_s": [r[0] for h, r in rounds],
    "registrations_per_handshake": [r[0] / h[0] for h, r in rounds],
    "handshake_cpu_ms": [h[1] for h, r in rounds],
    "registration_cpu_ms": [r[1] for h, r in rounds],
}
print("# bare TLS handshakes: %s a second, %s ms of processor each"
      % (show(figures["handshakes_per_s"], "%.0f"), show(figures["handshake_cpu_ms"], "%.2f")))
print("# registrations:       %s a second, %s ms of processor each"
      % (show(figures["registrations_per_s"], "%.0f"), show(figures["registration_cpu_ms"], "%.2f")))
print("# a registration for each handshake: %s" % show(figures["registrations_per_handshake"], "%.2f"))
print("%s - %d registrations in %d rounds, each durable: all made" % ("ok" if answers == [201] * (ROUNDS * N) else "not ok", ROUNDS * N, ROUNDS))
if len(sys.argv) > 6:
    with open(sys.argv[6], "w", encoding="utf-8") as f:
        json.dump(figures, f, indent=1)
