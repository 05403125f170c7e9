# SPDX-License-Identifier: Apache-2.0
"""A dry run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.emulators import Emulate
from tests.support.watchers import Watcher, polls, wait_for


def test_it_says_and_does_nothing(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """What would be run and approved is said; nothing is run, approved or stored, and a state is left untouched."""
    emulator = emulate()
    state, metrics = tmp_path / "folder" / "state.json", tmp_path / "x.prom"
    flags = (
        "--exec",
        f"touch {tmp_path}/ran",
        "--approve-on-success",
        "--state",
        str(state),
        "--metrics",
        str(metrics),
    )
    watcher = watch(emulator, *flags, "--dry-run", "--approve-user")
    event_id = emulator.event("Reboot", source="Platform", notice="600s")
    wait_for(lambda: f"Would approve Reboot {event_id}" in watcher.errors.read_text())
    seen = polls(emulator)
    wait_for(lambda: polls(emulator) > seen + 1)
    assert watcher.stop() == 0
    assert watcher.errors.read_text().count(f"Would run the command for Reboot {event_id} (scheduled).") == 1
    assert [line["event_id"] for line in watcher.lines()] == [event_id]
    assert not (tmp_path / "ran").exists()
    assert not state.parent.exists()
    assert not metrics.exists()
    assert "POST" not in [record.method for record in emulator.requests]
