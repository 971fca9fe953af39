# SPDX-License-Identifier: GPL-2.0-only
"""load.py PORT PID IDLE SLOW TOKEN...: many idle TLS connections and slow senders, and what
others notice of them. Prints TAP points without numbers, figures as comments."""
import re
import resource
import sys
import threading
import time

from tls_client import connect, request

PORT, PID, IDLE, SLOW = (int(a) for a in sys.argv[1:5])
# One token for each measurement: a token's own limit of requests is not what is measured.
TOKENS = sys.argv[5:]
TOKEN = LAST = TOKENS.pop()
PER_ADDRESS = 15  # below the relay's limit of one address without a token
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def point(name, good, why=""):
    print("%s - %s" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        print("# %s" % (why,), flush=True)


def rss_kb():
    return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % PID).read()).group(1))


def p99(address, n=400):
    """Whole exchanges over one connection, as an agent has them."""
    global TOKEN
    TOKEN = TOKENS.pop()
    s = connect(PORT, address)
    times, bad = [], 0
    for _ in range(n):
        start = time.perf_counter()
        bad += request(s, "GET /v1/status HTTP/1.1", TOKEN) != 200
        times.append(time.perf_counter() - start)
    s.close()
    times.sort()
    return times[int(n * 0.99)] * 1000, times[n // 2] * 1000, bad


# --- many who do nothing ---
before, rss = p99("127.0.8.1"), rss_kb()
idle = [connect(PORT, "127.1.%d.%d" % divmod(256 + i // PER_ADDRESS, 256)) for i in range(IDLE)]
grown = rss_kb() - rss
during = p99("127.0.8.2")
print("# p99 alone %.2f ms, beside %d idle TLS connections %.2f ms (median %.2f)" % (before[0], IDLE, during[0], during[1]))
print("# memory: %.1f kB for each idle TLS connection" % (grown / IDLE))
point("%d idle TLS connections: others are answered" % IDLE, during[2] == 0, during)
point("a connection costs less than 200 kB", grown / IDLE < 200, grown / IDLE)

# --- slow senders: a byte each now and then ---
slow = []
for i in range(SLOW):
    s = connect(PORT, "127.0.11.%d" % (1 + i // PER_ADDRESS))
    s.sendall(b"GET /v1/status HTTP/1.1\r\nHost: ")
    slow.append(s)
stop = threading.Event()


def drip():
    while not stop.wait(0.5):
        for s in slow:
            try:
                s.sendall(b"x")
            except OSError:
                pass


dripper = threading.Thread(target=drip)
dripper.start()
during = p99("127.0.8.3")
print("# p99 beside %d slow senders too: %.2f ms (median %.2f)" % (SLOW, during[0], during[1]))
point("%d slow senders: others are answered" % SLOW, during[2] == 0, during)
point("p99 stays below 250 ms", during[0] < 250, during)
# The whole of a request has 15 s, however it drips.
slow[0].settimeout(25)
try:
    answer = slow[0].recv(100)
except OSError as e:
    answer = str(e).encode()
point("a slow sender is ended: 408", answer.startswith(b"HTTP/1.1 408"), answer)
stop.set()
dripper.join()
# --- one address cannot take all places ---
def hold(address, n, known):
    global TOKEN
    held = []
    TOKEN = LAST
    try:
        for _ in range(n):
            s = connect(PORT, address)
            if known and request(s, "GET /v1/status HTTP/1.1", TOKEN) != 200:
                break
            held.append(s)
    except OSError:
        pass
    return held


held = hold("127.0.12.1", 40, False)
point("one address has 16 connections without a token", len(held) == 16, len(held))
point("others still get in", p99("127.0.8.4", 10)[2] == 0)
held += hold("127.0.12.2", 530, True)
point("and 512 of which a token was shown", len(held) == 16 + 512, len(held))
