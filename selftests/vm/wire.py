#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Searches captures for what must not be on the wire.

    wire.py put FILE       prints what it searches for, in hexadecimal, one a line
    wire.py find FILE CAPTURE...
                           prints a line for each needle that is somewhere in a capture

FILE has a needle a line, "NAME TEXT" or "NAME = BASE64" (32 bytes and the like: searched as they are,
in base64 and in hexadecimal). Addresses are searched as text and as they are in a packet; an IPv4
address, which four random bytes may be by chance, beside the one that it talks with: "NAME ADDR PEER".
"""
import base64
import ipaddress
import sys


def forms(words):
    if words[0] == "=":
        raw = base64.b64decode(words[1] + "==")
        return [("raw", raw), ("base64", words[1].rstrip("=").encode()), ("hex", raw.hex().encode())]
    found = [("text", words[0].encode())]
    try:
        addr = ipaddress.ip_address(words[0])
    except ValueError:
        return found
    if addr.version == 6:
        found.append(("raw", addr.packed))
        found.append(("long text", addr.exploded.encode()))
    for peer in words[1:]:
        other = ipaddress.ip_address(peer).packed
        found += [("raw source", addr.packed + other), ("raw destination", other + addr.packed)]
    return found


def needles(path):
    with open(path, encoding="ascii") as f:
        for line in f:
            words = line.split()
            if len(words) < 2:
                sys.exit("%s: no needle: %r" % (path, line))
            for form, data in forms(words[1:]):
                # What is too short is anywhere.
                if len(data) < 8:
                    sys.exit("%s: too short: %r" % (path, line))
                yield "%s (%s)" % (words[0], form), data


def main(argv):
    if len(argv) == 3 and argv[1] == "put":
        print("\n".join(data.hex() for _, data in needles(argv[2])))
        return
    if len(argv) < 4 or argv[1] != "find":
        sys.exit(__doc__)
    captures = []
    for path in argv[3:]:
        with open(path, "rb") as f:
            captures.append(f.read())
    for name, data in needles(argv[2]):
        if any(data in capture for capture in captures):
            print(name)


if __name__ == "__main__":
    main(sys.argv)
