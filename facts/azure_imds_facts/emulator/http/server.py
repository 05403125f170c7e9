# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: receives requests, applies faults and limits, and sends the responses of IMDS."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from .delivery import build_fault_response, drop_network, interrupts_response, send_response
from .hosts import HostPolicy
from .request import Request, RequestRecord
from .response import Response
from .service import Address, Service

if TYPE_CHECKING:
    import socket

    from .faults import Fault

__all__ = ["HttpServer"]

_BODY_LIMIT = 64 * 1024
_DISCARD_LIMIT = 16 * 1024 * 1024

Log = Callable[[str], None]


class HttpServer:
    """Serves responses on listening sockets, through the metadata proxy agent where there is one.

    `find_service` returns what stands behind the address at which a connection ended. `log` receives one line a
    request. `on_request` receives the record of each request when it arrives; its status is set later.
    """

    def __init__(
        self,
        find_service: Callable[[Address], Service],
        *,
        hosts: HostPolicy,
        log: Log | None = None,
        on_request: Callable[[RequestRecord], None] | None = None,
    ) -> None:
        self._find_service = find_service
        self._hosts = hosts
        self._log = log
        self._on_request = on_request
        self._runner: web.ServerRunner | None = None

    async def start(self, *listeners: socket.socket) -> None:
        """Accept connections on listening sockets."""
        server = web.Server(self._handle, handler_cancellation=True, logger=_build_logger(self._log))
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        for listener in listeners:
            self._hosts.add_address(listener.getsockname()[0])
            await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close the sockets and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, received: web.BaseRequest) -> web.StreamResponse:
        started_at = time.monotonic()
        address = _find_address(received)
        service = self._find_service(address)
        request = await _receive(received)
        # Recorded on arrival, so that a test sees a request that never gets a response.
        record = RequestRecord(request.method, request.path, dict(request.parameters), request.headers, vm=service.vm)
        if self._on_request is not None:
            self._on_request(record)
        try:
            refusal = self._hosts.check(_find_host(received))
            if refusal is not None:
                record.status = refusal.status
                return await send_response(received, refusal, None)
            return await _exchange(received, request, record, service=service, address=address)
        finally:
            if self._log is not None:
                self._log(_format_log_line(request, record, time.monotonic() - started_at))


async def _exchange(
    received: web.BaseRequest, request: Request, record: RequestRecord, *, service: Service, address: Address
) -> web.StreamResponse:
    agent = service.agent
    own = None if agent is None else agent.intercept(request, address=address)
    if own is not None:
        record.status = own.status
        return await send_response(received, own, None)
    fault = service.faults.advance(request)
    with service.limits.admit(request) as rejection:
        response = _choose_response(service, request, fault, rejection)
        if agent is not None:
            response = agent.forward(response, address=address)
        await asyncio.sleep(response.delay_s + (fault.delay_s if fault is not None else 0))
        sent = await send_response(received, response, fault)
    record.status = 0 if interrupts_response(fault) else response.status
    return sent


def _choose_response(service: Service, request: Request, fault: Fault | None, rejection: Response | None) -> Response:
    """Return the response. A fault takes precedence over the limits, so that a script is always followed."""
    replacement = None if fault is None else build_fault_response(fault, identity=request.is_identity)
    if replacement is not None or rejection is not None:
        return replacement or rejection or Response()
    response = service.respond(request)
    return drop_network(request, response) if fault is not None and fault.kind == "partial" else response


class _BadRequestHandler(logging.Handler):
    """Reports requests that the HTTP library rejects in one line each, and passes every other record on."""

    def __init__(self, log: Log | None) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the first line of the problem, or hand the record to the logger of the program."""
        problem = record.exc_info[1] if record.exc_info else None
        if not isinstance(problem, HttpProcessingError):
            logging.getLogger("azure_imds_facts.emulator").handle(record)
        elif self._log is not None:
            self._log(f"bad request {problem.code}: {problem.message.splitlines()[0]}")


def _build_logger(log: Log | None) -> logging.Logger:
    """Build a separate logger: bad requests to a test's server do not belong in the log of the program."""
    logger = logging.Logger("azure_imds_facts.emulator")  # noqa: LOG001 - each server has its own
    logger.addHandler(_BadRequestHandler(log))
    return logger


def _format_log_line(request: Request, record: RequestRecord, seconds: float) -> str:
    target = f"{request.path}?{request.query}" if request.query else request.path
    line = f"{request.method} {target} {record.status or 'cut'} {seconds * 1000:.1f}ms"
    return f"{record.vm} {line}" if record.vm else line


def _find_address(received: web.BaseRequest) -> Address:
    """Return the address at which a connection ended."""
    name = received.transport.get_extra_info("sockname") if received.transport is not None else None
    return (str(name[0]), int(name[1])) if name else ("", 0)


def _find_host(received: web.BaseRequest) -> str:
    """Return the host that a request names. What the absolute form says counts, not the header (RFC 9112)."""
    path = received.raw_path.partition("?")[0]
    if "://" in path:
        return path.split("://", 1)[1].partition("/")[0]
    return received.headers.get("Host", "")


async def _receive(received: web.BaseRequest) -> Request:
    path, _, query = received.raw_path.partition("?")
    if "://" in path:  # the absolute form, as clients send it to a proxy
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    body = await _receive_body(received) if received.can_read_body else b""
    return Request(received.method, path, query, received.headers, body)


async def _receive_body(received: web.BaseRequest) -> bytes:
    """Return the beginning of a body and discard the rest, up to a limit, so that the connection can be reused."""
    body, received_bytes = b"", 0
    while received_bytes < _DISCARD_LIMIT and (chunk := await received.content.readany()):
        body += chunk[: _BODY_LIMIT - len(body)]
        received_bytes += len(chunk)
    return body
