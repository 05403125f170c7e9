# SPDX-License-Identifier: Apache-2.0
"""Records of commands: which change is which, lives of an event, bounds, damage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.events import socket_records
from azure_imds_facts.core.events.socket_records import Record, Records
from azure_imds_facts.core.safe_files import UnsafeFileError

from tests.support.acceptor import SPELLED


def build(change: str, **fields: Any) -> dict[str, Any]:
    """A change as it is spelled."""
    return {**SPELLED, "change": change, **fields}


def lock(records: Records, event_id: str = "A") -> Record:
    """An event's record, which no other has."""
    record = records.lock(event_id)
    assert record
    return record


@pytest.fixture(name="records")
def _records(tmp_path: Path) -> Records:
    """An empty directory of records."""
    return Records(str(tmp_path / "records"))


def run_all(records: Records, *changes: dict[str, Any]) -> list[int]:
    """Do what the service does for each change in turn; return the numbers of those whose command was started."""
    started = []
    for number, change in enumerate(changes):
        record = lock(records)
        if record.find(change) is None:
            record.begin(change)
            record.end(change, 0)
            started.append(number)
        record.close()
    return started


def test_each_change_once(records: Records) -> None:
    """Asked again, none of an event's changes is started again, whatever else has passed."""
    life = [build("scheduled"), build("updated", not_before="2026-11-22T22:56:00Z"), build("started")]
    again = [{**change, "seconds_left": 1, "concerns_others": None} for change in life]
    assert run_all(records, *life, *again, *life) == [0, 1, 2]


def test_updates_differ_by_content(records: Records) -> None:
    """Two updates are two changes; an event that goes back to what it was is updated all the same."""
    later, latest = build("updated", not_before="later"), build("updated", not_before="latest")
    assert run_all(records, build("scheduled"), later, later, latest, later) == [0, 1, 3, 4]


@pytest.mark.parametrize("last", ["cancelled", "completed"])
def test_an_event_that_comes_again_is_drained_again(records: Records, last: str) -> None:
    """After its end an event that is scheduled anew has its command run, and its end too."""
    life = [build("scheduled"), build(last)]
    assert run_all(records, *life, *life, build(last)) == [0, 1, 2, 3]


def test_one_process_at_a_time(records: Records, tmp_path: Path) -> None:
    """While one has an event's record no other gets it; other events do not wait."""
    record = lock(records)
    other = Records(str(tmp_path / "records"))
    assert other.lock("a") is None
    lock(other, "B").close()
    record.close()
    lock(other, "a").close()


def test_bounds(records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, those in use excepted; a record has one size, whatever is in it."""
    monkeypatch.setattr(socket_records, "_MOST", 3)
    held = lock(records, "0")
    held.begin(build("scheduled"))
    for number in range(1, 6):
        record = lock(records, str(number))
        for change in ("scheduled", "updated", "started"):
            record.begin(build(change))
            record.end(build(change), -64)
        record.close()
        os.utime(tmp_path / f"records/{number}.json", (number, number))
    os.utime(tmp_path / "records/0.json", (0, 0))
    records.remove_oldest()
    # The oldest is in use.
    assert sorted(path.name for path in (tmp_path / "records").iterdir()) == ["0.json", "3.json", "4.json", "5.json"]
    assert {path.stat().st_size for path in (tmp_path / "records").iterdir()} == {4096}
    held.end(build("scheduled"), 1)
    assert held.find(build("scheduled")) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"scheduled": 1}', '{"scheduled": {"content": ""}}', "\0" * 4096])
def test_damage(records: Records, tmp_path: Path, content: str) -> None:
    """A record that was cut short is none."""
    lock(records).close()
    (tmp_path / "records/a.json").write_text(content)
    assert run_all(records, build("scheduled"), build("scheduled")) == [0]


def test_a_directory_of_others(tmp_path: Path) -> None:
    """A directory that others may enter, and a link in a record's place, are refused."""
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(UnsafeFileError):
        Records(str(tmp_path / "open"))
    records = Records(str(tmp_path / "records"))
    (tmp_path / "records/a.json").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        records.lock("A")
