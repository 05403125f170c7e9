# SPDX-License-Identifier: Apache-2.0
"""HTTP in front of a service: reads requests, writes answers, keeps a record."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable

from aiohttp import web

from .answer import Answer
from .asked import Asked, Record
from .errors import EmulatorError
from .service import Service

__all__ = ["SERVER", "Server", "bind_socket", "spell_url"]

# Builds seen: 797 in 2022, 1103 in 2024, 1854 in 2026 (recorded).
SERVER = "IMDS/150.870.65.1854"
_BODY_LIMIT = 64 * 1024

Log = Callable[[str], None]
Keep = Callable[[Record], None]


def bind_socket(bind: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Raises:
        EmulatorError: the port is in use, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((bind, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise EmulatorError(
            f"port {port} on {bind}: {reason}; allowed: another --port, or 0 for a free one"
        ) from error
    return listener


def spell_url(listener: socket.socket) -> str:
    """Return the URL of a listening socket, without a path."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server:
    """Serves a service on one listening socket. `log` gets a line a request, `keep` the request itself."""

    def __init__(self, service: Service, *, log: Log | None = None, keep: Keep | None = None) -> None:
        self._service = service
        self._log = log
        self._keep = keep
        self._runner: web.ServerRunner | None = None

    async def start(self, listener: socket.socket) -> None:
        """Begin to serve; returns once connections are taken."""
        server = web.Server(self._handle)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        began = time.monotonic()
        asked = await _read(request)
        answer = self._service.answer(asked)
        self._note(asked, answer.status, time.monotonic() - began)
        return _write(answer)

    def _note(self, asked: Asked, status: int, seconds: float) -> None:
        if self._keep is not None:
            self._keep(Record(asked.method, asked.path, dict(asked.pairs), asked.headers, status))
        if self._log is not None:
            target = f"{asked.path}?{asked.query}" if asked.query else asked.path
            self._log(f"{asked.method} {target} {status or 'cut'} {seconds * 1000:.1f}ms")


async def _read(request: web.BaseRequest) -> Asked:
    path, _, query = request.raw_path.partition("?")
    if "://" in path:  # a proxy was asked to fetch us: the absolute form of a request
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    body = await request.content.read(_BODY_LIMIT) if request.can_read_body else b""
    return Asked(request.method, path, query, request.headers, body)


def _write(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, "Server": SERVER, "x-ms-request-id": str(uuid.uuid4())}
    headers.update(answer.headers)
    return web.Response(status=answer.status, body=answer.body, headers=headers)
