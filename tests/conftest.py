# SPDX-License-Identifier: Apache-2.0
"""What holds for every test."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import posix, spreading
from tests.support.servers import refused_port


def pytest_configure() -> None:
    """Let SIGTERM end a run as Ctrl-C does, so that no emulator and no Salt daemon is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The matrices' environments do without.
    with contextlib.suppress(ImportError):
        from hypothesis import settings  # noqa: PLC0415  not everywhere there

        # How long an example takes says how busy the machine is.
        settings.register_profile("tests", deadline=None)
        settings.load_profile("tests")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out on Windows what cannot be imported there: tests/windows counts it."""
    if sys.platform == "win32" and collection_path.relative_to(config.rootpath).as_posix() in posix.FILES:
        return True
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what runs by itself, and begin with what takes longest where there is a choice."""
    for item in items:
        if spreading.is_serial(item.nodeid):
            item.add_marker(pytest.mark.serial)
        reason = posix.find_reason(item.nodeid)
        if reason:
            item.add_marker(pytest.mark.posix)
        if reason and sys.platform == "win32":
            item.add_marker(pytest.mark.skip(reason=f"for Unix alone: {reason}"))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: spreading.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the tests to the workers by the units of tests/support/spreading.py."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  there where this hook is called

    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = spreading.name_unit
    return scheduler


@pytest.fixture
def refused_endpoint() -> Iterator[str]:
    """An endpoint that refuses connections."""
    with refused_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable that a developer has set for Ansible, Salt or this project decide a test."""
    for name in list(os.environ):
        if name.startswith(("ANSIBLE_", "AZURE_IMDS_", "SALT_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host and host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            pytest.fail(f"a test was about to connect to {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
