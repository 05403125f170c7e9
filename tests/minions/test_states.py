# SPDX-License-Identifier: Apache-2.0
"""States, the runner, and a refresh that waits, with real daemons."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.minions.conftest import SYNCED, Fleet
from tests.minions.daemons import Minion


def apply(fleet: Fleet, minion: str, function: str, *arguments: str) -> dict[str, Any]:
    """Apply a single state and return its result."""
    answer = fleet.salt(minion, "state.single", f"azure_imds.{function}", *arguments)[minion]
    assert isinstance(answer, dict), answer
    (state,) = answer.values()
    return dict(state)


def test_available(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """A minion without the grain has it once the state has waited for IMDS; where it is there nothing changes."""
    late = add_minion("waiting")
    late.imds.fault("503*forever")
    late.start()
    refused = apply(fleet, "waiting", "available", "name=x", "timeout=1")
    assert (refused["result"], refused["comment"].startswith("unavailable: ")) == (False, True)
    late.imds.fault("")
    state = apply(fleet, "waiting", "available", "name=x", "timeout=30")
    # What looks after a missing grain by itself may have been faster.
    assert (state["result"], list(state["changes"])) in ((True, ["azure_imds"]), (True, []))
    assert fleet.salt("-C", "G@azure_imds:cloud:AzureCloud and waiting", "test.ping") == {"waiting": True}
    state = apply(fleet, "waiting", "available", "name=x")
    assert (state["result"], state["changes"]) == (True, {})
    # Salt 3006 logs tracebacks of its own at level debug.
    assert not re.search(r'  File ".*azure_imds', late.log)


def test_events(fleet: Fleet) -> None:
    """The synced file's states see maintenance and approve it, and test mode says what they would do."""
    imds = fleet.minions[SYNCED].imds
    imds.set("compute.name", "files-vm")
    fleet.salt(SYNCED, "azure_imds.refresh", "wait=True")
    event = imds.event("Reboot", lasts="60s")
    try:
        assert apply(fleet, SYNCED, "no_pending_events", "name=x")["result"] is False
        assert apply(fleet, SYNCED, "no_pending_events", "name=x", "types=[Freeze]")["result"] is True
        assert apply(fleet, SYNCED, "approved", f"name={event}", "test=True")["result"] is None
        assert apply(fleet, SYNCED, "approved", f"name={event}")["changes"]
        pending = fleet.master.salt_run("azure_imds.pending_events")
        assert [(minion, [told["event_id"] for told in events]) for minion, events in pending.items()] == [
            (SYNCED, [event])
        ]
    finally:
        imds.cancel_event(event)
    assert fleet.master.salt_run("azure_imds.pending_events") == {}


def test_refresh_waits(fleet: Fleet) -> None:
    """When `refresh wait=True` returns the master targets by the new tag, and its cache has it."""
    imds = fleet.minions["web"].imds
    try:
        for color in ("blue", "green"):
            imds.tag("color", color)
            assert fleet.salt("web", "azure_imds.refresh", "wait=True")["web"]["source"] == "imds"
            assert fleet.master.salt_run("cache.grains", "tgt=web")["web"]["azure_imds"]["tags"]["color"] == color
            assert fleet.salt("-G", f"azure_imds:tags:color:{color}", "test.ping") == {"web": True}
    finally:
        imds.untag("color")
        fleet.salt("web", "azure_imds.refresh", "wait=True")


def test_stale(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """The runner names minions whose facts are old, and those that it cannot ask, and no others."""
    old = add_minion("old", settings={"cache_ttl": 0.001})
    old.start()
    assert fleet.master.salt_run("azure_imds.stale") == {}
    old.imds.fault("503*forever")
    found = fleet.master.salt_run("azure_imds.stale")
    assert (list(found), found["old"]["source"]) == (["old"], "stale")
    old.end()
    assert fleet.master.salt_run("azure_imds.stale", "old", "timeout=3") == {"old": "did not answer"}
