# SPDX-License-Identifier: Apache-2.0
"""HTTP responses, and the envelope that most errors of IMDS share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "JSON",
    "TEXT",
    "XML",
    "HttpError",
    "Response",
    "error_response",
    "identity_error_response",
    "json_response",
    "text_response",
]

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
XML = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Response:
    """A response. `headers` are added to those of every response; `delay_s` is the time to wait before sending.

    `is_bare`: not IMDS sends it, so it has none of the headers of IMDS, and the connection is closed after it.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0
    is_bare: bool = False


class HttpError(Exception):
    """Ends the processing of a request with an error response."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def json_response(value: object, *, status: int = 200) -> Response:
    """Build a response of compact JSON, keys in their own order. A lone surrogate stays an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return Response(status=status, body=text.encode())
    except UnicodeEncodeError:
        return Response(status=status, body=json.dumps(value, separators=(",", ":")).encode())


def text_response(text: str, *, status: int = 200) -> Response:
    """Build a response of plain text, without a final newline."""
    return Response(status=status, body=text.encode("utf-8", "surrogatepass"), content_type=TEXT)


def error_response(status: int, message: str) -> Response:
    """Build `{"error":…}`, the envelope of most errors (recorded)."""
    return json_response({"error": message}, status=status)


def identity_error_response(code: str, description: str, *, status: int = 400) -> Response:
    """Build `{"error":…,"error_description":…}`, the envelope of errors below /metadata/identity (recorded)."""
    return json_response({"error": code, "error_description": description}, status=status)
