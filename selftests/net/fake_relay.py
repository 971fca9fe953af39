#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""fake_relay.py PORT KEY CERT LOG: the relay's /v1/peers, without a data plane. No IPv4 to give."""
import http.server
import json
import ssl
import sys

port, key, cert, log = sys.argv[1:]
peers = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def note(self, text):
        with open(log, "a", encoding="utf-8") as f:
            f.write(text + "\n")

    def reply(self, code, obj=None):
        body = b"" if obj is None else json.dumps(obj).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass

    def do_POST(self):
        ask = self.body()
        self.note(f"POST {ask['container']} ipv4={ask['ipv4']} {ask['pubkey']}")
        if ask["ipv4"]:
            self.reply(403, {"code": "ipv4_quota", "detail": "none left"})
            return
        peers[ask["pubkey"]] = ask
        self.reply(201, {
            "pubkey": ask["pubkey"], "ipv6": "2001:db8::5", "ipv4": None, "mtu": 1420,
            "relay": {"endpoint": "192.0.2.1:51820", "pubkey": "B" + "A" * 42 + "="}})

    def do_GET(self):
        self.reply(200, list(peers.values()))

    def do_DELETE(self):
        ask = self.body()
        self.note(f"DELETE {ask['pubkey']}")
        self.reply(204 if peers.pop(ask["pubkey"], None) else 404)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
