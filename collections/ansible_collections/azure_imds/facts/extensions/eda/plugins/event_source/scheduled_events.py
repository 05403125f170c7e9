# SPDX-License-Identifier: Apache-2.0
"""Event-Driven Ansible source: scheduled events, the maintenance that Azure has planned for this virtual machine."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTATION = r"""
---
short_description: Scheduled events of an Azure virtual machine
description:
  - Asks the Instance Metadata Service (IMDS) of the virtual machine that the rulebook runs on once a second. Each
    change in the list of scheduled events is one event.
  - An event has the keys C(change) (V(scheduled), V(updated), V(started), V(completed) or V(cancelled)), C(reminder),
    C(event_id), C(event_type), C(event_status), C(resource_type), C(resources), C(not_before), C(seconds_left),
    C(description), C(event_source), C(duration_in_seconds) and C(concerns_others).
  - It sends events of all types, a Freeze of seconds too. Choose among them with the rulebook's conditions.
  - It continues through outages of IMDS, and ends only for wrong options and off Azure. After a restart it sends
    planned events again.
  - The first request for a machine switches scheduled events on, which can take two minutes.
options:
  endpoint:
    description: The URL of IMDS. C(http://) with an IP address or C(localhost), and perhaps a port.
    type: str
    default: http://169.254.169.254
  interval:
    description: Seconds from one request to the next, at least 1.
    type: float
    default: 1
  vm_name:
    description: Send only events of this machine. By default the name that IMDS gives this machine.
    type: str
  all:
    description: Send events of every machine that IMDS lists, those of the same scale set or availability set.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for one request.
    type: float
    default: 30
  detect:
    description:
      - V(auto) asks IMDS only if DMI or other signs say that this is an Azure virtual machine, V(skip) at once.
      - Defaults to the environment's E(AZURE_IMDS_DETECT), else V(auto); with another O(endpoint) V(skip).
    type: str
"""

EXAMPLES = r"""
- azure_imds.facts.scheduled_events:

# With an emulator, for instance.
- azure_imds.facts.scheduled_events:
    endpoint: http://127.0.0.1:8080
    vm_name: web1
"""

_CORE = Path(__file__).resolve().parents[4] / "plugins" / "module_utils" / "imds"
_PACKAGE = "azure_imds_facts_core_of_eda"
_OPTIONS = ("endpoint", "interval", "vm_name", "all", "timeout", "detect")
# Once a second it would fill a log.
_AGAIN_S = 5.0


def _import_core(name: str) -> Any:
    """Import a module of the core, which is in this collection, from wherever ansible-rulebook found it."""
    if _PACKAGE not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, _CORE / "__init__.py", submodule_search_locations=[str(_CORE)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"there is no core of azure_imds.facts in {_CORE}")
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_PACKAGE])
    return importlib.import_module(f"{_PACKAGE}.{name}")


def _read_arguments(args: dict[str, Any]) -> dict[str, Any]:
    """Return the options with their defaults. Raises ValueError or TypeError that says what is wrong."""
    unknown = sorted(set(args).difference(_OPTIONS))
    if unknown:
        raise ValueError(f"scheduled_events knows no {', '.join(unknown)}; it knows {', '.join(_OPTIONS)}")
    read = {"endpoint": None, "interval": 1.0, "vm_name": None, "all": False, "timeout": 30.0, "detect": None, **args}
    for name, least in (("interval", 1.0), ("timeout", 0.1)):
        try:
            read[name] = float(read[name])
        except (TypeError, ValueError):
            raise ValueError(f"scheduled_events: {name} has to be a number of seconds, not {read[name]!r}") from None
        if not least <= read[name] < 86400:
            raise ValueError(f"scheduled_events: {name} has to be {least} at the least, not {read[name]}")
    if not isinstance(read["all"], bool):
        raise TypeError(f"scheduled_events: all has to be true or false, not {read['all']!r}")
    if read["vm_name"] is not None and (not isinstance(read["vm_name"], str) or not read["vm_name"]):
        raise TypeError(f"scheduled_events: vm_name has to be a name, not {read['vm_name']!r}")
    return read


class _ErrorStream:
    """A reporter that prints to standard error, which ansible-rulebook passes on."""

    def warn(self, message: str) -> None:
        """Print a warning, where there is still somebody to read it."""
        with contextlib.suppress(OSError, ValueError):
            print(f"scheduled_events: {message}", file=sys.stderr, flush=True)

    def notice(self, message: str) -> None:
        """Print a first or a changed failure of a watch, and its end."""
        self.warn(message)

    def attempt(self, message: str) -> None:
        """Drop a message about one request."""


def _open_watch(options: dict[str, Any]) -> Any:
    """Return a watch. Raises the ImdsError of the outcome, where the machine's name cannot be had for instance."""
    http = _import_core("transport")
    explicit = {name: options[name] for name in ("endpoint", "timeout", "detect")}
    settings = _import_core("settings").build_settings(explicit, os.environ)
    watch = _import_core("events.watch")
    _import_core("vm_only").require_azure(settings, _import_core("host").choose_host())
    name = options["vm_name"]
    if name is None and not options["all"]:
        reporter = _import_core("reporter").Reporter()
        name = watch.fetch_vm_name(settings, open_transport=http.HttpTransport, reporter=reporter)
    clock = _import_core("clock").Clock()
    client = _import_core("events.client").EventClient(
        settings.endpoint, http.HttpTransport, timeout_s=options["timeout"], clock=clock
    )
    return watch.Watch(
        client,
        vm_name=None if options["all"] else name,
        clock=clock,
        interval_s=options["interval"],
        reporter=_ErrorStream(),
    )


async def _persist(step: Callable[[], Any], *, pause_s: float, end: str) -> Any:
    """Return what `step` returns, called in a thread until it does. A failure is printed once as long as it lasts, and
    its `end`.

    Nothing but wrong usage or another platform ends it, for ansible-rulebook ends with its sources.
    """
    errors, reported = _import_core("errors"), ""
    while True:
        try:
            result = await asyncio.to_thread(step)
        except (errors.UsageError, errors.NotAzureError):
            raise
        except Exception as error:  # noqa: BLE001  said above
            outcome = getattr(error, "outcome", type(error).__name__)
            if outcome != reported:
                reported = outcome
                _ErrorStream().warn(f"{str(error) or outcome} Trying again.")
            await asyncio.sleep(pause_s)
        else:
            if reported:
                _ErrorStream().notice(end)
            return result


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Put an event on the queue for each change, until cancelled. It continues while IMDS cannot be reached.

    A queue that is full holds it up, so that no more than one answer's changes are in memory.
    """
    options = _read_arguments(args)
    open_watch, pause_s = functools.partial(_open_watch, options), max(options["interval"], _AGAIN_S)
    watch = await _persist(open_watch, pause_s=pause_s, end="IMDS answers; watching begins.")
    while True:
        for change in await _persist(watch.poll, pause_s=options["interval"], end="It works again."):
            await queue.put(watch.spell(change))
        await asyncio.sleep(watch.wait_s)


if __name__ == "__main__":

    class _Printing:
        """A queue that prints, to try the source without ansible-rulebook: python scheduled_events.py [ENDPOINT]."""

        async def put(self, event: dict[str, Any]) -> None:
            """Print an event."""
            print(event, flush=True)

    asyncio.run(main(_Printing(), {"endpoint": sys.argv[1]} if sys.argv[1:] else {}))  # type: ignore[arg-type]
