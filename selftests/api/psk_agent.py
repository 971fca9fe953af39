#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The agent's half of the PSK exchange by other means than ours: openssl(1) and hashlib.

    psk_agent.py make DIR                                      a key pair; prints pk in base64
    psk_agent.py answer DIR PUBKEY PEER RELAYKEY FILE          FILE: the relay's answer
                          prints PSK and the agent's confirmation, or why the relay's is wrong
"""
import base64
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "selftests/net")
import fake_psk  # noqa: E402
from fake_psk import openssl, read  # noqa: E402


def make(d):
    pk = b""
    for name, algorithm, size in (("m", "ML-KEM-768", 1184), ("x", "X25519", 32)):
        openssl("genpkey", "-algorithm", algorithm, "-outform", "DER", "-out", os.path.join(d, name))
        openssl("pkey", "-in", os.path.join(d, name), "-inform", "DER", "-pubout", "-outform", "DER",
                "-out", os.path.join(d, name + ".pub"))
        pk += read(os.path.join(d, name + ".pub"))[-size:]
    with open(os.path.join(d, "pk"), "wb") as f:
        f.write(pk)
    print(base64.b64encode(pk).decode())


def answer(d, pubkey, peer, relay_key, path):
    a = json.loads(read(path))
    pk, ct = read(os.path.join(d, "pk")), base64.b64decode(a["ct"])
    for name, data in (("ct_m", ct[:1088]), ("ct_x", fake_psk.SPKI_X25519 + ct[1088:])):
        with open(os.path.join(d, name), "wb") as f:
            f.write(data)
    openssl("pkeyutl", "-decap", "-keyform", "DER", "-inkey", os.path.join(d, "m"),
            "-in", os.path.join(d, "ct_m"), "-secret", os.path.join(d, "ss_m"))
    openssl("pkeyutl", "-derive", "-keyform", "DER", "-inkey", os.path.join(d, "x"), "-peerform", "DER",
            "-peerkey", os.path.join(d, "ct_x"), "-out", os.path.join(d, "ss_x"))
    ss = hashlib.sha3_256(read(os.path.join(d, "ss_m")) + read(os.path.join(d, "ss_x")) + ct[1088:]
                          + pk[1184:] + fake_psk.LABEL).digest()
    psk, theirs, mine = fake_psk.keys(a["relay"], peer, base64.b64decode(pubkey),
                                      base64.b64decode(relay_key), a["epoch"], pk, ct, ss)
    if base64.b64decode(a["confirm"]) != theirs:
        sys.exit("the relay's confirmation is wrong")
    print(base64.b64encode(psk).decode(), base64.b64encode(mine).decode())


{"make": make, "answer": answer}[sys.argv[1]](*sys.argv[2:])
