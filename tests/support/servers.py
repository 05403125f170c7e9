# SPDX-License-Identifier: Apache-2.0
"""Servers on loopback that say exactly what a test wants, at the speed that it wants."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Callable

Behaviour = Callable[[socket.socket], None]


class RawServer:
    """Hand each connection to `behaviour`; keep what clients sent that it read with `read_request`."""

    def __init__(self, behaviour: Callable[[RawServer, socket.socket], None]) -> None:
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.peers: list[str] = []
        self.connections = 0
        self.ended = threading.Event()

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._listener.close()

    def read_request(self, connection: socket.socket) -> bool:
        """Read one request's head; return whether there was one."""
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(4096)
            if not received:
                return False
            head += received
        self.requests.append(head)
        return True

    def drip(self, connection: socket.socket, content: bytes, *, every_s: float = 0.05) -> None:
        """Send one byte after the other until the test ends."""
        for index in range(len(content)):
            connection.sendall(content[index : index + 1])
            if self.ended.wait(every_s):
                return

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.peers.append(peer[0])
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # The client may go away.
        with connection, contextlib.suppress(OSError):
            self._behaviour(self, connection)


def reset(connection: socket.socket) -> None:
    """End a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def sending(content: bytes, *, delay_s: float = 0.0) -> Callable[[RawServer, socket.socket], None]:
    """Return a behaviour: read a request, wait, send these bytes, close."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        if server.read_request(connection):
            time.sleep(delay_s)
            connection.sendall(content)

    return behave


def answering(body: bytes, *, delay_s: float = 0.0, head: bytes = b"") -> Callable[[RawServer, socket.socket], None]:
    """Return a behaviour: answer each request on a connection with 200 and this body."""

    def behave(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            time.sleep(delay_s)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(body), head) + body)

    return behave


@contextlib.contextmanager
def refused_port() -> Iterator[int]:
    """Yield a port that refuses connections: bound, so that no other program is given it, and not listening.

    A server can be given it meanwhile: both set SO_REUSEADDR.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
