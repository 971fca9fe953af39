#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Both ends of the traffic tests: an echo server that says whom it sees, and its clients.

    probe.py serve PORT              TCP, UDP, SCTP on PORT and raw IP protocol 253, both families
    probe.py tcp ADDR PORT BYTES     upload BYTES, then download as many; both hashed
    probe.py paced ADDR PORT BYTES UP DOWN   the same, the upload in UP seconds, the download in DOWN
    probe.py udp ADDR PORT BYTES N   N datagrams of BYTES, each echoed whole
    probe.py sctp ADDR PORT          one message each way
    probe.py raw ADDR                one packet of protocol 253 each way

A client prints one JSON line: {"ok": true, "peer": the address the server saw, ...} and exits 0,
or says what failed and exits 1. --timeout S (before the command) bounds every wait.
"""
import hashlib
import json
import select
import socket
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
