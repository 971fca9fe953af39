# SPDX-License-Identifier: GPL-2.0-only
"""power.py PORT ADMIN-TOKEN TO FROM STATE LOG CUTS: power cuts at random moments under
a write load, with the database on a tmpfs (STATE, which a cut empties) and Litestream. Both roles are
killed, the database is restored, and what the relay then has is compared with what it had
acknowledged. TO and FROM are descriptors of api_relay, LOG has Litestream's lines (debug). Prints TAP
points without numbers, and the loss window."""
import base64
import datetime
import os
import random
import re
import shutil
import statistics
import sys
import threading
import time
from crash_client import Client, point, say_to

PORT, ADMIN, TO, FROM, STATE, LOG, CUTS = sys.argv[1:8]
WRITERS = 4
CONTAINERS = 60  # of each writer
LOAD_S = (0.3, 2.0)
seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
print("# SEED=%d" % seed, flush=True)
say = say_to(int(TO), int(FROM))


class Change:
    """One acknowledged change: a container's key, None = removed."""

    def __init__(self, name, key, sent, acked, address=None):
        self.name, self.key, self.sent, self.acked, self.address = name, key, sent, acked, address


class Writer(threading.Thread):
    """Registers, re-keys and removes its own containers, one request after the other."""

    def __init__(self, number):
        super().__init__()
        self.random = random.Random(seed + number)
        self.number = number
        self.client = Client(PORT)
        self.base = {}      # container -> key, as the relay had it after the last cut
        self.done = []      # since then, in order
        self.unknown = None # asked for when the power went: may be done, or not
        self.may, self.idle = threading.Event(), threading.Event()
        self.stop = False
        self.wrong = []

    def state(self, n):
        state = dict(self.base)
        for c in self.done[:n]:
            if c.key is None:
                state.pop(c.name, None)
            else:
                state[c.name] = c.key
        return state

    def step(self):
        name = "c%d" % self.random.randrange(CONTAINERS)
        now = self.state(len(self.done)).get(name)
        key = None if now and self.random.random() < 0.25 else \
            base64.b64encode(self.random.randbytes(32)).decode()
        sent = time.time()
        if key is None:
            got = self.client.ask("DELETE", "/v1/peers", ADMIN, {"pubkey": now})
        else:
            got = self.client.ask("POST", "/v1/peers", ADMIN,
                                  {"pubkey": key, "container": name, "machine": "m%d" % self.number})
        if got and got[0] in (200, 201):
            self.done.append(Change(name, key, sent, time.time(), got[1].get("ipv6") if key else None))
        elif got and got[0] == 429:
            time.sleep(0.05)  # more than one token may ask for: less load, no wait for anything
        else:
            self.unknown = Change(name, key, sent, None)
            if got:
                self.wrong.append(got)
            self.may.clear()

    def run(self):
        while not self.stop:
            if not self.may.is_set():
                self.idle.set()
                self.may.wait()
                continue
            self.step()

    def survived(self, present):
        """The most and the fewest of the done changes after which it looked like this."""
        fits = []
        for n in range(len(self.done), -1, -1):
            state = self.state(n)
            after = dict(state)
            if self.unknown:
                after[self.unknown.name] = self.unknown.key
                after = {k: v for k, v in after.items() if v is not None}
            if present in (state, after):
                fits.append(n)
        return (fits[0], fits[-1]) if fits else None


LINE = re.compile(r"time=(\S+) level=(\S+) msg=(\"[^\"]*\"|\S+)(.*)")


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def horizon(lines):
    """What was committed before this moment Litestream says it has: the start of the last look at the
    log whose find is known to be in the replica. 0.0 = nothing yet."""
    looked = found = 0.0
    waiting = None  # (horizon, index, offset) of the replica's sync in work
    sure = 0.0
    for line in lines:
        m = LINE.search(line)
        if not m:
            continue
        at, _, msg, rest = m.groups()
        msg = msg.strip('"')
        if msg == "sync":
            looked = when(at)
        elif msg == "sync: ok":
            found = looked
        elif msg == "replica sync":
            # The one before is done: they follow each other.
            sure = waiting[0] if waiting else sure
            pos = re.search(r"position=\w+/(\w+):(\d+)", rest)
            waiting = (found, int(pos.group(1), 16), int(pos.group(2))) if pos else None
        elif msg == "wal segment written" and waiting:
            pos = re.search(r"position=\w+/(\w+):(\d+).* sz=(\d+)", rest)
            if pos and (int(pos.group(1), 16), int(pos.group(2)) + int(pos.group(3))) == waiting[1:]:
                sure = waiting[0]
    return sure


def peers():
    got = Client(PORT).ask("GET", "/v1/peers", ADMIN)
    return got[1] if got and got[0] == 200 else None


broken, missing, reordered, given_twice, moved = [], [], [], [], []
windows, lost_counts = [], []
owner = {}    # address -> who has it; of those that outlived a cut
address = {}  # the other way round
acknowledged = 0
writers = [Writer(i) for i in range(WRITERS)]
for w in writers:
    w.start()
rng = random.Random(seed)
seen = os.path.getsize(LOG)
for cut in range(int(CUTS)):
    for w in writers:
        w.idle.clear()
        w.may.set()
    time.sleep(rng.uniform(*LOAD_S))  # the load goes on meanwhile: this is no wait for anything
    off = time.time()
    say("power")
    for w in writers:
        w.may.clear()
    while os.path.exists(STATE):
        shutil.rmtree(STATE, ignore_errors=True)  # Litestream's last breath may be in it
    with open(LOG, errors="replace") as f:
        f.seek(seen)
        lines = f.read().splitlines()
    if say("start").strip() != "ok":
        print("Bail out! the relay does not start again after cut %d" % cut)
        os._exit(1)
    for w in writers:
        w.idle.wait()
    seen = os.path.getsize(LOG)
    known = horizon(lines)
    now = peers()
    present = {}
    for p in now:
        present.setdefault(p["machine"], {})[p["container"]] = p["pubkey"]
    if len({p["ipv6"] for p in now}) != len(now):
        given_twice.append("cut %d: one address, two peers" % cut)
    last_kept, first_lost, lost = 0.0, off, 0
    for w in writers:
        acknowledged += len(w.done)
        mine = present.get("m%d" % w.number, {})
        n = w.survived(mine)
        if n is None:
            broken.append("cut %d, writer %d: no moment of its history" % (cut, w.number))
        else:
            most, fewest = n
            lost += len(w.done) - most
            missing += ["cut %d, writer %d: %s acknowledged %.3f s before Litestream's moment" %
                        (cut, w.number, c.name, known - c.acked) for c in w.done[most:] if c.acked < known]
            last_kept = max([last_kept] + [c.sent for c in w.done[:fewest]])
            first_lost = min([first_lost] + [c.acked for c in w.done[most:]])
        w.base, w.done, w.unknown = mine, [], None
    if last_kept > first_lost:
        reordered.append("cut %d: kept what was asked for %.3f s after what is lost" % (cut, last_kept - first_lost))
    windows.append(off - first_lost)
    lost_counts.append(lost)
    for p in now:
        who = (p["machine"], p["container"])
        if owner.setdefault(p["ipv6"], who) != who:
            given_twice.append((p["ipv6"], who, owner[p["ipv6"]]))
        if address.setdefault(who, p["ipv6"]) != p["ipv6"]:
            moved.append((who, p["ipv6"], address[who]))
for w in writers:
    w.stop = True
    w.may.set()
for w in writers:
    w.join()

point("after each cut the relay has a moment of its history", broken)
point("nothing that Litestream had acknowledged is lost", missing)
point("nothing outlives a cut that was asked for after something lost was answered", reordered)
point("no address is given twice", given_twice)
point("a container that outlived a cut keeps its address", moved)
point("no request was answered with what it should not be", [x for w in writers for x in w.wrong])
point("there was load: changes acknowledged", [] if acknowledged > 20 * int(CUTS) else [acknowledged])
point("Litestream reported no error", [line for line in open(LOG, errors="replace")
                                       if "level=ERROR" in line][:5])
print("# %d power cuts, %d changes acknowledged, %d of them lost" % (int(CUTS), acknowledged, sum(lost_counts)))
print("# loss window: oldest acknowledged change that was lost, before the cut: median %.0f ms, largest %.0f ms"
      % (1000 * statistics.median(windows), 1000 * max(windows)))
