# SPDX-License-Identifier: Apache-2.0
"""The loop of `events --watch` as a process: commands, approvals, restarts, streams, and outages of IMDS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.emulators import Emulate
from tests.support.stopwatch import Stopwatch
from tests.support.watchers import Watcher, environment, polls, wait_for, words


def test_a_preempt_reaches_the_command_in_time(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """Of its thirty seconds' notice less than two have passed when the command has it, also while a drain runs."""
    emulator = emulate()
    command = f'echo "$AZURE_IMDS_EVENT_TYPE" >> {tmp_path}/ran; [ "$AZURE_IMDS_EVENT_TYPE" = Preempt ] || sleep 60'
    watcher = watch(emulator, "--exec", command, "--state", str(tmp_path / "state.json"))
    emulator.event("Reboot")
    ran = tmp_path / "ran"
    wait_for(lambda: ran.exists() and ran.read_text() == "Reboot\n")
    took = []
    for count in range(1, 4):
        emulator.event("Preempt")
        took.append(wait_for(lambda n=count: ran.read_text().count("Preempt") == n))  # type: ignore[misc]
    print(f"seconds until the command ran: {[round(seconds, 2) for seconds in took]}")
    assert max(took) < 2.0
    assert watcher.stop() == 0


def test_a_reboot_is_drained_approved_and_started(
    emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path
) -> None:
    """The command gets the event twice over, it ends with 0, the event is approved, and the emulator starts it."""
    emulator = emulate()
    command = f"cat >> {tmp_path}/input; env | grep ^AZURE_IMDS_EVENT_ | sort >> {tmp_path}/environment; echo noise"
    watcher = watch(emulator, "--exec", command, "--approve-on-success", "--state", str(tmp_path / "state.json"))
    event_id = emulator.event("Reboot", lasts="2s", description="quote ' $(touch pwned) \x1b[0m")
    wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled", "started", "completed"])
    wait_for(lambda: (tmp_path / "input").read_text().count("\n") == 3)
    given = [json.loads(line) for line in (tmp_path / "input").read_text().splitlines()]
    assert given == watcher.lines()
    first = dict(line.split("=", 1) for line in (tmp_path / "environment").read_text().splitlines()[:10])
    assert first["AZURE_IMDS_EVENT_ID"] == event_id
    assert first["AZURE_IMDS_EVENT_CHANGE"] == "scheduled"
    assert first["AZURE_IMDS_EVENT_RESOURCES"] == "web-01"
    assert first["AZURE_IMDS_EVENT_DESCRIPTION"] == "quote ' $(touch pwned) ?[0m"
    assert first["AZURE_IMDS_EVENT_NOT_BEFORE"] == given[0]["not_before"]
    assert [record.method for record in emulator.requests].count("POST") == 1
    assert watcher.stop() == 0
    errors = watcher.errors.read_text()
    assert f"Approved {event_id}." in errors
    assert "noise" in errors


def test_a_restart_repeats_no_command(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """A watch that was killed goes on where it was; one that was stopped in a command runs that one again."""
    emulator = emulate()
    ran, state = tmp_path / "ran", tmp_path / "state" / "events.json"
    flags = ("--exec", f"echo $AZURE_IMDS_EVENT_TYPE >> {ran}; [ $AZURE_IMDS_EVENT_TYPE != Redeploy ] || sleep 60",
             "--state", str(state))  # fmt: skip
    first = watch(emulator, *flags)
    reboot = emulator.event("Reboot")
    wait_for(lambda: state.exists() and reboot in state.read_text())
    assert ran.read_text() == "Reboot\n"
    second = watch(emulator, *flags)
    assert second.process.wait(60) == 1
    assert "watched already" in second.errors.read_text()
    first.stop(signal.SIGKILL)
    emulator.event("Terminate")
    third = watch(emulator, *flags)
    wait_for(lambda: ran.read_text() == "Reboot\nTerminate\n")
    emulator.event("Redeploy")
    wait_for(lambda: ran.read_text() == "Reboot\nTerminate\nRedeploy\n")
    assert third.stop() == 0
    fourth = watch(emulator, *flags)
    wait_for(lambda: ran.read_text() == "Reboot\nTerminate\nRedeploy\nRedeploy\n")
    assert fourth.stop() == 0


def test_many_approvals_leave_time_for_a_preempt(
    emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path
) -> None:
    """Approvals that fail take turns with looks for new events."""
    emulator = emulate()
    command = f'[ "$AZURE_IMDS_EVENT_TYPE" = Reboot ] || touch {tmp_path}/preempted'
    watcher = watch(emulator, "--exec", command, "--approve-on-success", "--state", str(tmp_path / "state.json"))
    for _event in range(6):
        emulator.event("Reboot", notice="10m")
    wait_for(lambda: any(record.method == "POST" for record in emulator.requests))
    emulator.event("Preempt")
    took = wait_for((tmp_path / "preempted").exists)
    assert took < 2.5, took
    wait_for(lambda: sum(record.method == "POST" for record in emulator.requests) >= 6)
    assert watcher.stop() == 0


def test_standard_output_without_a_reader(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """SIGTERM ends a watch that waits for its reader."""
    emulator = emulate()
    for _event in range(100):
        emulator.event("Freeze", description="x" * 2000)
    flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
    with subprocess.Popen(words("--watch", *flags), env=environment(), stdout=subprocess.PIPE) as process:
        wait_for(lambda: polls(emulator) > 0)
        time.sleep(1.0)
        process.terminate()
        assert process.wait(60) == 0
        assert process.stdout
        process.stdout.close()


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-"])
def test_commands_need_no_standard_output(redirected: str, emulate: Emulate, tmp_path: Path) -> None:
    """Where changes cannot be printed, commands run for them all the same."""
    emulator = emulate()
    emulator.event("Reboot")
    flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"), "--state", str(tmp_path / "state"))
    line = words("--watch", *flags, "--exec", f"touch {tmp_path}/ran")
    messages = tmp_path / "messages"
    with messages.open("wb") as errors:
        process = subprocess.Popen(
            ["sh", "-c", f'exec "$0" "$@" {redirected}', *line], env=environment(), stderr=errors
        )
    wait_for((tmp_path / "ran").exists)
    wait_for(lambda: "Commands are run all the same." in messages.read_text())
    process.terminate()
    assert process.wait(60) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk_does_not_end_the_watch(emulate: Emulate, tmp_path: Path) -> None:
    """The state cannot be written any more; that is reported once, and events go on."""
    emulator = emulate()
    small = tmp_path / "small"
    small.mkdir()
    flags = f"--endpoint {emulator.url} --cache-dir {tmp_path}/cache --state {small}/state/events.json"
    fill = f"(while [ ! -e {tmp_path}/begun ]; do sleep 0.1; done; cat /dev/zero > {small}/filler; touch {tmp_path}/full) &"
    script = f'mount -t tmpfs -o size=64k none {small} || exit 77; {fill} exec "$0" "$@" {flags}'
    line = words("--watch", "--exec", f"echo $AZURE_IMDS_EVENT_TYPE >> {tmp_path}/ran")
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script, *line], env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    wait_for(lambda: polls(emulator) > 0 or process.poll() is not None)
    if process.poll() == 77:
        pytest.skip("nothing can be mounted here")
    (tmp_path / "begun").touch()
    wait_for((tmp_path / "full").exists)
    emulator.event("Preempt", description="x" * 3000)
    wait_for((tmp_path / "ran").exists)
    seen = polls(emulator)
    wait_for(lambda: polls(emulator) > seen + 1)
    process.terminate()
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert errors.count("cannot be written") == 1


@pytest.mark.parametrize("script", ["429:retry-after=1*2,500*2", "hang*forever", "410*forever", "reset*forever"])
def test_outages_of_imds_and_sigterm(script: str, emulate: Emulate, watch: Callable[..., Watcher]) -> None:
    """The watch says once that IMDS fails, goes on where it answers again, and ends with 0 at once in any case."""
    emulator = emulate()
    watcher = watch(emulator)
    wait_for(lambda: polls(emulator) >= 1)
    emulator.fault(script)
    before = polls(emulator)
    wait_for(lambda: polls(emulator) > before or "Watching goes on" in watcher.errors.read_text())
    if "forever" in script:
        time.sleep(0.3)
    else:
        wait_for(lambda: "IMDS answers again" in watcher.errors.read_text())
        emulator.event("Preempt")
        wait_for(lambda: [line["change"] for line in watcher.lines()] == ["scheduled"])
    stopping = Stopwatch()
    assert watcher.stop() == 0
    assert stopping.seconds < 1.0
    assert "Traceback" not in watcher.errors.read_text()
