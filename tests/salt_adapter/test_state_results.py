# SPDX-License-Identifier: Apache-2.0
"""Test what the states answer: results, changes and comments, in test mode too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator


@pytest.fixture(scope="module")
def results(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The module."""
    return import_salt_adapter("state_results")


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM named web."""
    with Emulator(rate_limit=0) as emulator:
        emulator.set("compute.name", "web")
        yield emulator


@pytest.fixture
def opts(imds: Emulator, tmp_path: Path) -> dict[str, Any]:
    """A minion's configuration."""
    return {
        "cachedir": str(tmp_path),
        "azure_imds": {"endpoint": imds.url, "cache_dir": str(tmp_path / "c"), "cache_ttl": 0},
    }


def test_available(results: Any, opts: dict[str, Any], imds: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for IMDS; with the grain there nothing changes, without it the minion loads its grains."""
    there = results.wait_until_available(opts, "x", has_grain=True, timeout_s=5)
    assert (there["name"], there["result"], there["changes"]) == ("x", True, {})
    answers = [True, False]
    monkeypatch.setattr(results, "load_grains_again", lambda _opts, timeout_s: answers.pop(0) and timeout_s > 0)
    loaded = results.wait_until_available(opts, "x", has_grain=False, timeout_s=5)
    assert (loaded["result"], list(loaded["changes"])) == (True, ["azure_imds"])
    assert results.wait_until_available(opts, "x", has_grain=False, timeout_s=5)["result"] is False
    imds.fault("503*2,ok*forever")
    assert results.wait_until_available(opts, "x", has_grain=True, timeout_s=10)["result"] is True
    imds.fault("503*forever")
    failed = results.wait_until_available(opts, "x", has_grain=True, timeout_s=0.3)
    assert (failed["result"], failed["comment"].startswith("unavailable: Asked http://")) == (False, True)


def test_available_in_test_mode(results: Any, opts: dict[str, Any], imds: Emulator) -> None:
    """In test mode nothing is waited for, and nothing loaded."""
    answer = results.wait_until_available({**opts, "test": True}, "x", has_grain=False, timeout_s=5)
    assert (answer["result"], answer["changes"]) == (None, {})
    assert not imds.requests


def test_no_pending_events(results: Any, opts: dict[str, Any], imds: Emulator) -> None:
    """It fails for this VM's events of the types that count, and names them."""
    for test in (False, True):
        mode = {**opts, "test": test}
        assert results.check_no_events(mode, "x", types=None, timeout_s=5)["result"] is True
        other = imds.event("Reboot", resources=["another"])
        assert results.check_no_events(mode, "x", types=None, timeout_s=5)["result"] is True
        freeze = imds.event("Freeze")
        assert results.check_no_events(mode, "x", types=["Reboot"], timeout_s=5)["result"] is True
        answer = results.check_no_events(mode, "x", types=["reboot", "Freeze"], timeout_s=5)
        assert (answer["result"], answer["changes"]) == (False, {})
        assert f"1 in all: Freeze {freeze} (Scheduled not before 20" in answer["comment"]
        for event in (other, freeze):
            imds.cancel_event(event)


def test_approved(results: Any, opts: dict[str, Any], imds: Emulator) -> None:
    """It approves once; test mode says that it would; what is gone, or others' too, is not approved."""
    event = imds.event("Reboot", lasts="60s")

    def approve(name: str = event, *, test: bool = False, shared: bool = False) -> tuple[Any, Any, str]:
        answer = results.approve({**opts, "test": test}, name, approves_shared=shared, timeout_s=5)
        return answer["result"], answer["changes"], answer["comment"]

    assert approve(test=True)[:2] == (None, {})
    assert approve()[:2] == (True, {event: {"old": "Scheduled", "new": "approved"}})
    assert approve()[:2] == (True, {})
    assert approve(test=True)[:2] == (True, {})
    assert approve("gone")[0] is False
    shared = imds.event("Redeploy", resources=["web", "db"])
    result, changes, comment = approve(shared)
    assert (result, changes, "concerns other machines too" in comment) == (False, {}, True)
    assert approve(shared, shared=True)[0] is True
