# SPDX-License-Identifier: Apache-2.0
"""The command `events` as a process, with the emulator as its IMDS."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.emulators import Emulate
from tests.support.watchers import Watcher, environment, run_events, wait_for, words


def test_a_watch_without_imds_waits_for_it(watch: Callable[..., Watcher], emulate: Emulate) -> None:
    """Started before IMDS answers, as at boot, it asks for the VM's name until there is an answer."""
    emulator = emulate(fault="500*forever")
    watcher = watch(emulator, "--timeout", "0.5")
    wait_for(lambda: "Asking for this VM's name again" in watcher.errors.read_text())
    emulator.fault("")
    emulator.event("Freeze")
    wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled"])
    assert watcher.stop() == 0


def test_the_first_call_is_waited_for(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """While Azure switches the service on, one look waits for it, and a watch loses nothing."""
    slow = emulate(events_delay=6)
    slow.event("Reboot")
    done = run_events("--endpoint", slow.url, "--cache-dir", str(tmp_path / "cache"))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    emulator = emulate(events_delay=6)
    emulator.event("Preempt")
    watcher = watch(emulator)
    wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled"])
    assert watcher.stop() == 0


def test_events_are_listed(emulate: Emulate, tmp_path: Path) -> None:
    """One line an event of this VM, with --all of the others too; the first call is announced, the second is not."""
    emulator = emulate()
    flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
    assert run_events(*flags).stdout == ""
    own, other = emulator.event("Reboot"), emulator.event("Freeze", resources="db")
    first = run_events(*flags)
    assert [json.loads(line)["event_id"] for line in first.stdout.splitlines()] == [own]
    assert (first.returncode, first.stderr) == (0, "")
    both = run_events(*flags, "--all")
    assert {json.loads(line)["event_id"] for line in both.stdout.splitlines()} == {own, other}
    fresh = run_events("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "other"))
    assert "switches scheduled events on for this VM, which may take up to two minutes" in fresh.stderr


def test_approval(emulate: Emulate, tmp_path: Path) -> None:
    """--approve starts the event, may be repeated, and says what is the matter with an id that is gone."""
    emulator = emulate()
    event_id = emulator.event("Reboot")
    flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
    spellings = (f" {event_id.lower()} ", event_id)
    answers = [json.loads(run_events(*flags, "--approve", spelling).stdout) for spelling in spellings]
    assert [answer["already_started"] for answer in answers] == [False, True]
    assert {answer["event_id"] for answer in answers} == {event_id}
    gone = run_events(*flags, "--approve", "0000")
    assert (gone.returncode, gone.stdout) == (7, "")
    assert "rejected: Event 0000 cannot be approved" in gone.stderr
    assert event_id in gone.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exec", "true"], "Add --watch."),
        (["--watch", "--exec", ""], "--exec has no command"),
        (["--watch", "--approve-on-success"], "Nothing can succeed without --exec or --hand-over."),
        (["--watch", "--exec", "true", "--all"], "Leave --all out."),
        (["--watch", "--approve", "X"], "Run it by itself."),
        (["--state", "x"], "Add --watch."),
        (["--watch", "--state", ""], "--state has no file"),
        (["--watch", "--vm-name", ""], "--vm-name has no name"),
        (["--approve", "X", "--all"], "Leave --all out."),
        (["--approve", "X", "--vm-name", "Y"], "Leave --vm-name out."),
        (["--watch", "--exec-timeout", "5"], "--exec-timeout is for --exec and --take-over."),
        (["--approve", ""], "--approve has no id"),
        (["--approve", "X", "--approve", ""], "--approve has no id"),
        (["--watch", "--exec", "true", "--exec-timeout", "0"], "Give seconds above 0."),
        (["--events-version", "2021-02-01"], "theirs are not the instance's"),
    ],
)
def test_wrong_flags(arguments: list[str], message: str) -> None:
    """Flags without sense together end at once, with what to do instead."""
    done = run_events("--endpoint", "http://127.0.0.1:9", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_help_teaches() -> None:
    """--help has examples, and names the variables that a command gets."""
    text = run_events("--help").stdout
    assert "azure-imds-facts events --watch --exec" in text
    assert "AZURE_IMDS_EVENT_" in text
    assert "up to two minutes" in text


def test_an_api_version_of_the_instance_does_no_harm(emulate: Emulate, tmp_path: Path) -> None:
    """AZURE_IMDS_API_VERSION, set for the facts, is not taken for the events' own."""
    emulator = emulate()
    emulator.event("Freeze")
    done = subprocess.run(
        words("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache")),
        env=environment(AZURE_IMDS_API_VERSION="2021-02-01"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["event_type"] == "Freeze"
    assert {record.query["api-version"] for record in emulator.requests} == {"2021-02-01", "2020-07-01"}


def test_switched_off_it_asks_nothing(emulate: Emulate, tmp_path: Path) -> None:
    """Where the program is switched off, no request is made, and nothing is watched."""
    emulator = emulate()
    flags = words("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"), "--watch")
    off = subprocess.run(
        flags, env=environment(AZURE_IMDS_DISABLED="1"), capture_output=True, text=True, check=False, timeout=60
    )
    assert (off.returncode, off.stdout) == (3, "")
    assert emulator.requests == []


def test_several_approvals(emulate: Emulate, tmp_path: Path) -> None:
    """--approve may stand several times."""
    emulator = emulate()
    ids = [emulator.event("Reboot") for _event in range(2)]
    done = run_events(
        "--endpoint", emulator.url, "--cache-dir", str(tmp_path / "c"), "--approve", ids[0], "--approve", ids[1]
    )
    assert [json.loads(line)["event_id"] for line in done.stdout.splitlines()] == ids
