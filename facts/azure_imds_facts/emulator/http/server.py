# SPDX-License-Identifier: Apache-2.0
"""HTTP in front of an emulator: reads requests, has them answered, keeps a record."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from azure_imds_facts.emulator.control.server import Control

from .delivery import deliver, fault_answer, is_cut, make_partial
from .request import Asked, Record
from .response import Answer

if TYPE_CHECKING:
    import socket

    from azure_imds_facts.emulator.assembly import Assembly

    from .faults import Fault

__all__ = ["Server"]

_BODY_LIMIT = 64 * 1024
_PASSED_OVER = 16 * 1024 * 1024

Log = Callable[[str], None]
Keep = Callable[[Record], None]


class Server:
    """Serves an assembly on one listening socket. `log` gets a line a request, `keep` the request itself."""

    def __init__(self, assembly: Assembly, *, log: Log | None = None, keep: Keep | None = None) -> None:
        self._assembly = assembly
        self._log = log
        self._keep = keep
        self._runner: web.ServerRunner | None = None
        self._control: Control | None = None

    async def start(self, listener: socket.socket) -> None:
        """Begin to serve; returns once connections are taken.

        Raises:
            EmulatorError: the control socket cannot be made.
        """
        if self._assembly.settings.control:
            self._control = Control(self._assembly)
            await self._control.start()
        server = web.Server(self._handle, handler_cancellation=True, logger=_make_logger(self._log))
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._control is not None:
            await self._control.stop()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        began = time.monotonic()
        asked = await _read(request)
        # Kept on arrival, so that a test sees a request that is left hanging; the status follows.
        record = Record(asked.method, asked.path, dict(asked.pairs), asked.headers)
        if self._keep is not None:
            self._keep(record)
        try:
            return await self._exchange(request, asked, record)
        finally:
            if self._log is not None:
                self._log(_spell(asked, record.status, time.monotonic() - began))

    async def _exchange(self, request: web.BaseRequest, asked: Asked, record: Record) -> web.StreamResponse:
        fault = self._assembly.faults.take(asked)
        with self._assembly.limits.admit(asked) as refusal:
            answer = self._answer(asked, fault, refusal)
            await asyncio.sleep(answer.delay_s + (fault.after_s if fault is not None else 0))
            response = await deliver(request, answer, fault)
        record.status = 0 if is_cut(fault) else answer.status
        return response

    def _answer(self, asked: Asked, fault: Fault | None, refusal: Answer | None) -> Answer:
        """Answer; a fault comes before the limits, for whoever scripts one wants to see it."""
        made_up = None if fault is None else fault_answer(fault)
        if made_up is not None or refusal is not None:
            return made_up or refusal or Answer()
        answer = self._assembly.service.answer(asked)
        return make_partial(asked, answer) if fault is not None and fault.kind == "partial" else answer


class _Reporter(logging.Handler):
    """Tells in one line of requests that the HTTP library refused by itself; anything else is a fault of ours."""

    def __init__(self, log: Log | None) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the first line of what was wrong with the request, or hand the record to Python's last resort."""
        problem = record.exc_info[1] if record.exc_info else None
        if not isinstance(problem, HttpProcessingError):
            logging.getLogger("azure_imds_facts.emulator").handle(record)
        elif self._log is not None:
            self._log(f"bad request {problem.code}: {problem.message.splitlines()[0]}")


def _make_logger(log: Log | None) -> logging.Logger:
    """Make a logger that nobody else sees: bad requests to a test's server do not belong into the program's log."""
    logger = logging.Logger("azure_imds_facts.emulator")  # noqa: LOG001 - each server has its own
    logger.addHandler(_Reporter(log))
    return logger


def _spell(asked: Asked, status: int, seconds: float) -> str:
    target = f"{asked.path}?{asked.query}" if asked.query else asked.path
    return f"{asked.method} {target} {status or 'cut'} {seconds * 1000:.1f}ms"


async def _read(request: web.BaseRequest) -> Asked:
    path, _, query = request.raw_path.partition("?")
    if "://" in path:  # a proxy was asked to fetch us: the absolute form of a request
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    body = await _read_body(request) if request.can_read_body else b""
    return Asked(request.method, path, query, request.headers, body)


async def _read_body(request: web.BaseRequest) -> bytes:
    """Keep the beginning of a body and pass over the rest, so that the connection can be kept; up to a point."""
    body, passed = b"", 0
    while passed < _PASSED_OVER and (chunk := await request.content.readany()):
        body += chunk[: _BODY_LIMIT - len(body)]
        passed += len(chunk)
    return body
