#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""fake_relay.py PORT KEY CERT LOG LIVE STANDBY: the relay's /v1/peers, without a data plane. No IPv4
to give. Peers are changed in a machine session only; of its signature the form alone is looked at,
since Python does not export keying material.

LOG.refuse: lines "WHAT STATUS CODE". WHAT is a container's name (its POST), psk:NAME (the exchange),
DROP (DELETE /v1/peers/rotate) or MACHINE (a session); CODE "-": not the relay's own answer."""
import base64
import http.server
import json
import os
import ssl
import sys

import fake_psk

port, key, cert, log, live, standby = sys.argv[1:]
peers = {}
epochs = {}  # by public key: what comes next
confirms = {}
machines = {}  # name: (key, factors)
SALT = base64.b64encode(bytes(32)).decode()
RELAY_KEY = "B" + "A" * 42 + "="


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    session = False  # an instance is a connection

    def note(self, text):
        with open(log, "a", encoding="utf-8") as f:
            f.write(text + "\n")

    def reply(self, code, obj=None):
        body = b"" if obj is None else json.dumps(obj).encode()
        self.send_response(code)
        if obj is not None:
            own = code < 400 or "code" in obj
            self.send_header("Content-Type", ("text/plain" if not own else "application/json" if code < 400
                                              else "application/problem+json"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass

    def refused(self, what):
        try:
            with open(log + ".refuse", encoding="utf-8") as f:
                how = {w: (int(status), code) for w, status, code in map(str.split, f)}
        except FileNotFoundError:
            how = {}
        if what not in how:
            return False
        status, code = how[what]
        self.note(f"REFUSED {what} {status} {code}")
        self.reply(status, {"message": "no"} if code == "-" else {"code": code, "detail": "not now"})
        return True

    def stale(self, ask):
        self.reply(409, {"code": "psk_epoch", "epoch": epochs.setdefault(ask["pubkey"], 1000)})

    def offer(self, ask):
        if self.refused("psk:" + peers.get(ask["pubkey"], {}).get("container", "")):
            return
        if ask["epoch"] != epochs.get(ask["pubkey"]):
            self.note(f"OFFER {ask['epoch']} refused")
            self.stale(ask)
            return
        pk = base64.b64decode(ask["kem"], validate=True)
        ct, ss = fake_psk.encaps(pk)
        _, mine, theirs = fake_psk.keys("fake", "2001:db8::5", base64.b64decode(ask["pubkey"]),
                                        base64.b64decode(RELAY_KEY), ask["epoch"], pk, ct, ss)
        confirms[ask["pubkey"]] = (ask["epoch"], base64.b64encode(theirs).decode())
        epochs[ask["pubkey"]] += 1
        self.note(f"OFFER {ask['epoch']} answered")
        self.reply(200, {"epoch": ask["epoch"], "relay": "fake", "ct": base64.b64encode(ct).decode(),
                         "confirm": base64.b64encode(mine).decode()})

    def outside(self):
        if self.session:
            return False
        self.note("NO SESSION " + self.command + " " + self.path)
        self.reply(403, {"code": "machine_session_required", "detail": "no session"})
        return True

    def machine(self, ask):
        if len(base64.b64decode(ask["signature"], validate=True)) != 64 or len(ask["factors"]) != 3:
            self.reply(400, {"code": "invalid_request"})
            return
        old = machines.setdefault(ask["machine"], (ask["machine_key"], ask["factors"]))
        if old != (ask["machine_key"], ask["factors"]):
            self.note(f"MACHINE {ask['machine']} refused")
            self.reply(403, {"code": "machine_mismatch", "detail": "another host"})
            return
        self.session = True
        self.note(f"MACHINE {ask['machine']} {sum(f is not None for f in ask['factors'])} factors")
        self.reply(201, {"machine": ask["machine"]})

    def do_PUT(self):
        ask = self.body()
        if self.outside():
            return
        if confirms.get(ask["pubkey"]) != (ask["epoch"], ask["confirm"]):
            self.note(f"COMMIT {ask['epoch']} refused")
            self.stale(ask)
            return
        self.note(f"COMMIT {ask['epoch']} confirmed")
        self.reply(200, {"epoch": ask["epoch"]})

    def do_POST(self):
        ask = self.body()
        if self.path == "/v1/machines":
            if not self.refused("MACHINE"):
                self.machine(ask)
            return
        if self.outside():
            return
        if self.path == "/v1/peers/psk":
            self.offer(ask)
            return
        if self.refused(ask["container"]):
            return
        self.note(f"POST {ask['container']} ipv4={ask['ipv4']} {ask['pubkey']}")
        if "bandwidth" in ask or "firewall" in ask:
            self.note(f"WANTS {ask['container']} bandwidth={ask.get('bandwidth')} firewall={ask.get('firewall')}")
        if ask["ipv4"]:
            self.reply(403, {"code": "ipv4_quota", "detail": "none left"})
            return
        peers[ask["pubkey"]] = ask
        self.reply(201, {
            "pubkey": ask["pubkey"], "ipv6": "2001:db8::5", "ipv4": None, "mtu": min(ask["mtu"], 1420), "mtu_max": 1420,
            "relay": {"endpoint": "192.0.2.1:51820", "pubkey": RELAY_KEY}})

    def do_GET(self):
        if self.path == "/v1/relay":
            self.reply(200, {"relay": "fake", "region": "", "pins": [live, standby], "machine_salt": SALT,
                             "machine_session": self.session})
            return
        self.note("LIST")
        self.reply(200, list(peers.values()))

    def do_DELETE(self):
        ask = self.body()
        if self.path == "/v1/peers/rotate":
            if self.refused("DROP"):
                return
            turned = os.path.exists(log + ".turned")
            self.note(f"DROP {ask['pubkey']} {ask['new_pubkey']} {'turned' if turned else 'dropped'}")
            self.reply(409 if turned else 200, {"code": "rotated"} if turned else {})
            return
        if self.outside():
            return
        self.note(f"DELETE {ask['pubkey']}")
        self.reply(204 if peers.pop(ask["pubkey"], None) else 404)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
