# SPDX-License-Identifier: Apache-2.0
"""Deliver an answer over a connection, whole or as a fault has it."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
import uuid
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from azure_imds_facts.emulator.quantities import parse_duration

from .response import JSON, TEXT, Answer, error

if TYPE_CHECKING:
    from .faults import Fault
    from .request import Asked

__all__ = ["SERVER", "deliver", "fault_answer", "is_cut", "make_partial"]

# Builds seen: 797 in 2022, 1103 in 2024, 1854 in 2026 (recorded).
SERVER = "IMDS/150.870.65.1854"
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Guest network</body></html>"
# Texts of the swagger examples (documented); those of 408 and 410 are assumed.
_MESSAGES = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    405: "Not allowed",
    408: "Request timeout",
    410: "Gone",
    500: "Server error",
    503: "Service unavailable",
}
_CUTS = {"hang", "reset", "close"}


def is_cut(fault: Fault | None) -> bool:
    """Tell whether a fault keeps the whole answer from arriving."""
    return fault is not None and fault.kind in _CUTS | {"truncate"}


def fault_answer(fault: Fault) -> Answer | None:
    """Return what a fault answers in place of IMDS; None where IMDS's own answer is needed."""
    if fault.kind == "status":
        return _status_answer(fault)
    if fault.kind == "html":
        return Answer(body=_HTML, content_type="text/html; charset=utf-8")
    if fault.kind == "redirect":
        return Answer(status=302, content_type=TEXT, headers={"Location": fault.value})
    if fault.kind == "garbage":
        return Answer(body=bytes(range(0x80, 0x100)) * 4, content_type=JSON)
    if fault.kind == "huge":
        padding = "x" * max(0, int(fault.value) - len('{"compute":{"padding":""}}'))
        return Answer(body=json.dumps({"compute": {"padding": padding}}, separators=(",", ":")).encode())
    return Answer() if fault.kind in _CUTS else None


def _status_answer(fault: Fault) -> Answer:
    headers = {}
    if "retry-after" in fault.options:
        headers["Retry-After"] = fault.options["retry-after"]
    if "retry-after-date" in fault.options:
        moment = time.time() + parse_duration(fault.options["retry-after-date"])
        headers["Retry-After"] = formatdate(moment, usegmt=True)
    if fault.status == 429:
        return Answer(status=429, body=b"Too many requests", content_type=TEXT, headers=headers)
    try:
        message = _MESSAGES.get(fault.status) or HTTPStatus(fault.status).phrase
    except ValueError:
        message = str(fault.status)
    return replace(error(fault.status, message), headers=headers)


def make_partial(asked: Asked, answer: Answer) -> Answer:
    """Leave `network` out of a document, as IMDS may where a back end fails; `extended=true` gets 500 (recorded)."""
    steps = asked.steps
    if steps[:2] != ("metadata", "instance") or answer.status != 200:
        return answer
    if (asked.get("extended") or "").lower() == "true":
        return error(500, "Server error")
    if steps[2:3] == ("network",):
        return error(404, "Not found")
    if len(steps) > 2 or answer.content_type != JSON:
        return answer
    document = json.loads(answer.body)
    document.pop("network", None)
    return replace(answer, body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


async def deliver(request: web.BaseRequest, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    """Send an answer; a fault that cuts or stretches it writes to the connection itself and ends it."""
    kind = fault.kind if fault is not None else "ok"
    transport = request.transport
    if fault is None or transport is None or kind not in _CUTS | {"truncate", "drip"}:
        return web.Response(status=answer.status, body=answer.body, headers=_headers(answer))
    if kind == "hang":
        await asyncio.Event().wait()  # until the client goes, or the emulator does
    if kind == "reset":
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if kind == "truncate":
        transport.write(_head(answer) + answer.body[: len(answer.body) // 2])
    if kind == "drip":
        await _drip(transport, _head(answer) + answer.body, parse_duration(fault.value))
    transport.close()
    return web.Response()


async def _drip(transport: asyncio.Transport, message: bytes, pause_s: float) -> None:
    """Send byte after byte, headers too, so that no single read ever waits long."""
    for index in range(len(message)):
        if transport.is_closing():
            return
        transport.write(message[index : index + 1])
        await asyncio.sleep(pause_s)


def _headers(answer: Answer) -> dict[str, str]:
    """The headers that every answer has (recorded), and its own."""
    common = {"Content-Type": answer.content_type, "Server": SERVER, "x-ms-request-id": str(uuid.uuid4())}
    return {**common, **answer.headers}


def _head(answer: Answer) -> bytes:
    fields = {**_headers(answer), "Content-Length": str(len(answer.body)), "Date": formatdate(usegmt=True)}
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode()
