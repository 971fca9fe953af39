# SPDX-License-Identifier: GPL-2.0-only
"""A client of the relay's API over kept connections, for what curl is too slow for."""
import re
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


def request(s, head, token, body=b""):
    """The answer's status; the body is read and thrown away."""
    s.sendall((head + "\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n" % (token, len(body))
               + ("Content-Type: application/json\r\n" if body else "") + "\r\n").encode() + body)
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        if not got:
            raise OSError("closed")
        data += got
    length = int(re.search(rb"content-length: (\d+)", data, re.I).group(1))
    missing = length - (len(data) - data.index(b"\r\n\r\n") - 4)
    while missing > 0:
        missing -= len(s.recv(missing))
    return int(data.split(b" ", 2)[1])


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
