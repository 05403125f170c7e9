# SPDX-License-Identifier: Apache-2.0
"""What the tests of the core share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.facts import Snapshot
from azure_imds_facts.core.failure_memory import _IN_PROCESS
from azure_imds_facts.core.grain_collector import collect_for_grain
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.settings import build_settings

from tests.support.clocks import ManualClock
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport


@pytest.fixture
def clock() -> ManualClock:
    """A clock that does not wait."""
    return ManualClock()


@pytest.fixture
def reporter() -> ListReporter:
    """A reporter that remembers."""
    return ListReporter()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """An Azure VM whose UUID cannot be read."""
    return build_host(tmp_path / "host")


@pytest.fixture
def collect_from(tmp_path: Path, clock: ManualClock, reporter: ListReporter, host: Host) -> Callable[..., Snapshot]:
    """Collect over a scripted transport; keyword arguments are settings, or those of `collect`;
    with `memory`, and perhaps `asks_once`, as for Salt's grain.
    """

    def collect_it(transport: ScriptedTransport, **options: Any) -> Snapshot:
        handed: dict[str, Any] = {"host": host, "clock": clock, "reporter": reporter}
        handed.update(
            {
                name: options.pop(name)
                for name in ("host", "clock", "memory", "asks_once", "allow_fallback", "is_boot", "is_agent_pending")
                if name in options
            }
        )
        options.setdefault("cache_dir", str(tmp_path / "cache"))
        if "memory" in handed:
            return collect_for_grain(build_settings(options, {}), open_transport=transport.open, **handed)
        return collect(build_settings(options, {}), open_transport=transport.open, **handed)

    return collect_it


@pytest.fixture(autouse=True)
def _forget_failures() -> Iterator[None]:
    """Let no test see another's remembered failure, nor settings of the environment."""
    _IN_PROCESS.clear()
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AZURE_IMDS_")}
    yield
    os.environ.update(before)


@pytest.fixture
def real_clock() -> Clock:
    """The machine's own clock, for sockets and processes."""
    return Clock()
