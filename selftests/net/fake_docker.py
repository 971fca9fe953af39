#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""fake_docker.py SOCKET DIR: the Engine API as far as the agent uses it.

Containers are the files DIR/ID.json (what inspect says). Each line that is written into the pipe
DIR/events goes out as an event. While there is a file DIR/ID.hang, an inspection takes until it
goes, and then breaks off inside its answer.
"""
import json
import os
import socket
import sys
import threading
import time

path, folder = sys.argv[1:]
streams = []


def send(conn, obj, code=200):
    body = json.dumps(obj).encode()
    conn.sendall(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (code, len(body)) + body)


def running():
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                c = json.load(f)
            if c["State"]["Running"]:
                yield {"Id": c["Id"]}


def answer(conn, target):
    if target == "/version":
        send(conn, {"ApiVersion": "1.51", "MinAPIVersion": "1.24"})
    elif "/events" in target:
        conn.sendall(b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n")
        streams.append(conn)
    elif "/containers/json" in target:
        send(conn, list(running()))
    else:
        name = os.path.join(folder, target.split("/")[-2] + ".json")
        hang = name.replace(".json", ".hang")
        if os.path.exists(hang):
            os.rename(hang, hang + "s")
            while os.path.exists(hang + "s"):
                time.sleep(0.02)
            conn.sendall(b"HTTP/1.1 200 x\r\n")
            conn.shutdown(socket.SHUT_RDWR)
            return
        if os.path.exists(name):
            with open(name, encoding="utf-8") as f:
                send(conn, json.load(f))
        else:
            send(conn, {"message": "no such container"}, 404)


def serve(conn):
    with conn.makefile("rb") as lines:
        while line := lines.readline():
            while lines.readline().strip():
                pass
            answer(conn, line.split()[1].decode())


def events():
    while True:
        with open(os.path.join(folder, "events"), "rb") as pipe:
            for line in pipe:
                for conn in list(streams):
                    try:
                        conn.sendall(b"%x\r\n" % len(line) + line + b"\r\n")
                    except OSError:
                        streams.remove(conn)


threading.Thread(target=events, daemon=True).start()
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(8)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
