# SPDX-License-Identifier: Apache-2.0
"""Commands for changes of events: how many at once, in which order, and processes that fail, hang, or ignore a signal."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.events.dry_run import DryRun
from azure_imds_facts.core.events.model import Change, changes, parse_timeline
from azure_imds_facts.core.events.runner import Hooks
from azure_imds_facts.core.events.shell_runner import ShellRunner
from azure_imds_facts.core.events.spelling import build_environment, spell_change

from tests.support.emulators import Emulate
from tests.support.events import document, raw_event
from tests.support.reporters import ListReporter
from tests.support.watchers import Watcher, polls, wait_for

STUBBORN = 'trap "" TERM; while :; do sleep 0.1; done'


def write_script(path: Path, content: str) -> Path:
    """Make a program of a few lines of shell."""
    path.write_text(f"#!/bin/sh\n{content}\n")
    path.chmod(0o755)
    return path


def is_running(script: Path) -> bool:
    """Return whether a process runs a script."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # Others end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines.append(path.read_bytes())
    return any(bytes(script) in line.split(b"\0") for line in lines)


def build_changes(*event_ids: str) -> list[Change]:
    """Return a change for each id."""
    return [change for one in event_ids for change in changes(None, parse_timeline(document(raw_event(one))))]


def spell(change: Change) -> dict[str, Any]:
    """Return what a command is given."""
    return spell_change(change, now_s=0, vm_name="web-01")


def run_to_end(hooks: Hooks) -> list[str]:
    """Reap until no command is left; return the ids of those that succeeded, as they ended."""
    succeeded: list[str] = []

    def is_over() -> bool:
        succeeded.extend(end.change.event.event_id for end in hooks.reap() if end.is_success)
        return not hooks.unfinished

    wait_for(is_over)
    return succeeded


def test_order(tmp_path: Path) -> None:
    """Commands of one event run one after the other, those of another event beside them."""
    log, reporter = tmp_path / "log", ListReporter()
    # The first command ends once the other event's has begun: it would wait in vain for one that comes after it.
    command = (
        f'echo "+$AZURE_IMDS_EVENT_ID" >> {log}; until grep -q +B {log}; do sleep 0.02; done; '
        f'echo "-$AZURE_IMDS_EVENT_ID" >> {log}'
    )
    hooks = Hooks(ShellRunner(command), spell=spell, timeout_s=60.0, clock=Clock(), reporter=reporter)
    for change in build_changes("A", "a", "B"):
        assert hooks.offer(change)
    hooks.reap()
    assert [change.event.event_id for change in hooks.unfinished] == ["A", "B", "a"]
    assert sorted(run_to_end(hooks)) == ["A", "B", "a"]
    lines = log.read_text().split()
    assert [line for line in lines if line[1:] in "Aa"] == ["+A", "-A", "+a", "-a"]
    assert lines.index("+B") < lines.index("-A")
    assert reporter.warnings == []


def test_eight_at_once(tmp_path: Path) -> None:
    """Of more events than eight the others wait, until one has ended."""
    command = f"touch {tmp_path}/$AZURE_IMDS_EVENT_ID; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"
    hooks = Hooks(ShellRunner(command), spell=spell, timeout_s=30.0, clock=Clock(), reporter=ListReporter())
    ids = [f"id-{number}" for number in range(10)]
    for change in build_changes(*ids):
        assert hooks.offer(change)
    hooks.reap()
    wait_for(lambda: len(list(tmp_path.iterdir())) == 8)
    assert hooks.reap() == []
    assert {path.name for path in tmp_path.iterdir()} == set(ids[:8])
    (tmp_path / "go").touch()
    assert sorted(run_to_end(hooks)) == ids


def test_urgent_ones_wait_for_no_other(tmp_path: Path) -> None:
    """A Preempt starts beside eight drains; where 64 wait it takes the place of the last, which is looked at again."""
    command = f"touch {tmp_path}/$AZURE_IMDS_EVENT_ID; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    displaced: list[Change] = []
    hooks = Hooks(
        ShellRunner(command), spell=spell, timeout_s=30.0, clock=Clock(), reporter=ListReporter(),
        displace=displaced.append,
    )  # fmt: skip
    others = build_changes(*(f"id-{number}" for number in range(73)))
    assert [hooks.offer(change) for change in others[:8]] == [True] * 8
    hooks.reap()
    assert [hooks.offer(change) for change in others[8:]] == [True] * 64 + [False]
    (urgent,) = changes(None, parse_timeline(document(raw_event("P", EventType="Preempt"))))
    assert hooks.offer(urgent)
    assert displaced == [others[71]]
    assert hooks.waiting == 64
    hooks.reap()
    assert (tmp_path / "P").exists() or wait_for((tmp_path / "P").exists) < 5
    assert len(hooks.running) == 9
    hooks.stop()


class Unable:
    """A runner that cannot start anything until it can."""

    outlives_watch = False

    def __init__(self) -> None:
        self.is_able = False

    def start(self, change: Change, spelled: dict[str, Any]) -> DryRun:
        """Fail as a full disk or a full table of processes does."""
        if not self.is_able:
            raise OSError(28, "No space left on device")
        return DryRun()


def test_what_cannot_be_started_is_tried_again() -> None:
    """It stays unfinished, with one warning, and one line once it was started."""
    runner, reporter = Unable(), ListReporter()
    hooks = Hooks(runner, spell=spell, timeout_s=10.0, clock=Clock(), reporter=reporter)
    for change in build_changes("A", "B"):
        assert hooks.offer(change)
    for _turn in range(3):
        assert hooks.reap() == []
    assert [change.event.event_id for change in hooks.unfinished] == ["A", "B"]
    assert len(reporter.warnings) == 1
    assert "No space left on device" in reporter.warnings[0]
    runner.is_able = True
    assert sorted(run_to_end(hooks)) == ["A", "B"]
    assert len(reporter.notices) == 1
    assert len(reporter.warnings) == 1


def test_the_last_look_starts_nothing(tmp_path: Path) -> None:
    """What waits when the watch ends is not begun, and remains unfinished."""
    hooks = Hooks(
        ShellRunner(f"echo >> {tmp_path}/ran"), spell=spell, timeout_s=10.0, clock=Clock(), reporter=ListReporter()
    )
    for change in build_changes("A", "a"):
        assert hooks.offer(change)
    hooks.reap()
    done: list[Change] = []

    def has_ended() -> bool:
        done.extend(end.change for end in hooks.reap(is_last=True))
        return bool(done)

    wait_for(has_ended)
    hooks.stop()
    assert [change.event.event_id for change in done] == ["A"]
    assert [change.event.event_id for change in hooks.unfinished] == ["a"]
    assert (tmp_path / "ran").read_text() == "\n"


def test_variables_are_safe() -> None:
    """A variable has no more than Linux takes, and no character that acts on a terminal."""
    raw = raw_event(Description="x\x1b" * 100_000, Resources=["web-01", "db\n"])
    (change,) = changes(None, parse_timeline(document(raw)))
    variables = build_environment(spell(change))
    assert variables["AZURE_IMDS_EVENT_DESCRIPTION"] == "x?" * 2048
    assert variables["AZURE_IMDS_EVENT_RESOURCES"] == "web-01,db?"
    assert variables["AZURE_IMDS_EVENT_DURATION"] == ""


def test_a_command_that_fails_or_hangs(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """It is reported, nothing is approved, and the watch goes on."""
    emulator = emulate()
    command = 'test "$AZURE_IMDS_EVENT_TYPE" = Freeze || sleep 60; exit 3'
    flags = ("--types", "all", "--exec-timeout", "1", "--approve-on-success", "--state", str(tmp_path / "state.json"))
    watcher = watch(emulator, "--exec", command, *flags)
    emulator.event("Freeze")
    emulator.event("Reboot")
    wait_for(lambda: "(scheduled) ended with 3" in watcher.errors.read_text())
    wait_for(lambda: "took over 1 s and is ended" in watcher.errors.read_text())
    wait_for(lambda: "was ended by signal 15" in watcher.errors.read_text())
    emulator.event("Redeploy")
    wait_for(lambda: len(watcher.lines()) == 3)
    assert "POST" not in [record.method for record in emulator.requests]
    assert watcher.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("end", ["timeout", "stop"])
def test_a_command_is_ended_with_all_that_it_started(
    end: str, emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path
) -> None:
    """A program that ignores SIGTERM is killed after the grace, though the shell that started it ended at once."""
    emulator = emulate()
    script = write_script(tmp_path / "stubborn", STUBBORN)
    seconds = "1" if end == "timeout" else "60"
    watcher = watch(
        emulator, "--exec", f"{script}; true", "--exec-timeout", seconds, "--state", str(tmp_path / "state.json")
    )
    emulator.event("Reboot")
    wait_for(lambda: is_running(script))
    if end == "timeout":
        wait_for(lambda: not is_running(script))
        wait_for(lambda: "was ended by signal" in watcher.errors.read_text())
    assert watcher.stop() == 0
    assert not is_running(script)


def test_what_was_ended_is_no_success(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """A command that ends with 0 because it was asked to end has not drained anything."""
    emulator = emulate()
    command = 'trap "exit 0" TERM; sleep 60 & wait'
    watcher = watch(
        emulator, "--exec", command, "--exec-timeout", "1", "--approve-on-success", "--state", str(tmp_path / "s.json")
    )
    emulator.event("Reboot")
    wait_for(lambda: "(scheduled) ended with 0" in watcher.errors.read_text())
    seen = polls(emulator)
    wait_for(lambda: polls(emulator) > seen + 1)
    assert "POST" not in [record.method for record in emulator.requests]
    assert watcher.stop() == 0
