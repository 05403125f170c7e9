# SPDX-License-Identifier: Apache-2.0
"""Responses on the wire, intact or changed by a fault."""

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

from .response import JSON, TEXT, Response, error_response
from .statuses import build_status_response

if TYPE_CHECKING:
    from .faults import Fault
    from .request import Request

__all__ = ["SERVER_HEADER", "build_fault_response", "drop_network", "interrupts_response", "send_response"]

# Builds seen: 797 in 2022, 1103 in 2024, 1854 in 2026 (recorded).
SERVER_HEADER = "IMDS/150.870.65.1854"
_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Guest network</body></html>"
# The client receives nothing at all.
_SILENT_KINDS = {"hang", "reset", "close"}


def interrupts_response(fault: Fault | None) -> bool:
    """Return whether a fault prevents the complete response from arriving."""
    return fault is not None and fault.kind in _SILENT_KINDS | {"truncate"}


def build_fault_response(fault: Fault, *, identity: bool) -> Response | None:
    """Return the response that replaces that of IMDS; None if the fault needs the response of IMDS.

    `identity`: the request is for a path below /metadata/identity.
    """
    if fault.kind == "status":
        return replace(build_status_response(fault.status, identity=identity), headers=_build_retry_after(fault))
    if fault.kind == "html":
        return Response(body=_HTML, content_type="text/html; charset=utf-8")
    if fault.kind == "redirect":
        return Response(status=302, content_type=TEXT, headers={"Location": fault.value})
    if fault.kind == "garbage":
        return Response(body=bytes(range(0x80, 0x100)) * 4, content_type=JSON)
    if fault.kind == "huge":
        padding = "x" * max(0, int(fault.value) - len('{"compute":{"padding":""}}'))
        return Response(body=_encode_json({"compute": {"padding": padding}}))
    return Response() if fault.kind in _SILENT_KINDS else None


def _build_retry_after(fault: Fault) -> dict[str, str]:
    if "retry-after" in fault.options:
        return {"Retry-After": fault.options["retry-after"]}
    if "retry-after-date" in fault.options:
        retry_at = time.time() + parse_duration(fault.options["retry-after-date"])
        return {"Retry-After": formatdate(retry_at, usegmt=True)}
    return {}


def drop_network(request: Request, response: Response) -> Response:
    """Remove `network` from a document, as IMDS may do if a back end fails; `extended=true` gets 500 (recorded)."""
    segments = request.segments
    if segments[:2] != ("metadata", "instance") or response.status != 200:
        return response
    if (request.parameter("extended") or "").lower() == "true":
        return error_response(500, "Server error")
    if segments[2:3] == ("network",):
        return error_response(404, "Not found")
    if len(segments) > 2 or response.content_type != JSON:
        return response
    document = json.loads(response.body)
    document.pop("network", None)
    return replace(response, body=_encode_json(document))


def _encode_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


async def send_response(received: web.BaseRequest, response: Response, fault: Fault | None) -> web.StreamResponse:
    """Send a response. A fault that truncates or slows it writes to the connection itself and closes it."""
    kind = fault.kind if fault is not None else "ok"
    transport = received.transport
    if response.is_bare and transport is not None:
        transport.write(_encode_head(response) + response.body)
        transport.close()
        return web.Response()
    if fault is None or transport is None or kind not in _SILENT_KINDS | {"truncate", "drip"}:
        return web.Response(status=response.status, body=response.body, headers=_build_headers(response))
    if kind == "hang":
        await asyncio.Event().wait()  # until the client disconnects or the emulator stops
    if kind == "reset":
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if kind == "truncate":
        transport.write(_encode_head(response) + response.body[: len(response.body) // 2])
    if kind == "drip":
        await _drip(transport, _encode_head(response) + response.body, parse_duration(fault.value))
    transport.close()
    return web.Response()


async def _drip(transport: asyncio.Transport, message: bytes, pause_s: float) -> None:
    """Send byte by byte, headers included, so that no single read of the client times out."""
    for index in range(len(message)):
        if transport.is_closing():
            return
        transport.write(message[index : index + 1])
        await asyncio.sleep(pause_s)


def _build_headers(response: Response) -> dict[str, str]:
    """Return the headers of every response (recorded), and those of this one."""
    if response.is_bare:
        return {**({"Content-Type": response.content_type} if response.content_type else {}), **response.headers}
    common = {"Content-Type": response.content_type, "Server": SERVER_HEADER, "x-ms-request-id": str(uuid.uuid4())}
    return {**common, **response.headers}


def _encode_head(response: Response) -> bytes:
    fields = {
        **_build_headers(response),
        "Content-Length": str(len(response.body)),
        "Date": formatdate(usegmt=True),
    }
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode()
