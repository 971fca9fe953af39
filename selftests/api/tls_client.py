# SPDX-License-Identifier: GPL-2.0-only
"""A client of the relay's API over kept connections, for what curl is too slow for."""
import socket
import ssl
import threading
import time

tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE


def connect(port, address):
    s = socket.create_connection(("127.0.0.1", port), 20, (address, 0))
    return tls.wrap_socket(s)


def exchange(s, head, headers, body=b""):
    """Status, headers (names in lower case) and body of the answer to METHOD TARGET HTTP/1.1."""
    lines = [head, "Host: x", "Content-Length: %d" % len(body)] + headers
    s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        if not got:
            raise OSError("closed")
        data += got
    text, _, rest = data.partition(b"\r\n\r\n")
    first, *fields = text.decode("latin-1").split("\r\n")
    got_headers = {k.lower(): v for k, v in (f.split(": ", 1) for f in fields)}
    missing = 0 if head.startswith("HEAD ") else int(got_headers.get("content-length", 0)) - len(rest)
    while missing > 0:
        part = s.recv(missing)
        if not part:
            raise OSError("closed")
        rest += part
        missing -= len(part)
    return int(first.split(" ", 2)[1]), got_headers, rest


def request(s, head, token, body=b""):
    headers = ["Authorization: Bearer " + token] + (["Content-Type: application/json"] if body else [])
    return exchange(s, head, headers, body)[0]


def many(n, threads, work):
    """n times work(thread, i): the rate a second."""
    left = iter(range(n))
    lock = threading.Lock()

    def loop(k):
        while True:
            with lock:
                i = next(left, None)
            if i is None:
                return
            work(k, i)
    all_of_them = [threading.Thread(target=loop, args=(k,)) for k in range(threads)]
    start = time.perf_counter()
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()
    return n / (time.perf_counter() - start)
