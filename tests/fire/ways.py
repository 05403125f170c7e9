# SPDX-License-Identifier: Apache-2.0
"""The adapters' entry functions, each called as its tool calls it, over a transport of choice. For processes of their own:
modules of the project are patched here for good.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from azure_imds_facts.commands import collection, local_facts
from azure_imds_facts.core import collector, grain_collector, transport
from azure_imds_facts.core import local_facts as core_local_facts
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.host import ARC_ENDPOINT, Host
from azure_imds_facts.core.settings import DEFAULT_ENDPOINT, build_settings
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.core.transport import HttpTransport

from tests.support.reporters import ListReporter
from tests.support.stopwatch import Stopwatch

WAYS = ("module", "writer", "salt")
TRANSPORTS = ("standard", "requests")
FILE = "azure_imds.fact"
OLD_SNAPSHOT = {"source": "imds", "boot_id": "old", "fetched_at": "old"}
OLD_FACTS = {"available": True, "snapshot": OLD_SNAPSHOT}


@dataclass
class Ended:
    """How one collection ended: `elapsed_s` inside the collection, `counted_s` the same by a stopwatch, `told` every message."""

    outcome: str = ""
    elapsed_s: float = 0.0
    counted_s: float = 0.0
    told: list[str] = field(default_factory=list)
    crash: str = ""
    kept: str = ""


_NOW = threading.local()
_AZURE, _ARC = ("169.254.169.254", 80), ("127.0.0.1", 40342)


def stand_on(host: Host | None) -> None:
    """Let this thread's collections run on another machine, or with None on the one that `prepare` was given."""
    _NOW.host = host


class _Collected(logging.Handler):
    """Keep what Salt's side logs, for the thread that logs it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; one with a traceback is a crash."""
        ended: Ended = _NOW.ended
        ended.told.append(record.getMessage())
        if record.exc_info:
            ended.crash = logging.Formatter().format(record)


def prepare(way: str, chosen: str, host: Host) -> Callable[..., None]:
    """Return what runs one collection `(ended, folder, settings)`; everything it does is over this transport."""
    open_transport: Any = HttpTransport
    if chosen == "requests":
        from azure_imds_facts.requests_transport import RequestsTransport  # noqa: PLC0415  not where the standard one is chosen

        open_transport = RequestsTransport

    really_collect: Any = grain_collector.collect_for_grain if way == "salt" else collector.collect

    def collect(*arguments: Any, **options: Any) -> Any:
        started, watch = time.monotonic(), Stopwatch()
        try:
            machine = getattr(_NOW, "host", None) or host
            return really_collect(*arguments, **{**options, "open_transport": open_transport, "host": machine})
        finally:
            _NOW.ended.elapsed_s = time.monotonic() - started
            _NOW.ended.counted_s = watch.seconds

    if way == "salt":
        return _prepare_salt(collect)
    _replace(core_local_facts, "collect", collect)
    _replace(local_facts, "ErrorStreamReporter", lambda **_: _NOW.reporter)
    run = {"module": _run_module, "writer": _run_writer}[way]

    def run_it(ended: Ended, folder: str, settings: dict[str, Any]) -> None:
        _NOW.ended, _NOW.reporter = ended, ListReporter()
        try:
            run(collect, ended, folder, settings)
        except ImdsError as error:
            ended.outcome = error.outcome
            ended.told.append(str(error))
        except BaseException:  # noqa: BLE001  what must not happen is told
            ended.crash = traceback.format_exc()
        reporter = _NOW.reporter
        ended.told += reporter.warnings + reporter.notices + reporter.attempts

    return run_it


def _run_module(collect: Any, ended: Ended, folder: str, settings: dict[str, Any]) -> None:
    """As plugins/modules/azure_imds_facts.py does."""
    snapshot = collect(build_settings(settings, {}), reporter=_NOW.reporter)
    facts = spell_ansible(build_facts(snapshot, reporter=_NOW.reporter), reporter=_NOW.reporter)
    ended.outcome = "ok" if facts["azure_imds_available"] else "?"
    ended.kept = json.dumps(facts)


def _run_writer(collect: Any, ended: Ended, folder: str, settings: dict[str, Any]) -> None:
    """As the command local-facts, over a file of an earlier run."""
    path = os.path.join(folder, FILE)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(OLD_FACTS, file)
    try:
        flags = {name: None for name, _metavar, _text in collection.FLAGS}
        own = {"directory": folder, "format": None, "boot": False, "remove": False, "force": False, "verbose": True}
        names = argparse.Namespace(**{**flags, **own, **settings})
        ended.outcome = "ok" if local_facts.run(names) == 0 else "?"
    finally:
        with open(path, encoding="utf-8") as file:
            ended.kept = file.read()


def _prepare_salt(collect: Any) -> Callable[..., None]:
    from azure_imds_facts.core.failure_memory import _IN_PROCESS  # noqa: PLC0415  Salt is loaded for its own way alone
    from azure_imds_facts.salt import grain as salt_grain  # noqa: PLC0415

    _replace(salt_grain, "collect_for_grain", collect)
    log = logging.getLogger("azure_imds_facts")
    log.setLevel(logging.DEBUG)
    log.addHandler(_Collected())
    log.propagate = False

    def run_it(ended: Ended, folder: str, settings: dict[str, Any]) -> None:
        _NOW.ended = ended
        try:
            grain = salt_grain.collect_grain({"azure_imds": settings, "cachedir": folder})
        except BaseException:  # noqa: BLE001  what must not happen is told
            ended.crash = traceback.format_exc()
            return
        ended.kept = json.dumps(grain)
        for endpoint in (settings.get("endpoint", DEFAULT_ENDPOINT), ARC_ENDPOINT):
            _IN_PROCESS.pop(endpoint, None)
        named = [line.partition("no grain (")[2].partition(")")[0] for line in ended.told if "no grain (" in line]
        ended.outcome = "ok" if grain else "".join(named)

    return run_it


def lead_to(port: int) -> None:
    """Let what goes to 169.254.169.254, or to the agent of Azure Arc, arrive at another port of this machine."""
    from azure_imds_facts import requests_transport  # noqa: PLC0415  as above

    really_open = transport.open_socket

    def open_socket(host: str, to_port: int, deadline: Any) -> Any:
        return really_open(*(("127.0.0.1", port) if (host, to_port) in (_AZURE, _ARC) else (host, to_port)), deadline)

    for module in (transport, requests_transport):
        _replace(module, "open_socket", open_socket)


def _replace(module: ModuleType, name: str, value: object) -> None:
    """Replace for good what a module calls, under a name that it has."""
    assert hasattr(module, name)
    setattr(module, name, value)
