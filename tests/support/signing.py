# SPDX-License-Identifier: Apache-2.0
"""A server that signs documents as Azure's IMDS does, now and for the nonce that it is asked with."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Callable

from tests.support.attested import LEAF, VM_ID, Certificate, Document, build_content
from tests.support.servers import RawServer

Change = Callable[[Document], Document]


@functools.lru_cache
def make_chain() -> tuple[Certificate, Certificate, Certificate]:
    """Return root, intermediate and leaf that are valid now."""
    now = dt.datetime.now(dt.timezone.utc)
    span: dict[str, Any] = {"begins": now - dt.timedelta(days=2), "ends": now + dt.timedelta(days=100)}
    root = Certificate("Live Root", **span)
    intermediate = Certificate("Live CA", root, **span)
    return root, intermediate, replace(LEAF, issuer=intermediate, **span)


def trusted_pem() -> bytes:
    """Return the certificates to trust for these documents."""
    root, intermediate, _leaf = make_chain()
    return root.pem + intermediate.pem


@contextmanager
def signing(*, vm_id: str = VM_ID, age_s: float = 0, change: Change = lambda document: document) -> Iterator[RawServer]:
    """Run such a server; `change` makes a document a wrong one."""

    def answer(server: RawServer, connection: socket.socket) -> None:
        if not server.read_request(connection):
            return
        nonce = re.search(rb"nonce=([0-9A-Za-z]+)", server.requests[-1])
        created = dt.datetime.now(dt.timezone.utc) - dt.timedelta(seconds=age_s)
        content = build_content(created, vmId=vm_id, nonce=nonce[1].decode() if nonce else "20260728-192400")
        body = json.dumps(change(Document(content, signer=make_chain()[2])).answer).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    with RawServer(answer) as server:
        yield server
