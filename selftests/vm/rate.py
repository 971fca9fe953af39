#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What arrives, in kbit/s of whole IP packets, counted where it arrives.

    rate.py WARM SECONDS NAME=SOURCE...

SOURCE is tunnel:PID (received by the tunnel in that process's network namespace) or from:ADDR
(received by the internet host from that address). Counts for SECONDS, beginning WARM seconds after
the first of all has moved, and prints {"NAME": kbit/s, ...}. "counting" before: traffic may begin.
"""
import json
import os
import subprocess
import sys
import time

WG_OVERHEAD = 32  # header and tag of each packet, which the tunnel's own counter includes
DEADLINE_S = 60


def tunnel_bytes(pid):
    os.setns(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC), os.CLONE_NEWNET)
    with open("/proc/thread-self/net/dev", encoding="ascii") as lines:
        for line in lines:
            if line.strip().startswith("sidecar0:"):
                octets, packets = line.split(":")[1].split()[:2]
                return int(octets) - WG_OVERHEAD * int(packets)
    raise SystemExit(f"no tunnel in the namespace of {pid}")


def from_bytes(addr):
    name = "from6" if ":" in addr else "from4"
    text = subprocess.run(["nsenter", "--net=/run/netns/client", "nft", "-j", "list", "set",
                           "inet", "count", name], check=True, capture_output=True).stdout
    for item in json.loads(text)["nftables"]:
        for elem in item.get("set", {}).get("elem", []):
            if elem["elem"]["val"] == addr:
                return elem["elem"]["counter"]["bytes"]
    return 0


def sample(sources):
    """NAME: (seconds, bytes); the time is the middle of the reading."""
    now = {}
    for name, source in sources.items():
        kind, arg = source.split(":", 1)
        before = time.monotonic()
        octets = tunnel_bytes(arg) if kind == "tunnel" else from_bytes(arg)
        now[name] = ((before + time.monotonic()) / 2, octets)
    return now


def main():
    warm_s, seconds = float(sys.argv[1]), float(sys.argv[2])
    sources = dict(arg.split("=", 1) for arg in sys.argv[3:])
    start, end = sample(sources), time.monotonic() + DEADLINE_S
    print("counting", flush=True)
    while all(sample(sources)[n][1] - start[n][1] < 10000 for n in sources):
        if time.monotonic() > end:
            raise SystemExit("nothing arrives")
        time.sleep(0.2)
    time.sleep(warm_s)
    first = sample(sources)
    time.sleep(seconds)
    last = sample(sources)
    print(json.dumps({n: round((last[n][1] - first[n][1]) * 8 / 1000
                               / (last[n][0] - first[n][0])) for n in sources}))


main()
