# SPDX-License-Identifier: Apache-2.0
"""What a server does wrong, as functions for `tests.support.servers.RawServer`."""

from __future__ import annotations

import json
import os
import socket
import zlib
from collections.abc import Callable
from typing import Any

from tests.support.servers import RawServer, reset, sending

Behaviour = Callable[[RawServer, socket.socket], None]

# Stands in every body and header that is not meant for people; it must not be met in any message.
SECRET = "fire-s3cret-marker"
VM_ID = "5c08b38e-4d57-4c23-ac45-aca61037f084"
OTHER_VM_ID = "0aa0aa0a-4d57-4c23-ac45-aca61037f084"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


def document(**sections: Any) -> dict[str, Any]:
    """Return a small whole document with secrets in it; `sections` replace its own, None included."""
    compute = {"vmId": VM_ID, "vmSize": "Standard_D2s_v3", "userData": SECRET, "customData": SECRET}
    return {"compute": compute, "network": {"interface": []}, **sections}


GOOD = json.dumps(document()).encode()


def raw(content: bytes) -> Behaviour:
    """Send these bytes and close."""
    return sending(content)


def answer(status: int = 200, body: bytes | None = None, **headers: str) -> Behaviour:
    """Send a well-formed answer; without a body one that holds an error for people and a secret for nobody."""
    content = json.dumps({"error": "It went wrong.", "userData": SECRET}).encode() if body is None else body
    lines = [f"HTTP/1.1 {status} Some", f"X-Note: {SECRET}", "Connection: close", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return sending("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)


def says(value: object) -> Behaviour:
    """Answer 200 with a JSON value."""
    return answer(200, json.dumps(value).encode())


def redirect(status: int) -> Behaviour:
    """Send a client to the server that nobody may ask."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        answer(status, Location=os.environ["http_proxy"] + "/metadata/instance")(server, connection)

    return behave


def drip(head: bytes, slow: bytes, *, every_s: float) -> Behaviour:
    """Send a head at once and the rest a byte at a time."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        if server.read_request(connection):
            connection.sendall(head)
            server.drip(connection, slow, every_s=every_s)

    return behave


def flood(head: bytes, endless: bytes) -> Behaviour:
    """Send without end."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        if server.read_request(connection):
            connection.sendall(head)
            while not server.ended.is_set():
                connection.sendall(endless)

    return behave


def silent(server: RawServer, connection: socket.socket) -> None:
    """Read the request and say nothing."""
    server.read_request(connection)
    server.ended.wait(60)


def reset_at_once(server: RawServer, connection: socket.socket) -> None:
    """Break the connection before the request was read."""
    reset(connection)


def reset_before(server: RawServer, connection: socket.socket) -> None:
    """Break the connection before the answer."""
    server.read_request(connection)
    reset(connection)


def reset_inside(server: RawServer, connection: socket.socket) -> None:
    """Break the connection inside the body."""
    if server.read_request(connection):
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD[:20])
        server.ended.wait(0.03)
        reset(connection)


def gzip_bomb() -> bytes:
    """Return 64 MiB of blanks in some 64 KiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * 1024 * 1024) for _ in range(64)) + packer.flush()


def nested(levels: int) -> bytes:
    """Return a document of so many levels."""
    return b'{"compute":{"a":' + b"[" * (levels - 2) + b"]" * (levels - 2) + b"}}"


def padded(size: int) -> bytes:
    """Return a document of so many bytes."""
    return b'{"compute":{"a":"' + b"x" * (size - 20) + b'"}}'
