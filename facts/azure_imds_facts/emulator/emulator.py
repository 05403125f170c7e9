# SPDX-License-Identifier: Apache-2.0
"""An emulator that serves in a thread of a Python program, typically a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .assembly import Assembly, assemble
from .endpoints.proxy_agent import parse_agent_plan
from .errors import EmulatorError
from .http.listener import format_url, open_listener
from .servers import BackgroundServer
from .settings.arguments import build_settings
from .vm.event_plans import build_event_plan, schedule_event

if TYPE_CHECKING:
    from types import TracebackType

    from .http.request import RequestRecord
    from .vm.identities import Identity

__all__ = ["Emulator"]

_MAX_RECORDS = 10_000


class Emulator:
    """An IMDS on a free loopback port, from `start()` or `with` until `close()`.

    Keyword arguments are the fields of `Settings`, with differences for tests: `vm` is one name or several, `fault`
    one script, `scenario` a file whose values the other arguments override. There is no rate limit by default. All
    methods are thread-safe.

    Raises:
        EmulatorError: a setting is invalid.
    """

    def __init__(self, **settings: Any) -> None:
        self._assembly: Assembly = assemble(build_settings(settings))
        self._requests: list[RequestRecord] = []
        self._server = BackgroundServer(self._assembly, on_request=self._record)
        self._url = ""

    @property
    def url(self) -> str:
        """The base URL, `http://127.0.0.1:PORT`; empty before `start()`."""
        return self._url

    @property
    def requests(self) -> list[RequestRecord]:
        """The latest 10,000 requests, oldest first. The list may be cleared."""
        return self._requests

    @property
    def document(self) -> Any:
        """A copy of the complete document."""
        return self._assembly.machine.document

    def tag(self, name: str, value: str) -> None:
        """Add or change a tag."""
        self._assembly.machine.tag(name, value)

    def untag(self, name: str) -> None:
        """Remove a tag, if present."""
        self._assembly.machine.untag(name)

    def resize(self, size: str) -> None:
        """Change `compute.vmSize`."""
        self._assembly.machine.resize(size)

    def set(self, path: str, value: object) -> None:
        """Set a field of the document, for instance `network.interface[0].macAddress`."""
        self._assembly.machine.set(path, value)

    def fault(self, script: str, *, path: str = "/") -> None:
        """Start a fault script for the next requests, or for those below a path; `""` ends it."""
        self._assembly.faults.set(script, path=path)

    def throttle(self, rate_limit: float, *, retry_after: float | None = None) -> None:
        """Set the limit of requests a second, 0 for no limit; `retry_after` is in seconds."""
        self._assembly.limits.change(rate_limit=rate_limit, retry_after=retry_after)

    def proxy_agent(self, plan: str) -> None:
        """Change the mode and state of the metadata proxy agent, in the form of `--proxy-agent`."""
        if self._assembly.agent is None:
            raise EmulatorError("this emulator was started without a proxy agent")
        self._assembly.agent.change(parse_agent_plan(plan))

    def event(self, kind: str, **options: object) -> str:
        """Schedule an event and return its id. The options are those of `--event`; durations are seconds or text."""
        plan = build_event_plan(kind, options)
        return schedule_event(self._assembly.schedule, plan, machine_name=self._assembly.machine.name)

    def cancel_event(self, event_id: str) -> None:
        """Cancel an event."""
        self._assembly.schedule.cancel(event_id)

    @property
    def identities(self) -> tuple[Identity, ...]:
        """The machine's managed identities with their ids."""
        return self._assembly.identities

    def export_keys(self, directory: str | Path) -> list[Path]:
        """Write the public keys and certificates, to verify signatures with; return the files."""
        return self._assembly.authority.write_public_keys(Path(directory))

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
