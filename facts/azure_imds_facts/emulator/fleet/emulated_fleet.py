# SPDX-License-Identifier: Apache-2.0
"""A fleet that serves in a thread of a Python program, typically a test."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.servers import BackgroundServer
from azure_imds_facts.emulator.settings.arguments import build_settings

from .changes import change_vms
from .fleet import Fleet
from .folder import FleetFolder
from .inventories import build_inventory, build_minion_settings, build_roster
from .listeners import BY_ADDRESS
from .reading import build_groups, read_groups
from .selection import select

if TYPE_CHECKING:
    from types import TracebackType

    from azure_imds_facts.emulator.http.request import RequestRecord

    from .vm import FleetVm

__all__ = ["EmulatedFleet"]

_MAX_RECORDS = 100_000


class EmulatedFleet:
    """Many VMs, which are served from `start()` or `with` until `close()`.

    Each of `groups` is a number of VMs, a mapping with the keys of a group in a file, or the name of a file. `by` is
    what each VM has for itself: an `address` or a `port`. The other arguments are those of `Emulator`, and apply to
    all VMs. All methods are thread-safe.

    Example: `EmulatedFleet(20, {"count": 5, "vm": "spot", "name": "spot-{n}"}, by="port", tags={"env": "test"})`.

    Raises:
        EmulatorError: a group or an argument is invalid.
    """

    def __init__(self, *groups: int | str | Mapping[str, Any], by: str = BY_ADDRESS, **settings: Any) -> None:
        files = [str(each) for each in groups if not isinstance(each, (int, Mapping))]
        plain = [each for each in groups if isinstance(each, (int, Mapping))]
        parsed = [*(group for file in files for group in read_groups(file)), *build_groups(plain)]
        if files:
            settings.setdefault("scenario", files[0])
        self._fleet = Fleet(build_settings(settings, is_fleet=bool(files)), parsed, by=by)
        self._requests: deque[RequestRecord] = deque(maxlen=_MAX_RECORDS)
        self._server = BackgroundServer(self._fleet, on_request=self._requests.append)
        self._folder = FleetFolder()

    @property
    def vms(self) -> dict[str, FleetVm]:
        """The VMs by name. Each has `name`, `url`, and what changes an `Emulator`, such as `tag()` and `fault()`."""
        return self._fleet.vms

    @property
    def requests(self) -> deque[RequestRecord]:
        """The latest 100,000 requests of all VMs, oldest first; `vm` of each names the VM. May be cleared."""
        return self._requests

    def __getitem__(self, name: str) -> FleetVm:
        return self._fleet.vms[name]

    def __len__(self) -> int:
        return len(self._fleet.vms)

    def select(self, vm: str | list[str] = "*", *, where: Mapping[str, str] | None = None) -> list[FleetVm]:
        """Return the VMs that match both arguments.

        `vm` is a name, a pattern such as `web-*`, or a list of them. `where` maps fields such as `compute.zone`, and
        `tags.NAME`, to patterns of their values.

        Example: `select("web-*", where={"tags.env": "prod"})`.
        """
        return select(self._fleet.vms.values(), vm=vm, where=where)

    def change(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Apply changes in the form of the control socket, `{"vm": "web-*", "tag": {"env": "prod"}}`."""
        return change_vms(self._fleet.vms.values(), changes)

    def inventory(self) -> dict[str, Any]:
        """Return an Ansible inventory of the VMs. Written as JSON it is valid YAML."""
        return build_inventory(self._fleet.vms.values(), self._folder)

    def roster(self) -> dict[str, Any]:
        """Return a roster of salt-ssh."""
        return build_roster(self._fleet.vms.values(), self._folder)

    def minions(self) -> dict[str, dict[str, Any]]:
        """Return the settings of a Salt minion on each VM, by the VM's name."""
        return build_minion_settings(self._fleet.vms.values(), self._folder)

    def start(self) -> EmulatedFleet:
        """Start serving; return when the server is ready."""
        self._server.start(*self._fleet.open_listeners())
        return self

    def close(self) -> None:
        """Close every connection, free the ports, and remove the VMs' caches. A second call does nothing."""
        self._server.close()
        self._folder.remove()

    def __enter__(self) -> EmulatedFleet:  # noqa: PYI034 - Self is not in Python 3.9's typing
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
