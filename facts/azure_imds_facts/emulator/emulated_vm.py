# SPDX-License-Identifier: Apache-2.0
"""An emulated VM as a Python program changes it while it serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .control.changes import change_machine
from .endpoints.proxy_agent import parse_agent_plan
from .errors import EmulatorError
from .vm.event_plans import build_event_plan, schedule_event, split_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .assembly import Assembly
    from .vm.identities import Identity

__all__ = ["EmulatedVm"]


class EmulatedVm:
    """A machine that something serves. All methods are thread-safe, and raise EmulatorError for an invalid change."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

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

    def fault(self, script: str | Mapping[str, str], *, path: str = "/") -> None:
        """Start a fault script for the next requests; `""` ends it.

        Give a path to fail only the requests below it: as an argument, in the form of `--fault`, or as a mapping from
        paths to scripts.

        Example: `fault("429*2,500")`, `fault("503*forever", path="/metadata/instance")`,
        `fault({"/metadata/versions": "410"})`.
        """
        change_machine(self._assembly, {"fault": script if path == "/" else {path: script}})

    def throttle(self, rate_limit: float, *, retry_after: float | str | None = None) -> None:
        """Set the number of requests that are allowed in a second; 0 turns all limits off.

        `retry_after` is the header of a 429: seconds, or text such as `"2s"`. Without it there is no such header.

        Example: `throttle(1, retry_after="2s")`.
        """
        change_machine(self._assembly, {"throttle": {"rate_limit": rate_limit, "retry_after": retry_after}})

    def proxy_agent(self, plan: str) -> None:
        """Change the mode and state of the metadata proxy agent, in the form of `--proxy-agent`."""
        if self._assembly.agent is None:
            raise EmulatorError("this emulator was started without a proxy agent")
        self._assembly.agent.change(parse_agent_plan(plan))

    def event(self, kind: str, **options: object) -> str:
        """Schedule an event and return its id.

        `kind` is the type of the event, or the form of `--event`. The options are those of `--event`. Times are
        seconds, or text such as `"10m"`.

        Example: `event("Preempt", notice="30s")`, or `event("Preempt:notice=30s")`.
        """
        name, given = split_event(kind)
        plan = build_event_plan(name, {**given, **options})
        return schedule_event(self._assembly.schedule, plan, machine_name=self._assembly.machine.name)

    def cancel_event(self, event_id: str) -> None:
        """Cancel the event with an id that `event()` returned."""
        self._assembly.schedule.cancel(event_id)

    @property
    def identities(self) -> tuple[Identity, ...]:
        """The managed identities of the machine, each with its ids."""
        return self._assembly.identities

    def export_keys(self, directory: str | Path) -> list[Path]:
        """Write the public keys and certificates that verify signatures to a directory; return the files."""
        return self._assembly.authority.write_public_keys(Path(directory))
