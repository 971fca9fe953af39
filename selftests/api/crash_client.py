# SPDX-License-Identifier: GPL-2.0-only
"""What the crash tests share: a client that knows when it does not know, TAP, api_relay's ear."""
import http.client
import json
import os
import ssl

tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE


def say_to(to, back):
    """A function that says a line to api_relay and returns its answer."""
    lines = os.fdopen(back, "r", closefd=False)

    def say(line):
        os.write(to, (line + "\n").encode())
        return lines.readline()

    return say


class Client:
    """Requests over one connection. None: nobody knows what became of it."""

    def __init__(self, port):
        self.port = int(port)
        self.c = None

    def ask(self, method, path, token, body=None):
        try:
            if self.c is None:
                self.c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=tls)
            self.c.request(method, path, body and json.dumps(body),
                           {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
            answer = self.c.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            if self.c:
                self.c.close()
            self.c = None
            return None


def point(name, problems):
    print("%s - %s" % ("not ok" if problems else "ok", name))
    for p in problems[:10]:
        print("# %s" % (p,))
