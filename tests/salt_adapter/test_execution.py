# SPDX-License-Identifier: Apache-2.0
"""Test what the execution module does for a caller who waits; tests/minions calls it from a master."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import (
    ImdsError,
    InvalidError,
    NotAzureError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from azure_imds_facts.core.failure_memory import _IN_PROCESS
from azure_imds_facts.emulator import Emulator


@pytest.fixture(scope="module")
def execution(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The module."""
    return import_salt_adapter("execution")


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM."""
    _IN_PROCESS.clear()
    with Emulator(rate_limit=0) as emulator:
        yield emulator


@pytest.fixture
def opts(imds: Emulator, tmp_path: Path) -> dict[str, Any]:
    """A minion's configuration."""
    settings = {"endpoint": imds.url, "cache_dir": str(tmp_path / "cache")}
    return {"cachedir": str(tmp_path), "azure_imds": settings}


@pytest.mark.parametrize(
    ("fault", "error", "part"),
    [
        ("429:retry-after=99*forever", ThrottledError, "429"),
        ("403*forever", RejectedError, "403"),
        ("html*forever", InvalidError, ""),
    ],
)
def test_outcome_of_failing_events(
    fault: str, error: type[ImdsError], part: str, execution: Any, imds: Emulator, opts: dict[str, Any]
) -> None:
    """A failure of scheduled events alone ends as what it is, and mentions what the first request ever does."""
    execution.collect_facts(opts)
    imds.fault(fault, path="/metadata/scheduledevents")
    with pytest.raises(error) as caught:
        execution.fetch_events(opts)
    assert type(caught.value) is error
    assert part in caught.value.problem
    assert caught.value.hint.endswith("for this VM, which can take two minutes.")


def test_events(execution: Any, imds: Emulator, opts: dict[str, Any]) -> None:
    """Events are asked for each time, and never come from a cache."""
    assert execution.fetch_events(opts)["pending"] == 0
    event_id = imds.event("Reboot")
    found = execution.fetch_events(opts)
    (event,) = found["events"]
    assert (event["event_id"], event["event_type"], event["concerns_others"]) == (event_id, "Reboot", False)
    assert 0 < event["seconds_left"] <= 900
    assert found["pending"] == 1


def test_approval(execution: Any, imds: Emulator, opts: dict[str, Any]) -> None:
    """An approval starts an event, whatever api-version the facts have; a repeated one finds it started."""
    opts["azure_imds"]["api_version"] = "2021-02-01"
    event_id = imds.event("Reboot")
    assert [execution.approve_event(opts, event_id) for _ in range(2)] == [
        {"event_id": event_id, "approved": True, "already_started": is_started} for is_started in (False, True)
    ]
    with pytest.raises(RejectedError, match="no-such-event"):
        execution.approve_event(opts, "no-such-event")


def test_facts_from_the_cache_and_anew(execution: Any, imds: Emulator, opts: dict[str, Any]) -> None:
    """`collect_facts` is content with a fresh cache, `fetch_anew` asks IMDS and takes nothing older."""
    assert execution.fetch_anew(opts)["source"] == "imds"
    content = execution.collect_facts(opts, gather="tags")
    assert (content["snapshot"]["source"], set(content)) == ("cache", {"cloud", "snapshot", "tags", "tagPairs"})
    assert execution.fetch_anew(opts)["source"] == "imds"
    imds.fault("503*forever")
    assert execution.collect_facts(opts)["snapshot"]["source"] == "cache"
    with pytest.raises(UnavailableError):
        execution.fetch_anew(opts, timeout=0.3)


def test_what_is_missing_is_spelled_as_in_the_grain(execution: Any, imds: Emulator, opts: dict[str, Any]) -> None:
    """Salt has a category's own name, in what `fetch_anew` returns too."""
    opts["azure_imds"]["gather"] = "compute,load_balancer"
    imds.fault("404*forever", path="/metadata/loadbalancer")
    assert execution.fetch_anew(opts)["missing"] == ["loadBalancer"]
    assert execution.collect_facts(opts)["snapshot"]["missing"] == ["loadBalancer"]


def test_raw_answers(execution: Any, imds: Emulator, opts: dict[str, Any]) -> None:
    """A leaf is text, a section what its JSON holds."""
    compute = imds.document["compute"]
    assert execution.fetch_raw(opts, "compute/vmId", None) == compute["vmId"]
    assert execution.fetch_raw(opts, "compute", None)["vmId"] == compute["vmId"]


def test_off_azure(execution: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched off, no client for events is made."""
    monkeypatch.setenv("AZURE_IMDS_DISABLED", "1")
    with pytest.raises(NotAzureError):
        execution.open_events({"cachedir": str(tmp_path)})
