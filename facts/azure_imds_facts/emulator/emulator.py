# SPDX-License-Identifier: Apache-2.0
"""An emulator that serves in a thread of a Python program, typically a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .assembly import assemble
from .emulated_vm import EmulatedVm
from .http.listener import format_url, open_listener
from .servers import BackgroundServer, VmSite
from .settings.arguments import build_settings

if TYPE_CHECKING:
    from types import TracebackType

    from .http.request import RequestRecord

__all__ = ["Emulator"]

_MAX_RECORDS = 10_000


class Emulator(EmulatedVm):
    """An IMDS on a free loopback port, which serves from `start()` or `with` until `close()`.

    Keyword arguments are the keys of a scenario file, and take the same values: mappings, lists, the text of flags,
    and times as seconds or text. `fault` is short for `faults`. `scenario` is a file whose values the other arguments
    override. By default there is no rate limit. All methods are thread-safe.

    Example: `Emulator(vm="spot", tags={"env": "test"}, events=["Preempt:notice=30s"], retry_after="2s")`.

    Raises:
        EmulatorError: an argument is unknown, or a value invalid.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(assemble(build_settings(settings)))
        self._requests: list[RequestRecord] = []
        self._server = BackgroundServer(VmSite(self._assembly), on_request=self._record)
        self._url = ""

    @property
    def url(self) -> str:
        """The base URL, `http://127.0.0.1:PORT`; empty before `start()`."""
        return self._url

    @property
    def requests(self) -> list[RequestRecord]:
        """The latest 10,000 requests, oldest first. The list may be cleared."""
        return self._requests

    def start(self) -> Emulator:
        """Start serving; return when the server is ready."""
        settings = self._assembly.settings
        listener = open_listener(settings.bind, settings.port)
        self._url = format_url(listener)
        self._assembly.authority.serve_at(self._url)
        self._server.start(listener)
        return self

    def close(self) -> None:
        """Close every connection and free the port. A second call does nothing."""
        self._server.close()

    def __enter__(self) -> Emulator:  # noqa: PYI034 - Self is not in Python 3.9's typing
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _record(self, record: RequestRecord) -> None:
        self._requests.append(record)
        if len(self._requests) > _MAX_RECORDS:
            del self._requests[:-_MAX_RECORDS]
