# SPDX-License-Identifier: Apache-2.0
"""A plain HTTP client of the standard library, for requests to an emulator."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure_imds_facts.emulator import Emulator

NEWEST = "2025-04-07"
StartEmulator = Callable[..., Emulator]


@dataclass
class Response:
    """A response: status, headers (case-insensitive), body."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def send_request(
    url: str,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10,
) -> Response:
    """Send one request, with `Metadata: true` unless other headers are given."""
    connection = http.client.HTTPConnection(url.split("//")[1], timeout=timeout)
    try:
        sent = {"Metadata": "true"} if headers is None else headers
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


def get_instance(url: str, path: str = "", *, version: str = NEWEST, query: str = "") -> Response:
    """Request a part of /metadata/instance."""
    return send_request(url, f"/metadata/instance{path}?api-version={version}{query}")
