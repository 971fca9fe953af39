# SPDX-License-Identifier: GPL-2.0-only
"""many.py TOKEN add N | remove: registers N peers at this machine's relay over one connection, as an
agent does, or removes all that the account has. Prints {"done", "seconds", "status"}: the last answer's
status says why it ended early."""
import base64
import json
import os
import sys
import time

from tls_client import connect, exchange

HEADERS = ["Authorization: Bearer " + sys.argv[1], "Content-Type: application/json"]
s = connect(8443, "127.0.0.1")


def new_peers(n):
    for i in range(n):
        yield {"pubkey": base64.b64encode(os.urandom(32)).decode(), "container": "many%d" % i}


if sys.argv[2] == "add":
    method, good, bodies = "POST", 201, new_peers(int(sys.argv[3]))
else:
    peers = json.loads(exchange(s, "GET /v1/peers HTTP/1.1", HEADERS)[2])
    method, good, bodies = "DELETE", 200, ({"pubkey": p["pubkey"]} for p in peers)
begun, done, status = time.monotonic(), 0, good
for body in bodies:
    status = exchange(s, method + " /v1/peers HTTP/1.1", HEADERS, json.dumps(body).encode())[0]
    if status != good:
        break
    done += 1
print(json.dumps({"done": done, "seconds": round(time.monotonic() - begun, 1), "status": status}))
