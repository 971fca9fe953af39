# SPDX-License-Identifier: GPL-2.0-only
"""matrix.py PORT OPENAPI SEEN ADMIN METRICS: every documented operation against every way to ask for it
wrongly. Prints TAP points without numbers, and notes the answers for test_90_openapi.sh in SEEN."""
import base64
import email.utils
import json
import re
import sys

from tls_client import connect, exchange

PORT, SEEN, ADMIN, METRICS = int(sys.argv[1]), sys.argv[3], sys.argv[4], sys.argv[5]
with open(sys.argv[2], encoding="utf-8") as f:
    PATHS = json.load(f)["paths"]
MAX_BODY = 16384
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND")
CHALLENGE = 'Bearer realm="sidecar", resource_metadata="https://x/.well-known/oauth-protected-resource"'
NOT_VALID = ', error="invalid_token", error_description="The access token is not valid"'
TOO_NARROW = ', error="insufficient_scope", error_description="The access token lacks the scope"'


def key(n):
    return base64.b64encode(b"%032d" % n).decode()


def b64(n):
    return base64.b64encode(bytes(n)).decode()


# Bodies of which nothing is wrong but what a case adds.
BODIES = {
    ("POST", "/v1/peers"): {"pubkey": key(2)},
    ("DELETE", "/v1/peers"): {"pubkey": key(1)},
    ("POST", "/v1/peers/psk"): {"pubkey": key(1), "epoch": 1, "kem": b64(1216)},
    ("PUT", "/v1/peers/psk"): {"pubkey": key(1), "epoch": 1, "confirm": b64(32)},
    ("POST", "/v1/peers/rotate"): {"pubkey": key(1), "new_pubkey": key(3)},
    ("PUT", "/v1/peers/rotate"): {"pubkey": key(1), "new_pubkey": key(3)},
    ("DELETE", "/v1/peers/rotate"): {"pubkey": key(1), "new_pubkey": key(3)},
    ("POST", "/v1/machines"): {"machine": "m", "machine_key": key(4), "factors": [b64(32)] * 3, "signature": b64(64)},
    ("POST", "/v1/admin/tokens"): {"name": "matrix"},
    ("DELETE", "/v1/admin/tokens"): {"id": "1"},
    ("POST", "/v1/device/authorize"): {"scope": "peers:read"},
    ("POST", "/v1/device/token"): {"device_code": "x"},
    ("POST", "/v1/device/lookup"): {"user_code": "BCDF-GHJK"},
    ("POST", "/v1/device/approve"): {"user_code": "BCDF-GHJK", "approve": True},
}
# RFC 6749 section 3.1 and 3.2: unrecognized parameters are ignored.
TOLERANT = ("/v1/device/authorize", "/v1/device/token")
seen, seen_json = open(SEEN, "a", encoding="utf-8"), open(SEEN + ".json", "a", encoding="utf-8")
address = ["127.0.0.1"]
session = [connect(PORT, address[0])]


def point(name, problems):
    print("%s - %s" % ("not ok" if problems else "ok", name), flush=True)
    for p in problems:
        print("# %s" % p, flush=True)


def ask(method, path, token, headers=(), body=b""):
    headers = list(headers) + (["Authorization: " + token] if token else [])
    target = path.replace("{id}", "none")
    status, got, text = exchange(session[0], "%s %s HTTP/1.1" % (method, target), headers, body)
    if got.get("connection") == "close":
        session[0].close()
        session[0] = connect(PORT, address[0])
    if method in METHODS[:4]:
        print("%s %s %d" % (method, target.split("?")[0], status), file=seen)
        if "json" in got.get("content-type", ""):
            print(json.dumps({"m": method, "p": target.split("?")[0], "s": str(status), "body": json.loads(text)}), file=seen_json)
    return status, got, text


def wrong(name, operation, want, code, token, headers=(), body=b"", exact=()):
    """One case: status, code, and the headers that a standard fixes."""
    method, path = operation
    status, got, text = ask(method, path, token, headers, body)
    problems = []
    if status != want:
        problems.append("status %d, wanted %d: %r" % (status, want, text[:200]))
    # RFC 6749 section 5.2 for forms, RFC 9457 for all else.
    form = path in TOLERANT and any("urlencoded" in h for h in headers)
    fixed = {"content-type": "application/json" if form else "application/problem+json",
             "cache-control": None if want == 413 else "no-store", "content-length": str(len(text)), **dict(exact)}
    for k, v in fixed.items():
        if got.get(k) != v:
            problems.append("%s: %r, wanted %r" % (k, got.get(k), v))
    # RFC 9110 section 5.6.7: the one format that is sent.
    if email.utils.format_datetime(email.utils.parsedate_to_datetime(got["date"]), usegmt=True) != got["date"]:
        problems.append("date: %r" % got["date"])
    answer = json.loads(text)
    if form:
        problems += [k for k in ("error", "error_description") if not isinstance(answer.get(k), str)]
    elif answer.get("code") != code or answer.get("status") != want or not answer.get("title") or not answer.get("detail"):
        problems.append("%r" % (answer,))
    point("%s %s: %s" % (method, path, name), problems)


def bearer(token):
    return "Bearer " + token


JSON = ["Content-Type: application/json"]
FORM = ["Content-Type: application/x-www-form-urlencoded"]
status, _, _ = ask("POST", "/v1/peers", bearer(ADMIN), JSON, json.dumps({"pubkey": key(1)}).encode())
point("a peer to ask about", [] if status == 201 else [status])

for number, (path, item) in enumerate(PATHS.items()):
    # Tokens that fail are counted by address.
    session[0].close()
    address[0] = "127.0.2.%d" % (1 + number)
    session[0] = connect(PORT, address[0])
    for lower, operation in item.items():
        method = lower.upper()
        op = (method, path)
        secured = bool(operation["security"])
        token = bearer(ADMIN) if secured else None
        body = json.dumps(BODIES[op]).encode() if "requestBody" in operation else b""
        kind = JSON if body else []
        # --- who asks ---
        if secured:
            wrong("no token", op, 401, "missing_token", None, kind, body, {"www-authenticate": CHALLENGE})
            wrong("Basic", op, 401, "missing_token", "Basic YTpi", kind, body, {"www-authenticate": CHALLENGE})
            wrong("a token that is none", op, 401, "invalid_token", bearer("sct_live_x"), kind, body, {"www-authenticate": CHALLENGE + NOT_VALID})
            if operation["security"][0]["bearer"]:
                other = METRICS if path != "/metrics" else ADMIN
                wrong("another scope", op, 403, "insufficient_scope", bearer(other), kind, body, {"www-authenticate": CHALLENGE + TOO_NARROW})
            if path != "/metrics":
                wrong("a query that is none", (method, path + "?a=%zz"), 400, "invalid_request", token, kind, body)
                wrong("a query with a name twice", (method, path + "?a=1&a=2"), 400, "invalid_request", token, kind, body)
        # --- bodies ---
        if not body:
            continue
        big = b" " * MAX_BODY
        wrong("a byte more than there may be", op, 413, "body_too_large", token, JSON, big + b"x", {"connection": "close"})
        wrong("no media type", op, 415, "unsupported_media_type", token, [], body)
        wrong("text", op, 415, "unsupported_media_type", token, ["Content-Type: text/plain"], body)
        wrong("another JSON", op, 415, "unsupported_media_type", token, ["Content-Type: application/jsonp"], body)
        if path not in TOLERANT:
            wrong("a form", op, 415, "unsupported_media_type", token, FORM, b"a=b")
        for name, text in (
                ("nothing", b""), ("cut off", body[:-1]), ("bytes behind it", body + b"{}"), ("an array", b"[" + body + b"]"),
                ("a number", b"1"), ("null", b"null"), ("1,000 levels", b"[" * 1000), ("1,000 levels inside", b'{"a":' * 1000),
                ("a name twice", b'{"pubkey":"x",' + b'"pubkey":"y"}'), ("not UTF-8", b'{"a":"\xff"}'),
                ("a NUL in a text", b'{"a":"\\u0000"}'), ("half a surrogate", b'{"a":"\\ud800"}'),
                ("a comment", b"/**/" + body), ("a comma too many", body[:-1] + b",}"), ("NaN", b'{"a":NaN}'),
                ("a byte order mark", b"\xef\xbb\xbf" + body)):
            wrong(name, op, 400, "invalid_json", token, JSON, text)
        if path not in TOLERANT:
            more = json.dumps({**BODIES[op], "colour": "red"}).encode()
            wrong("an unknown member", op, 400, "invalid_request", token, JSON, more)
            wrong("an empty object", op, 400, "invalid_request", token, JSON, b"{}")
            for member in BODIES[op]:
                odd = json.dumps({**BODIES[op], member: [1]}).encode()
                wrong("%s is an array" % member, op, 400, "invalid_request", token, JSON, odd)
        else:
            wrong("a form that is none", op, 400, None, None, FORM, b"a=%zz", {"pragma": "no-cache"})
            wrong("a form with a name twice", op, 400, None, None, FORM, b"client_id=a&client_id=b", {"pragma": "no-cache"})
    # --- methods: RFC 9110 section 15.5.6 ---
    allowed = [m.upper() for m in item]
    exact = ", ".join(m + (", HEAD" if m == "GET" else "") for m in allowed)
    for method in METHODS:
        if method not in allowed:
            wrong("not %s" % method, (method, path), 405, "method_not_allowed", bearer(ADMIN), [], b"", {"allow": exact})
    # --- HEAD: RFC 9110 section 9.3.2 ---
    if "GET" in allowed and path != "/metrics":
        token = bearer(ADMIN) if item["get"]["security"] else None
        a, b = ask("GET", path, token), ask("HEAD", path, token)
        differs = [k for k in ("content-type", "content-length", "etag", "cache-control") if a[1].get(k) != b[1].get(k)]
        # Figures that move on between the two.
        if re.search("health|status", path):
            differs = [k for k in differs if k != "content-length"]
        point("HEAD %s is GET without its body" % path, differs + ([] if a[0] == b[0] and not b[2] else ["%d, %d bytes" % (b[0], len(b[2]))]))
