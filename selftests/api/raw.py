# SPDX-License-Identifier: GPL-2.0-only
"""raw.py PORT TOKEN: bytes as no proper client sends them, each over a TLS connection of its own.
Prints TAP points without numbers."""
import re
import socket
import ssl
import sys

PORT, TOKEN = int(sys.argv[1]), sys.argv[2]
AUTH = "Authorization: Bearer %s\r\n" % TOKEN
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE
GET = "GET /v1/status HTTP/1.1\r\nHost: x\r\n" + AUTH
POST = "POST /v1/peers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + AUTH
BODY = '{"pubkey":"x"}'
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
SMUGGLED = "GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def exchange(data, pieces=None, want=1, open_after=False):
    """Statuses of all answers until the server closes. It has 10 s for that or for as many answers as
    are wanted; a connection that is to stay open gets a moment more, for answers that are too many."""
    s = tls.wrap_socket(socket.create_connection(("127.0.0.1", PORT), 10))
    raw = data.encode("latin-1")
    try:
        for piece in (pieces or [raw]):
            s.sendall(piece)
    except OSError:
        pass
    got, closed = b"", False
    while True:
        s.settimeout(0.3 if open_after and len(STATUS.findall(got)) >= want else 10)
        try:
            part = s.recv(65536)
        except (TimeoutError, socket.timeout):
            break
        except OSError:
            part = b""
        if not part:
            closed = True
            break
        got += part
    s.close()
    return [int(x) for x in STATUS.findall(got)], closed, got


def case(name, data, statuses, closed=None, pieces=None):
    got, was_closed, text = exchange(data, pieces, len(statuses), closed is not True)
    good = got == statuses and closed in (None, was_closed) and b"smuggled" not in text
    print("%s - %s" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        print("# got %s, closed %s; wanted %s, closed %s" % (got, was_closed, statuses, closed))


# --- what is right ---
case("two requests in one packet: two answers, in order", GET + "\r\n" + GET.replace("status", "nothing") + "\r\n", [200, 404], False)
case("fifty requests in one packet", (GET + "\r\n") * 50, [200] * 50, False)
case("a request byte by byte", "", [200], False, [bytes([b]) for b in (GET + "\r\n").encode()])
case("Connection: close", GET + "Connection: close\r\n\r\n" + GET + "\r\n", [200], True)
case("an empty line before a request (RFC 9112 section 2.2)", "\r\n" + GET + "\r\n", [200], False)
case("chunks", POST + "Transfer-Encoding: chunked\r\n\r\n7\r\n" + BODY[:7] + "\r\n7\r\n" + BODY[7:] + "\r\n0\r\n\r\n", [400], False)
case("Expect with the body already there: no 100 (RFC 9110 section 10.1.1)", POST + "Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY), [400], False)
case("HTTP/1.0 ends the connection", GET.replace("1.1", "1.0") + "\r\n", [200], True)
case("an absolute target (RFC 9112 section 3.2.2)", GET.replace("/v1", "https://x/v1") + "\r\n", [200])

s = tls.wrap_socket(socket.create_connection(("127.0.0.1", PORT), 10))
s.sendall((POST + "Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)).encode())
s.settimeout(10)
first = s.recv(1000)
s.sendall(BODY.encode())
second = s.recv(1000)
print("%s - Expect: 100-continue, then the body" % (
    "ok" if first.startswith(b"HTTP/1.1 100 ") and second.startswith(b"HTTP/1.1 400 ") else "not ok"))
s.close()

# --- smuggling: one of the two lengths is wrong, so nothing of what follows may be a request ---
n = len(BODY)
for name, head in (
        ("Content-Length and Transfer-Encoding", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        ("Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        ("two Content-Lengths", "Content-Length: %d\r\nContent-Length: 0\r\n" % n),
        ("the same Content-Length twice", "Content-Length: %d\r\nContent-Length: %d\r\n" % (n, n)),
        ("a list of Content-Lengths", "Content-Length: %d, %d\r\n" % (n, n)),
        ("Content-Length with a plus", "Content-Length: +%d\r\n" % n),
        ("Content-Length with a sign", "Content-Length: -1\r\n"),
        ("Content-Length in hexadecimal", "Content-Length: 0x4\r\n"),
        ("Content-Length beyond 64 bits", "Content-Length: 99999999999999999999999\r\n"),
        ("an empty Content-Length", "Content-Length:\r\n"),
        ("a space before the colon", "Content-Length : %d\r\n" % n),
        ("a folded header", "Content-Length:\r\n %d\r\n" % n),
        ("chunked is not the last coding", "Transfer-Encoding: chunked, gzip\r\n"),
        ("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("a coding with a tab", "Transfer-Encoding: \x0bchunked\r\n"),
        ("a coding in quotes", "Transfer-Encoding: \"chunked\"\r\n"),
        ("a NUL in a header", "X-A: a\0b\r\nContent-Length: %d\r\n" % n),
        ("a bare CR in a header", "X-A: a\rContent-Length: 0\r\n"),
        ("a header without a colon", "Content-Length\r\n"),
        ("a header without a name", ": x\r\n"),
        # Of the lists of those who look for it: one end sees a coding where the other sees none.
        ("Content-Length twice in another case", "Content-Length: %d\r\ncontent-length: 4\r\n" % n),
        ("Content-Length with a comma behind", "Content-Length: %d,\r\n" % n),
        ("Content-Length of two words", "Content-Length: 1 4\r\n"),
        ("Content-Length with an exponent", "Content-Length: 1e1\r\n"),
        ("Content-Length with a vertical tab", "Content-Length: \x0b%d\r\n" % n),
        ("Content-Length with a NUL behind", "Content-Length: %d\0\r\n" % n),
        ("a coding that is none", "Transfer-Encoding: xchunked\r\n"),
        ("a coding and a word", "Transfer-Encoding: chunked cow\r\n"),
        ("a coding and another header of it", "Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n"),
        ("identity", "Transfer-Encoding: identity\r\nContent-Length: %d\r\n" % n),
        ("identity, then chunked", "Transfer-Encoding: identity, chunked\r\n"),
        ("chunked behind an empty header of it", "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"),
        ("chunked with a parameter", "Transfer-Encoding: chunked;q=1\r\n"),
        ("a coding with a space before the colon", "Transfer-Encoding : chunked\r\n"),
        ("a coding with a tab before the colon", "Transfer-Encoding\t: chunked\r\n"),
        ("a coding whose name ends in a line end", "Transfer-Encoding\r\n : chunked\r\n"),
        ("a coding that is folded", "Transfer-Encoding:\r\n chunked\r\n"),
        ("a coding behind a space", " Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        ("a coding behind a bare LF", "X-A: a\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        ("a coding behind a bare CR", "X-A: a\rTransfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        ("a coding with a NUL in its name", "Transfer-\0Encoding: chunked\r\n"),
        ("a coding with a byte above ASCII in its name", "Transfer-Encoding\xa0: chunked\r\n"),
        ("a coding with a byte above ASCII", "Transfer-Encoding: chunked\xa0\r\n"),
        ("lines that end in a bare LF", "Content-Length: %d\n" % n),
        ("a name in brackets", "X(a): b\r\nContent-Length: %d\r\n" % n),
        ("DEL in a header", "X-A: a\x7fb\r\nContent-Length: %d\r\n" % n)):
    got, closed, text = exchange(POST + head + "\r\n" + BODY + SMUGGLED)
    # One answer, an error, and the end; never one for what was smuggled.
    good = len(got) == 1 and 400 <= got[0] <= 501 and closed
    print("%s - %s: refused, and the connection ends" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        print("# got %s, closed %s: %r" % (got, closed, text[:300]))
for name, chunks in (
        ("a chunk's size with a sign", "+e\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk's size beyond 64 bits", "10000000000000000e\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk longer than its size", "3\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk without its end", "e\r\n%sXX0\r\n\r\n" % BODY),
        ("a chunk's size that is none", "zz\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk's size in C's hexadecimal", "0xe\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk's size behind a space", " e\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk's size with a line end that is a bare LF", "e\n%s\r\n0\r\n\r\n" % BODY),
        ("a chunk's size with a line end that is a bare CR", "e\r%s\r\n0\r\n\r\n" % BODY),
        ("a chunk that ends in a bare LF", "e\r\n%s\n0\r\n\r\n" % BODY),
        ("a bare LF in a chunk's extension", "e;a\nb\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a NUL in a chunk's extension", "e;a\0b\r\n%s\r\n0\r\n\r\n" % BODY),
        ("a last chunk that ends in a bare LF", "e\r\n%s\r\n0\n\n" % BODY),
        ("Content-Length in a trailer", "e\r\n%s\r\n0\r\nContent-Length: 4\r\n\r\n" % BODY),
        ("Transfer-Encoding in a trailer", "e\r\n%s\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n" % BODY),
        ("a trailer without a colon", "e\r\n%s\r\n0\r\nGET / HTTP/1.1\r\n\r\n" % BODY)):
    got, closed, text = exchange(POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks + SMUGGLED)
    good = got == [400] and closed
    print("%s - %s: refused, and the connection ends" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        print("# got %s, closed %s: %r" % (got, closed, text[:300]))

# --- what looks like it, and is right ---
CHUNKS = "7\r\n" + BODY[:7] + "\r\n7\r\n" + BODY[7:] + "\r\n"
case("a coding in another case", POST + "TRANSFER-ENCODING: Chunked\r\n\r\n" + CHUNKS + "0\r\n\r\n" + GET + "\r\n", [400, 200], False)
case("a tab behind the colon (RFC 9112 section 5)", POST + "Content-Length:\t%d\r\n\r\n%s" % (n, BODY) + GET + "\r\n", [400, 200], False)
case("chunk extensions are passed over (RFC 9112 section 7.1.1)", POST + "Transfer-Encoding: chunked\r\n\r\ne;a=b;c=\"d\"\r\n" + BODY + "\r\n0;x\r\n\r\n" + GET + "\r\n", [400, 200], False)
case("trailers change nothing (RFC 9110 section 6.5.1)", POST + "Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + "0\r\nX-A: b\r\nAuthorization: Bearer x\r\n\r\n" + GET + "\r\n", [400, 200], False)
case("two spaces before the target (RFC 9112 section 3 lets them pass)", GET.replace("GET ", "GET  ") + "\r\n", [200], False)
case("a GET with a body: it is read", GET + "Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED + GET + "\r\n", [200, 200], False)
case("a request that is refused ends what follows it", GET + "Host: y\r\n\r\n" + SMUGGLED, [400], True)
case("h2c is not spoken (RFC 9113 section 3.1): no 101", GET + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n" + GET + "\r\n", [200, 200], False)
case("nor WebSocket", GET + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n" + GET + "\r\n", [200, 200], False)
case("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505], True)
case("HTTP/1.0 with keep-alive: as it asks", GET.replace("1.1", "1.0") + "Connection: keep-alive\r\n\r\n" + GET + "\r\n", [200, 200], False)
case("HTTP/1.0 has no chunks (RFC 9112 section 6.1)", POST.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + "0\r\n\r\n" + SMUGGLED, [400], True)

# --- what is wrong in itself ---
for name, line in (
        ("a method in small letters", "get /v1/status HTTP/1.1"),  ("a tab for a space", "GET\t/v1/status HTTP/1.1"), ("a space behind", "GET /v1/status HTTP/1.1 "),
        ("a space in the target", "GET /v1/sta tus HTTP/1.1"), ("a space before", " GET /v1/status HTTP/1.1"),
        ("a target without a slash", "GET v1/status HTTP/1.1"), ("a NUL in the target", "GET /v1/\0status HTTP/1.1"),
        ("a bare CR in the target", "GET /v1/\rstatus HTTP/1.1"), ("DEL in the target", "GET /v1/\x7fstatus HTTP/1.1"),
        ("a byte above ASCII in the target", "GET /v1/\xe9 HTTP/1.1"), ("HTTP in small letters", "GET /v1/status http/1.1"),
        ("another protocol", "GET /v1/status ICE/1.1"), ("HTTP/1.10", "GET /v1/status HTTP/1.10"),
        ("HTTP/01.1", "GET /v1/status HTTP/01.1"), ("HTTP/1.1 twice", "GET /v1/status HTTP/1.1 HTTP/1.1")):
    got, closed, text = exchange(line + "\r\nHost: x\r\n" + AUTH + "\r\n" + SMUGGLED)
    good = len(got) == 1 and 400 <= got[0] <= 505 and closed
    print("%s - %s: refused, and the connection ends" % ("ok" if good else "not ok", name), flush=True)
    if not good:
        print("# got %s, closed %s: %r" % (got, closed, text[:300]))
case("Host with a user in it", GET.replace("Host: x", "Host: a@x") + "\r\n", [400], True)
case("a slash in Host", GET.replace("Host: x", "Host: x/v1") + "\r\n", [400], True)
case("Host of two words", GET.replace("Host: x", "Host: a b") + "\r\n", [400], True)
case("a fragment in the target", GET.replace("/v1/status", "/v1/status#a") + "\r\n", [400], True)
case("a target of its own for OPTIONS (RFC 9110 section 9.3.7): no such path", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", [404])
case("no Host (RFC 9112 section 3.2)", "GET /v1/status HTTP/1.1\r\n" + AUTH + "\r\n", [400], True)
case("two Hosts", GET + "Host: y\r\n\r\n", [400], True)
case("HTTP/2.0 in words", GET.replace("1.1", "2.0") + "\r\n", [505], True)
case("HTTP/0.9", "GET /v1/status\r\n\r\n", [505], True)
case("a method that is none", GET.replace("GET", "G@T") + "\r\n", [400], True)
case("CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", [501], True)
case("60 headers", GET + "".join("X-%d: a\r\n" % i for i in range(60)) + "\r\n", [431], True)
case("bytes of another protocol", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 20, [400], True)
case("a target with a fragment of CRLF", GET.replace("/v1/status", "/v1/status%0d%0aX:y") + "\r\n", [404])
case("others are served", GET + "\r\n", [200])
