# SPDX-License-Identifier: GPL-2.0-only
"""crash.py PORT ADMIN-TOKEN TO FROM DATABASE KILLS: kills the api role at random moments under a
write load and compares what was acknowledged with what is there. TO and FROM are descriptors of
api_relay. Prints TAP points without numbers."""
import base64
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from crash_client import Client, point, say_to

PORT, ADMIN, TO, FROM, DATABASE, KILLS = sys.argv[1:7]
WRITERS = 4
CONTAINERS = 60  # of each writer
seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
print("# SEED=%d" % seed, flush=True)

say = say_to(int(TO), int(FROM))


class Writer(threading.Thread):
    """Registers, re-keys and deletes its own containers, makes and revokes its own tokens."""

    def __init__(self, number):
        super().__init__(daemon=True)  # an exception elsewhere ends the program
        self.random = random.Random(seed + number)
        self.number = number
        self.client = Client(PORT)
        self.may_be = {}      # container -> keys that may be the present one; None = no peer
        self.address = {}     # container -> every address it was ever given
        self.tokens = {}      # id -> text, acknowledged and never asked to be revoked
        self.revoked = {}     # id -> text, acknowledged
        self.acknowledged = 0
        self.stop = False
        self.wrong = []

    def key(self):
        return base64.b64encode(self.random.randbytes(32)).decode()

    def peer(self, name):
        key = self.key()
        self.may_be.setdefault(name, {None}).add(key)
        got = self.client.ask("POST", "/v1/peers", ADMIN,
                              {"pubkey": key, "container": name, "machine": "m%d" % self.number})
        if got and got[0] in (200, 201):
            self.may_be[name] = {key}
            self.address.setdefault(name, set()).add(got[1]["ipv6"])
            self.acknowledged += 1
        elif got and got[0] != 503:
            self.wrong.append(got)

    def remove(self, name):
        keys = self.may_be.get(name, {None})
        if len(keys) != 1 or None in keys:
            return
        (key,) = keys
        keys.add(None)
        got = self.client.ask("DELETE", "/v1/peers", ADMIN, {"pubkey": key})
        if got and got[0] == 200:
            self.may_be[name] = {None}
            self.acknowledged += 1
        elif got and got[0] not in (404, 503):
            self.wrong.append(got)

    def token(self):
        if len(self.tokens) < 8:
            got = self.client.ask("POST", "/v1/admin/tokens", ADMIN,
                                  {"name": "w%d-%d" % (self.number, self.random.randrange(1 << 40))})
            if got and got[0] == 201:
                self.tokens[got[1]["id"]] = got[1]["token"]
                self.acknowledged += 1
            return
        ident = self.random.choice(list(self.tokens))
        text = self.tokens.pop(ident)
        got = self.client.ask("DELETE", "/v1/admin/tokens", ADMIN, {"id": ident})
        if got and got[0] == 200:
            self.revoked[ident] = text
            self.acknowledged += 1

    def run(self):
        while not self.stop:
            name = "c%d" % self.random.randrange(CONTAINERS)
            what = self.random.random()
            if what < 0.7:
                self.peer(name)
            elif what < 0.85:
                self.remove(name)
            else:
                self.token()


def torn(database):
    """The log cut or garbled anywhere is a database of an earlier moment, never a broken one."""
    problems = []
    rng = random.Random(seed)
    folder = tempfile.mkdtemp(dir=os.path.dirname(database))
    copy = os.path.join(folder, "relay.db")
    try:
        wal = open(database + "-wal", "rb").read()
        for i in range(40):
            for end in ("", "-wal", "-shm"):
                if os.path.exists(copy + end):
                    os.unlink(copy + end)
            shutil.copy(database, copy)
            at = rng.randrange(max(1, len(wal)))
            rest = b"" if i % 2 else rng.randbytes(min(4096, len(wal) - at))
            with open(copy + "-wal", "wb") as f:
                f.write(wal[:at] + rest)
            db = sqlite3.connect(copy)
            said = db.execute("PRAGMA integrity_check").fetchone()[0]
            # Before the first checkpoint the whole schema is in the log: then there may be no table yet.
            made = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'address'").fetchone()[0]
            twice = made and db.execute("SELECT count(*) - count(DISTINCT v6) FROM address").fetchone()[0]
            db.close()
            if said != "ok" or twice:
                problems.append("cut at %d: %s, %d addresses twice" % (at, said, twice))
    finally:
        shutil.rmtree(folder)
    return problems


def acknowledged():
    return sum(w.acknowledged for w in writers)


writers = [Writer(i) for i in range(WRITERS)]
for w in writers:
    w.start()
rng = random.Random(seed)
for _ in range(int(KILLS)):
    # So many changes after the last start, however slow the machine, and then at any moment.
    wanted, end = acknowledged() + rng.randrange(25), time.monotonic() + 10
    while acknowledged() < wanted and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(rng.uniform(0.0, 0.02))
    say("kill")
    if say("start").strip() != "ok":
        print("Bail out! the api role does not start again")
        sys.exit(1)
# The last log as a kill leaves it.
say("kill")
point("the log cut anywhere: a sound database of an earlier moment", torn(DATABASE))
say("start")
for w in writers:
    w.stop = True
for w in writers:
    w.join()

client = Client(PORT)
present = {}
for p in client.ask("GET", "/v1/peers", ADMIN)[1]:
    present[(p["machine"], p["container"])] = p
lost, moved, given = [], [], {}
for w in writers:
    for name, keys in w.may_be.items():
        p = present.get(("m%d" % w.number, name))
        if (p["pubkey"] if p else None) not in keys:
            lost.append("%s of writer %d: %s is not among %s" % (name, w.number, p and p["pubkey"], keys))
        addresses = set(w.address.get(name, set())) | ({p["ipv6"]} if p else set())
        if len(addresses) > 1:
            moved.append((w.number, name, addresses))
        for a in addresses:
            given.setdefault(a, set()).add((w.number, name))
point("no acknowledged peer or deletion is lost", lost)
point("a container keeps its address", moved)
point("no address is given twice", [v for v in given.values() if len(v) > 1])
point("no acknowledged token is lost", [i for w in writers for i, t in w.tokens.items()
                                         if client.ask("GET", "/v1/status", t)[0] != 200])
point("no acknowledged revocation is lost", [i for w in writers for i, t in w.revoked.items()
                                              if client.ask("GET", "/v1/status", t)[0] == 200])
point("no request was answered with what it should not be", [x for w in writers for x in w.wrong])
n = acknowledged()
point("there was load: changes acknowledged", [] if n > 5 * int(KILLS) else [n])
print("# %d kills, %d changes acknowledged, %d peers at the end" % (int(KILLS), n, len(present)))
db = sqlite3.connect(DATABASE)
said = db.execute("PRAGMA integrity_check").fetchone()[0]
point("the database is sound", [] if said == "ok" else [said])
