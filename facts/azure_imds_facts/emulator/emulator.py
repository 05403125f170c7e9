# SPDX-License-Identifier: Apache-2.0
"""An emulator that serves in a thread of a Python program, a test above all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .assembly import Assembly, assemble
from .background import Background
from .http.listener import bind_socket, spell_url
from .settings.scenario import read_scenario
from .settings.table import Settings
from .vm.event_plans import add_event, parse_event, plan_event

if TYPE_CHECKING:
    from types import TracebackType

    from .http.request import Record
    from .vm.identities import Identity

__all__ = ["Emulator"]

_MOST_RECORDS = 10_000
_SEQUENCES = ("changes", "tags", "versions", "identities", "faults")


class Emulator:
    """An IMDS on a free port of the loopback, from `start()` or `with` until `close()`.

    Keyword arguments are the fields of `Settings`, with some differences that suit tests: `vm` takes one name
    or several, `fault` one script, `scenario` a file that the other arguments are laid over, and there is no
    rate limit unless one is asked for. All methods may be called from any thread.

    Raises:
        EmulatorError: a setting cannot be followed.
    """

    def __init__(self, **settings: Any) -> None:
        self._assembly: Assembly = assemble(_read_settings(settings))
        self._requests: list[Record] = []
        self._background = Background(self._assembly, keep=self._keep)
        self._url = ""

    @property
    def url(self) -> str:
        """Where it serves: `http://127.0.0.1:PORT`, without a path; empty before `start()`."""
        return self._url

    @property
    def requests(self) -> list[Record]:
        """The requests that were answered, oldest first, the latest 10,000 of them; `clear()` it as you like."""
        return self._requests

    @property
    def document(self) -> Any:
        """A copy of the complete document."""
        return self._assembly.machine.document

    def tag(self, name: str, value: str) -> None:
        """Add or change a tag."""
        self._assembly.machine.tag(name, value)

    def untag(self, name: str) -> None:
        """Remove a tag, if it is there."""
        self._assembly.machine.untag(name)

    def resize(self, size: str) -> None:
        """Change `compute.vmSize`."""
        self._assembly.machine.resize(size)

    def set(self, path: str, value: object) -> None:
        """Set a field of the document, for instance `network.interface[0].macAddress`."""
        self._assembly.machine.set(path, value)

    def fault(self, script: str, *, path: str = "/") -> None:
        """Let the next requests, or those below a path, fail as a script says; `""` ends it."""
        self._assembly.faults.set(script, path=path)

    def throttle(self, rate_limit: float, *, retry_after: float | None = None) -> None:
        """Allow so many requests a second from now on, 0 for any number; `retry_after` in seconds."""
        self._assembly.limits.change(rate=rate_limit, retry_after_s=retry_after)

    def event(self, kind: str, **options: object) -> str:
        """Announce a scheduled event and return its id; options as in `--event`: after, notice, lasts,
        duration, resources, source, description. Durations are seconds or text such as `2m`.
        """
        assembly = self._assembly
        return add_event(assembly.events, plan_event(kind, options), machine=assembly.machine_name)

    def cancel_event(self, event_id: str) -> None:
        """Take an event back."""
        self._assembly.events.cancel(event_id)

    @property
    def identities(self) -> tuple[Identity, ...]:
        """The machine's managed identities with their ids."""
        return self._assembly.identities

    def export_keys(self, directory: str | Path) -> list[Path]:
        """Write the public halves of the keys, for a client that verifies signatures; return the files."""
        return self._assembly.authority.export(Path(directory))

    def start(self) -> Emulator:
        """Serve; returns once requests are taken."""
        settings = self._assembly.settings
        listener = bind_socket(settings.bind, settings.port)
        self._url = spell_url(listener)
        self._background.start(listener)
        return self

    def close(self) -> None:
        """End every connection and free the port; a second call does nothing."""
        self._background.close()

    def __enter__(self) -> Emulator:  # noqa: PYI034 - Self is not in Python 3.9's typing
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _keep(self, record: Record) -> None:
        self._requests.append(record)
        if len(self._requests) > _MOST_RECORDS:
            del self._requests[:-_MOST_RECORDS]


def _read_settings(arguments: dict[str, Any]) -> Settings:
    scenario = arguments.pop("scenario", None)
    fields: dict[str, Any] = {"rate_limit": 0}
    if scenario is not None:
        fields.update(read_scenario(str(scenario)))
    vm, fault = arguments.pop("vm", None), arguments.pop("fault", "")
    if vm is not None:
        fields["vms"] = (vm,) if isinstance(vm, str) else tuple(vm)
    if fault:
        fields["faults"] = (("/", fault),)
    if "events" in arguments:
        given = arguments.pop("events")
        fields["events"] = tuple(parse_event(plan) if isinstance(plan, str) else plan for plan in given)
    for name, value in arguments.items():
        fields[name] = tuple(value) if isinstance(value, list) and name in _SEQUENCES else value
    return Settings(**fields)
