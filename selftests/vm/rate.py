#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What arrives, in kbit/s of whole IP packets, seen where it arrives.

    rate.py WARM SECONDS NAME=SOURCE...

SOURCE is tunnel:PID (what the tunnel in that process's network namespace receives) or from:ADDR
(what the internet host receives from that address). Says "counting" when traffic may begin. From
WARM seconds after the last of all has brought START bytes it adds up for SECONDS, by the kernel's own stamps of
arrival, so that no delay of this program counts. Prints {"NAME": kbit/s, ...}.
"""
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
DEADLINE_S = 60
START = 20000  # more than a connection is opened with


def listen(netns, device):
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    os.setns(os.open(netns, os.O_RDONLY | os.O_CLOEXEC), os.CLONE_NEWNET)
    # Merged packets would be seen with one header.
    subprocess.run(["ethtool", "-K", device, "gro", "off"], check=True, capture_output=True)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    sock.bind((device, ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setblocking(False)
    os.setns(home, os.CLONE_NEWNET)
    return sock


class Source:
    def __init__(self, text):
        kind, arg = text.split(":", 1)
        if kind == "tunnel":
            self.addr = None
            self.sock = listen(f"/proc/{arg}/ns/net", "sidecar0")
        else:
            family = socket.AF_INET6 if ":" in arg else socket.AF_INET
            self.addr = socket.inet_pton(family, arg)
            self.sock = listen("/run/netns/client", "eth0")
        self.seen = []  # (seconds, bytes)
        self.total = 0
        self.begun = None

    def is_ours(self, head):
        if self.addr is None:
            return True
        return self.addr == (head[8:24] if head[0] >> 4 == 6 else head[12:16])

    def read_all(self):
        try:
            while True:
                self.read()
        except BlockingIOError:
            pass

    def read(self):
        head, ancillary, _, where = self.sock.recvmsg(65536, 64)
        if where[2] == socket.PACKET_OUTGOING or not self.is_ours(head):
            return
        for _, kind, data in ancillary:
            if kind == SO_TIMESTAMPNS:
                s, ns = struct.unpack("qq", data[:16])
                self.seen.append((s + ns / 1e9, len(head)))
                self.total += len(head)
                if self.begun is None and self.total >= START:
                    self.begun = s + ns / 1e9


def main():
    warm_s, seconds = float(sys.argv[1]), float(sys.argv[2])
    sources = {n: Source(s) for n, s in (arg.split("=", 1) for arg in sys.argv[3:])}
    by_fd = {s.sock.fileno(): s for s in sources.values()}
    poll = select.poll()
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    print("counting", flush=True)
    deadline, start = time.time() + DEADLINE_S, None
    while start is None or time.time() < start + seconds + 0.5:
        for fd, _ in poll.poll(200):
            by_fd[fd].read_all()
        if start is None and all(s.begun for s in sources.values()):
            start = max(s.begun for s in sources.values()) + warm_s
        if time.time() > deadline:
            raise SystemExit("nothing arrives")
    # What came in the meantime to a program that had to wait for its turn.
    for source in sources.values():
        source.read_all()
    rates = {}
    for name, source in sources.items():
        octets = sum(n for t, n in source.seen if start <= t < start + seconds)
        rates[name] = round(octets * 8 / 1000 / seconds)
    print(json.dumps(rates))


main()
