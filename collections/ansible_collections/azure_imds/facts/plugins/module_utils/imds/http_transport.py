# SPDX-License-Identifier: Apache-2.0
"""The transport on the standard library's HTTP client, which knows neither proxies nor redirects."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from .document import MAX_BODY
from .transport import Response, TransportError, describe_failure, open_socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import clock


class HttpTransport:
    """One connection a request: a collection makes one request, and a kept connection would be one more state."""

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: clock.Deadline, *, body: bytes | None = None
    ) -> Response:
        """GET a URL, or POST where there is a body. Raises TransportError where no whole answer came in time."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        try:
            opened = connection.sock = open_socket(parts.hostname or "", parts.port or 80, deadline)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request("GET" if body is None else "POST", target, body, dict(headers))
            local_address = opened.getsockname()[0]
            with connection.getresponse() as answer:
                opened.check_head(answer.msg)
                return Response(
                    status=answer.status,
                    headers={name.lower(): value for name, value in answer.getheaders()},
                    body=_read_body(answer),
                    local_address=local_address,
                )
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: what http.client lets through from a chunk or a header that is no number.
            raise TransportError(describe_failure(error)) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Nothing is kept open."""


def _read_body(answer: http.client.HTTPResponse) -> bytes:
    body = answer.read(MAX_BODY + 1)
    if len(body) <= MAX_BODY and answer.length:
        # read() with a size does not say so itself when the connection closed early.
        raise http.client.IncompleteRead(body, answer.length)
    return body
