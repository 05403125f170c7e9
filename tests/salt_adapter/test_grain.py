# SPDX-License-Identifier: Apache-2.0
"""Test what the Salt grain does with its minion's configuration and with failures."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import UnreachableError, UsageError
from azure_imds_facts.core.failure_memory import _IN_PROCESS

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering


@pytest.fixture(scope="module")
def collecting(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The module."""
    return import_salt_adapter("grain")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, collecting: Any) -> None:
    """Remember no failure of another test, and pretend to be no proxy minion."""
    _IN_PROCESS.clear()
    monkeypatch.setattr(collecting.salt.utils.platform, "is_proxy", lambda: False)
    for name in ("ENDPOINT", "TIMEOUT", "CACHE_DIR", "DISABLED"):
        monkeypatch.delenv(f"AZURE_IMDS_{name}", raising=False)


@pytest.fixture
def imds() -> Iterator[RawServer]:
    """A server with the example document."""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        yield server


def options(url: str, tmp_path: Path, **settings: Any) -> dict[str, Any]:
    """Return a minion's configuration."""
    return {"cachedir": str(tmp_path), "azure_imds": {"endpoint": url, "cache_dir": str(tmp_path / "c"), **settings}}


def test_grain(collecting: Any, imds: RawServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The grain is one name, with IMDS's spelling below it, and a second evaluation reads the cache."""
    caplog.set_level(logging.INFO)
    for _ in range(2):
        grain = collecting.collect_grain(options(imds.url, tmp_path))
        assert list(grain) == ["azure_imds"]
        assert grain["azure_imds"]["compute"]["vmSize"] == "Standard_D2s_v3"
    assert len(imds.requests) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("how", ["option", "platform"])
def test_proxy_minion(
    collecting: Any, how: str, imds: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy minion stands for another device: no grain, no question."""
    configuration = options(imds.url, tmp_path)
    if how == "option":
        configuration["proxy"] = {"proxytype": "dummy"}
    else:
        monkeypatch.setattr(collecting.salt.utils.platform, "is_proxy", lambda: True)
    assert collecting.collect_grain(configuration) == {}
    assert not imds.requests


def test_failure_is_one_warning(
    collecting: Any,
    refused_endpoint: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A minion that starts tells a failure once, and asks no second time; it is never an exception."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(collecting, "note_load", lambda _opts: True)
    configuration = options(refused_endpoint, tmp_path, timeout=0.2)
    assert [collecting.collect_grain(configuration) for _ in range(3)] == [{}] * 3
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "unreachable" in warnings[0].getMessage()


@pytest.mark.parametrize("is_starting", [True, False])
def test_what_is_told_to_load_asks(
    collecting: Any, imds: RawServer, is_starting: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load after those of the start heeds no failure, however fresh."""
    monkeypatch.setattr(collecting, "note_load", lambda _opts: is_starting)
    _IN_PROCESS[imds.url] = (Clock().boottime(), UnreachableError("It was away."))
    assert bool(collecting.collect_grain(options(imds.url, tmp_path))) is not is_starting
    assert len(imds.requests) == (0 if is_starting else 1)


def test_not_azure(
    collecting: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off Azure, or switched off, there is no grain and no more than a debug line."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AZURE_IMDS_DISABLED", "1")
    assert collecting.collect_grain({"cachedir": str(tmp_path)}) == {}
    assert {record.levelno for record in caplog.records if "azure_imds" in record.getMessage()} == {logging.DEBUG}


@pytest.mark.parametrize("settings", ["text", ["list"], {"timeout": "soon"}, {"gather": "colour"}, 5])
def test_wrong_settings(collecting: Any, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong configuration is one warning."""
    assert collecting.collect_grain({"azure_imds": settings}) == {}
    assert ["usage" in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [True]


def test_errors_of_our_own(collecting: Any, monkeypatch: pytest.MonkeyPatch, imds: RawServer, tmp_path: Path) -> None:
    """Even an error inside this program does not reach the minion."""
    monkeypatch.setattr(collecting, "build_facts", lambda *_, **__: 1 / 0)
    assert collecting.collect_grain(options(imds.url, tmp_path)) == {}


def test_minion_settings(collecting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default budget is a second; a minion that is not root keeps its cache under its cachedir."""
    monkeypatch.setattr(collecting.os, "geteuid", lambda: 7)
    settings = collecting.build_minion_settings({"cachedir": "/var/cache/x"})
    assert (settings.timeout, settings.cache_dir) == (1.0, "/var/cache/x/azure-imds-facts")
    assert collecting.build_minion_settings({"azure_imds": {"timeout": 3}}).timeout == 3.0
    monkeypatch.setattr(collecting.os, "geteuid", lambda: 0)
    assert collecting.build_minion_settings({"cachedir": "/var/cache/x"}).cache_dir == "/run/azure-imds-facts"
    with pytest.raises(UsageError):
        collecting.build_minion_settings({"azure_imds": "x"})
