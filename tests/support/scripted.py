# SPDX-License-Identifier: Apache-2.0
"""A transport whose answers are written down beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.transport import Response, TransportError

Step = Any  # Response, an exception to raise, or a callable (url) -> either of them


def reply(status: int, body: object = b"", **headers: str) -> Response:
    """Return an answer; what is not bytes becomes JSON, and `retry_after` becomes `retry-after`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=content, local_address="10.1.0.4")


class ScriptedTransport:
    """Answer with one step after the other, the last one for ever, and keep what was asked."""

    def __init__(self, *steps: Step, on_fetch: Callable[[], None] = lambda: None) -> None:
        self.steps = list(steps)
        self.on_fetch = on_fetch
        self.urls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.methods: list[str] = []
        self.bodies: list[bytes] = []
        self.opened = 0
        self.closed = 0

    def open(self) -> ScriptedTransport:
        """Count and return this transport."""
        self.opened += 1
        return self

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Take the next step."""
        assert deadline.remaining > 0, "asked after the deadline"
        self.urls.append(url)
        self.headers.append(dict(headers))
        self.methods.append(method)
        self.bodies.append(body)
        self.on_fetch()
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if callable(step) and not isinstance(step, type):
            step = step(url)
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, Response)
        return step

    def close(self) -> None:
        """Count the closing."""
        self.closed += 1

    @property
    def versions(self) -> list[str]:
        """The api-versions asked for, `versions` for the page that lists them."""
        return [url.partition("?api-version=")[2] or url.rpartition("/")[2] for url in self.urls]


def refused() -> TransportError:
    """Return the error of a port where nobody listens."""
    return TransportError("connection refused")


def server_of(
    known: tuple[str, ...], document: object, *, wrong: Step, listed: Step | None = None
) -> Callable[[str], Step]:
    """Return a step that knows some api-versions, answers `wrong` to others, and lists `listed` (None: 404)."""

    def answer(url: str) -> Step:
        path, _, version = url.partition("?api-version=")
        if path.endswith("/metadata/versions"):
            return reply(404) if listed is None else listed
        return reply(200, document) if version in known else wrong

    return answer
