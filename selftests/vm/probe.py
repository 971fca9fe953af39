#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Both ends of the traffic tests: an echo server that says whom it sees, and its clients.

    probe.py serve PORT              TCP, UDP, SCTP on PORT and raw IP protocol 253, both families
    probe.py tcp ADDR PORT BYTES     upload BYTES, then download as many; both hashed
    probe.py paced ADDR PORT BYTES UP DOWN   the same, the upload in UP seconds, the download in DOWN
    probe.py udp ADDR PORT BYTES N   N datagrams of BYTES, each echoed whole
    probe.py sctp ADDR PORT          one message each way
    probe.py raw ADDR                one packet of protocol 253 each way
    probe.py stream LOCAL REMOTE PORT RATE SECONDS
                                     runs at both ends: numbered datagrams at RATE a second each way,
                                     for SECONDS (0: until SIGINT), or until the other end ends

A client prints one JSON line: {"ok": true, "peer": the address the server saw, ...} and exits 0,
or says what failed and exits 1. --timeout S (before the command) bounds every wait. A stream's line
is about what arrived at its end: "asked" (RATE x time), "sent", "received" (each once), "lost" of what
the other end sent, "twice", "late" (after one with a higher number), "gaps" of a second and more as
[from, to] in Unix time, "holes" (the first of what was lost: how many, and when the next one came).
"""
import hashlib
import json
import select
import signal
import socket
import struct
import sys
import threading
import time

SCTP = 132
RAW = 253
TIMEOUT = 20.0


def plain(addr):
    """::ffff:1.2.3.4 -> 1.2.3.4"""
    return addr[7:] if addr.startswith("::ffff:") and "." in addr else addr


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def read_exact(sock, n):
    digest = hashlib.sha256()
    while n:
        data = sock.recv(min(n, 65536))
        if not data:
            raise OSError("closed %d bytes early" % n)
        digest.update(data)
        n -= len(data)
    return digest.hexdigest()


def read_line(sock):
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            raise OSError("closed before a whole line")
        line += byte
    return line.decode()


def pattern(n):
    block = bytes(i * 7 & 255 for i in range(4096))
    return (block * (n // 4096 + 1))[:n]


# ---- server ----

def serve_tcp_one(conn, peer):
    with conn:
        try:
            conn.settimeout(60)
            n = int(read_line(conn))
            got = read_exact(conn, n)
            conn.sendall((json.dumps({"peer": plain(peer[0]), "sha256": got}) + "\n").encode())
            data = pattern(n)
            for at in range(0, n, 4096):  # sendall()'s timeout is for all that it sends
                conn.sendall(data[at:at + 4096])
        except (OSError, ValueError):
            pass


def serve_stream(proto, port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, proto)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    sock.listen(64)
    while True:
        conn, peer = sock.accept()
        threading.Thread(target=serve_tcp_one, args=(conn, peer), daemon=True).start()


def serve_udp(fam, port):
    # One socket for each address family: the answer's source is then the address that was asked.
    sock = socket.socket(fam, socket.SOCK_DGRAM)
    any_addr = "::" if fam == socket.AF_INET6 else "0.0.0.0"
    if fam == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((any_addr, port))
    while True:
        data, peer = sock.recvfrom(65535)
        note = json.dumps({"peer": peer[0]}).encode()
        try:
            sock.sendto((note + b"\n" + data)[:max(len(data), len(note) + 1)], peer)
        except OSError:
            pass


def serve_raw(fam):
    sock = socket.socket(fam, socket.SOCK_RAW, RAW)
    while True:
        data, peer = sock.recvfrom(65535)
        if fam == socket.AF_INET:
            data = data[(data[0] & 15) * 4:]
        if data.startswith(b"ask"):
            sock.sendto(b"answer " + peer[0].encode(), (peer[0], 0))


def serve(port):
    jobs = [(serve_stream, (socket.IPPROTO_TCP, port)), (serve_udp, (socket.AF_INET, port)),
            (serve_udp, (socket.AF_INET6, port)), (serve_raw, (socket.AF_INET,)),
            (serve_raw, (socket.AF_INET6,)), (serve_stream, (SCTP, port))]
    for job, args in jobs:
        threading.Thread(target=job, args=args, daemon=True).start()
    print("serving", flush=True)
    while True:
        time.sleep(3600)


# ---- clients ----

def client_tcp(addr, port, n, proto=socket.IPPROTO_TCP):
    data = pattern(n)
    started = time.monotonic()
    with socket.socket(family(addr), socket.SOCK_STREAM, proto) as sock:
        sock.settimeout(TIMEOUT)
        sock.connect((addr, port))
        sock.sendall(b"%d\n" % n)
        sock.sendall(data)
        answer = json.loads(read_line(sock))
        if answer["sha256"] != hashlib.sha256(data).hexdigest():
            raise OSError("the server got other bytes")
        if read_exact(sock, n) != answer["sha256"]:
            raise OSError("other bytes came back")
    return {"ok": True, "peer": answer["peer"], "seconds": round(time.monotonic() - started, 3)}


def paced(n, seconds):
    """(first, last) of pieces of n bytes, spread over so many seconds."""
    pieces = max(1, int(seconds * 5))
    for i in range(pieces):
        yield n * i // pieces, n * (i + 1) // pieces
        time.sleep(seconds / pieces)


def client_paced(addr, port, n, up, down):
    data = pattern(n)
    digest = hashlib.sha256()
    with socket.socket(family(addr), socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.settimeout(TIMEOUT)
        sock.connect((addr, port))
        sock.sendall(b"%d\n" % n)
        for first, last in paced(n, up):
            sock.sendall(data[first:last])
        answer = json.loads(read_line(sock))
        for first, last in paced(n, down):
            left = last - first
            while left:
                piece = sock.recv(left)
                if not piece:
                    raise OSError("closed early")
                digest.update(piece)
                left -= len(piece)
        want = hashlib.sha256(data).hexdigest()
        if answer["sha256"] != want or digest.hexdigest() != want:
            raise OSError("other bytes came")
    return {"ok": True, "peer": answer["peer"]}


def client_udp(addr, port, size, count):
    lost = 0
    peer = ""
    with socket.socket(family(addr), socket.SOCK_DGRAM) as sock:
        sock.connect((addr, port))
        for i in range(count):
            data = (b"%08d" % i + pattern(size))[:max(size, 8)]
            sock.send(data)
            deadline = time.monotonic() + min(TIMEOUT, 5)
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([sock], [], [], left)[0]:
                    lost += 1
                    break
                try:
                    note, _, back = sock.recv(65535).partition(b"\n")
                except OSError:
                    continue
                if back[:8] == data[:8][:len(back)]:
                    if back != data[:len(back)]:
                        raise OSError("other bytes came back")
                    peer = json.loads(note)["peer"]
                    break
    if lost == count:
        raise OSError("all %d datagrams lost" % count)
    return {"ok": True, "peer": peer, "lost": lost, "sent": count}


def client_raw(addr):
    with socket.socket(family(addr), socket.SOCK_RAW, RAW) as sock:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            sock.sendto(b"ask", (addr, 0))
            if not select.select([sock], [], [], 2)[0]:
                continue
            data, _ = sock.recvfrom(65535)
            at = data.find(b"answer ")
            if at >= 0:
                return {"ok": True, "peer": data[at + 7:].decode()}
    raise OSError("no answer")


class Stream:
    """One end. H(ello) until the other is heard, then D(ata), last E(nd, which says how many there
    were), until it is A(cknowledged) and the other's has come."""
    FORM = struct.Struct("!cI51x")
    HURRY_S = 0.1     # H and E are repeated so often
    ARREARS_S = 1.0   # a sender that was held up longer leaves out what it could not send
    LINGER_S = 1.0    # for the other end's repeated E, and what was overtaken by it

    def __init__(self, local, remote, port, rate, seconds):
        fam = family(remote)
        self.sock = socket.socket(fam, socket.SOCK_DGRAM)
        # A process that gets no time for a while is no loss on the way.
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.sock.bind((local, port))
        self.sock.setblocking(False)
        self.to = (remote, port)
        self.rate, self.seconds = rate, seconds
        self.stop = self.heard = self.acked = False
        self.total = None  # of the other end
        self.sent = self.received = self.twice = self.late = self.highest = 0
        self.seen = bytearray()
        self.last, self.gaps = None, []
        self.jumps = []  # from, to, when: numbers that were left out, some of which may be late

    def send(self, kind, number=0):
        try:
            self.sock.sendto(self.FORM.pack(kind, number), self.to)
        except OSError:
            pass  # as lost as any other

    def data(self, number):
        now = time.time()
        if self.last is not None and now - self.last >= 1:
            self.gaps.append([round(self.last, 2), round(now, 2)])
        self.last = now
        if number >= len(self.seen):
            self.seen.extend(bytes(number + 4096 - len(self.seen)))
        if self.seen[number]:
            self.twice += 1
            return
        self.seen[number] = 1
        self.received += 1
        self.late += number < self.highest
        if number > self.highest + 1:
            self.jumps.append((self.highest + 1, number, now))
        self.highest = max(self.highest, number)

    def holes(self):
        holes = [[self.seen[a:b].count(0), round(at, 2)] for a, b, at in self.jumps]
        return [h for h in holes if h[0]][:20]

    def hear(self, wait):
        """Takes what has come, after waiting for it."""
        select.select([self.sock], [], [], max(wait, 0))
        while True:
            try:
                packet, peer = self.sock.recvfrom(2048)
            except BlockingIOError:
                return
            if peer[0] != self.to[0] or len(packet) != self.FORM.size:
                continue
            kind, number = self.FORM.unpack(packet)
            self.heard = True
            if kind == b"H" and self.sent:
                self.send(b"H")  # it has not heard this end yet
            elif kind == b"D":
                self.data(number)
            elif kind == b"E":
                self.total = number
                self.send(b"A")
            elif kind == b"A":
                self.acked = True

    def repeat(self, kind, number, done, deadline):
        while not done():
            if time.monotonic() > deadline:
                raise OSError("the other end is not there")
            self.send(kind, number)
            self.hear(self.HURRY_S)

    def run(self):
        self.repeat(b"H", 0, lambda: self.heard, time.monotonic() + TIMEOUT)
        begun = due = time.monotonic()
        while not self.stop and self.total is None:
            now = time.monotonic()
            if self.seconds and now - begun >= self.seconds:
                break
            if now - due > self.ARREARS_S:
                due = now
            while due <= now:
                self.sent += 1
                self.send(b"D", self.sent)
                due += 1 / self.rate
            self.hear(due - time.monotonic())
        asked = (time.monotonic() - begun) * self.rate
        self.repeat(b"E", self.sent, lambda: self.acked and self.total is not None,
                    time.monotonic() + TIMEOUT)
        end = time.monotonic() + self.LINGER_S
        while time.monotonic() < end:
            self.hear(end - time.monotonic())
        return {"ok": True, "asked": round(asked), "sent": self.sent, "received": self.received,
                "lost": self.total - self.received, "twice": self.twice, "late": self.late,
                "gaps": self.gaps, "holes": self.holes()}


def client_stream(local, remote, port, rate, seconds):
    stream = Stream(local, remote, port, rate, seconds)

    def stop(_signal, _frame):
        stream.stop = True
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return stream.run()


def main(argv):
    global TIMEOUT
    if len(argv) > 2 and argv[1] == "--timeout":
        TIMEOUT = float(argv[2])
        argv = argv[:1] + argv[3:]
    if len(argv) < 3:
        sys.exit(__doc__)
    command, rest = argv[1], argv[2:]
    if command == "serve":
        serve(int(rest[0]))
    calls = {
        "tcp": lambda a, p, n: client_tcp(a, int(p), int(n)),
        "paced": lambda a, p, n, u, d: client_paced(a, int(p), int(n), float(u), float(d)),
        "udp": lambda a, p, n, c: client_udp(a, int(p), int(n), int(c)),
        "sctp": lambda a, p: client_tcp(a, int(p), 1024, SCTP),
        "raw": client_raw,
        "stream": lambda l, r, p, n, s: client_stream(l, r, int(p), float(n), float(s)),
    }
    if command not in calls:
        sys.exit(__doc__)
    try:
        print(json.dumps(calls[command](*rest)))
    except OSError as e:
        print(json.dumps({"ok": False, "error": "%s %s: %s" % (command, rest[0], e)}))
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv)
