# SPDX-License-Identifier: GPL-2.0-only
"""The relay's half of the PSK exchange by other means than ours: openssl(1) and hashlib."""
import hashlib
import hmac
import ipaddress
import os
import subprocess
import tempfile

# SubjectPublicKeyInfo before the key's own bytes.
SPKI_MLKEM = bytes.fromhex("308204b2300b0609608648016503040402038204a100")
SPKI_X25519 = bytes.fromhex("302a300506032b656e032100")
LABEL = bytes.fromhex("5c2e2f2f5e5c")


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True, stdout=subprocess.DEVNULL)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def encaps(pk):
    """X-Wing: (ct, ss)"""
    with tempfile.TemporaryDirectory() as d:
        def at(name, data=None):
            path = os.path.join(d, name)
            if data is not None:
                with open(path, "wb") as f:
                    f.write(data)
            return path
        openssl("pkeyutl", "-encap", "-pubin", "-keyform", "DER",
                "-inkey", at("m", SPKI_MLKEM + pk[:1184]), "-secret", at("ss_m"), "-out", at("ct_m"))
        openssl("genpkey", "-algorithm", "X25519", "-outform", "DER", "-out", at("own"))
        openssl("pkey", "-in", at("own"), "-inform", "DER", "-pubout", "-outform", "DER", "-out", at("pub"))
        openssl("pkeyutl", "-derive", "-inkey", at("own"), "-keyform", "DER", "-peerform", "DER",
                "-peerkey", at("x", SPKI_X25519 + pk[1184:]), "-out", at("ss_x"))
        ct_x = read(at("pub"))[-32:]
        ss = hashlib.sha3_256(read(at("ss_m")) + read(at("ss_x")) + ct_x + pk[1184:] + LABEL).digest()
        return read(at("ct_m")) + ct_x, ss


def keys(relay, peer, agent_key, relay_key, epoch, pk, ct, ss):
    """(psk, confirm_relay, confirm_agent)"""
    ids = (b"sidecar psk 1" + bytes([len(relay)]) + relay.encode() + ipaddress.IPv6Address(peer).packed
           + agent_key + relay_key + epoch.to_bytes(8, "big"))
    info = ids + hashlib.sha256(ids + pk + ct).digest()
    prk = hmac.new(bytes(32), ss, hashlib.sha256).digest()
    out = [b""]
    for i in (1, 2, 3):
        out.append(hmac.new(prk, out[-1] + info + bytes([i]), hashlib.sha256).digest())
    return out[1:]
