# SPDX-License-Identifier: Apache-2.0
"""The command `events` as a process, with the emulator as its IMDS."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from .processes import Watcher, environment, polls, run_events, wait_for, words

Emulate = Callable[..., Emulator]


def test_events_are_listed(emulate: Emulate, tmp_path: Path) -> None:
    """One line an event of this VM, with --all of the others too; the first call is announced, the second is not."""
    emulator = emulate()
    flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
    assert run_events(*flags).stdout == ""
    own, other = emulator.event("Reboot"), emulator.event("Freeze", resources="db")
    first = run_events(*flags)
    assert [json.loads(line)["eventId"] for line in first.stdout.splitlines()] == [own]
    assert (first.returncode, first.stderr) == (0, "")
    both = run_events(*flags, "--all")
    assert {json.loads(line)["eventId"] for line in both.stdout.splitlines()} == {own, other}
    fresh = run_events("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "other"))
    assert "switches scheduled events on for this VM, which may take up to two minutes" in fresh.stderr


def test_approval(emulate: Emulate, tmp_path: Path) -> None:
    """--approve starts the event, may be repeated, and says what is the matter with an id that is gone."""
    emulator = emulate()
    event_id = emulator.event("Reboot")
    flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
    answers = [json.loads(run_events(*flags, "--approve", event_id).stdout) for _time in range(2)]
    assert [answer["alreadyStarted"] for answer in answers] == [False, True]
    gone = run_events(*flags, "--approve", "0000")
    assert (gone.returncode, gone.stdout) == (7, "")
    assert "rejected: Event 0000 cannot be approved" in gone.stderr
    assert event_id in gone.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--exec", "true"], "Add --watch."),
        (["--watch", "--exec", ""], "--exec has no command"),
        (["--watch", "--approve-on-success"], "Add --exec."),
        (["--watch", "--exec", "true", "--all"], "Leave --all out."),
        (["--watch", "--approve", "X"], "Run it by itself."),
        (["--state", "x"], "Add --watch."),
        (["--watch", "--state", ""], "--state has no file"),
        (["--watch", "--vm-name", ""], "--vm-name has no name"),
        (["--approve", "X", "--all"], "Leave --all and --vm-name out."),
        (["--watch", "--exec-timeout", "5"], "--exec-timeout is for --exec."),
        (["--approve", ""], "--approve has no id"),
        (["--watch", "--exec", "true", "--exec-timeout", "0"], "Give seconds above 0."),
        (["--events-version", "2021-02-01"], "theirs are not the instance's"),
    ],
)
def test_wrong_flags(arguments: list[str], told: str) -> None:
    """Flags without sense together end at once, with the mend."""
    done = run_events("--endpoint", "http://127.0.0.1:9", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_help_teaches() -> None:
    """--help has examples, and names the variables that a command gets."""
    text = run_events("--help").stdout
    assert "azure-imds-facts events --watch --exec" in text
    assert "AZURE_IMDS_EVENT_" in text
    assert "up to two minutes" in text


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
    assert first["AZURE_IMDS_EVENT_NOT_BEFORE"] == given[0]["notBefore"]
    assert [record.method for record in emulator.requests].count("POST") == 1
    assert watcher.stop() == 0
    errors = watcher.errors.read_text()
    assert f"Approved {event_id}." in errors
    assert "noise" in errors


def test_a_command_that_fails_or_hangs(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """It is reported, nothing is approved, and the watch goes on."""
    emulator = emulate()
    command = 'test "$AZURE_IMDS_EVENT_TYPE" = Freeze || sleep 60; exit 3'
    flags = ("--exec-timeout", "1", "--approve-on-success", "--state", str(tmp_path / "state.json"))
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
    assert second.process.wait(60) == 2
    assert "watched already" in second.errors.read_text()
    first.stop(signal.SIGKILL)
    emulator.event("Freeze")
    third = watch(emulator, *flags)
    wait_for(lambda: ran.read_text() == "Reboot\nFreeze\n")
    emulator.event("Redeploy")
    wait_for(lambda: ran.read_text() == "Reboot\nFreeze\nRedeploy\n")
    assert third.stop() == 0
    fourth = watch(emulator, *flags)
    wait_for(lambda: ran.read_text() == "Reboot\nFreeze\nRedeploy\nRedeploy\n")
    assert fourth.stop() == 0


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
    assert json.loads(done.stdout)["eventType"] == "Freeze"
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


@pytest.mark.parametrize("end", ["timeout", "stop"])
def test_a_command_is_ended_with_all_that_it_started(
    end: str, emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path
) -> None:
    """A program that does not want to end is killed after the grace, though the shell that started it ended at once."""
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
    """A command that ends with 0 because it was told to end has not drained anything."""
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


def test_standard_output_that_nobody_reads(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
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
    told = tmp_path / "told"
    with told.open("wb") as errors:
        process = subprocess.Popen(
            ["sh", "-c", f'exec "$0" "$@" {redirected}', *line], env=environment(), stderr=errors
        )
    wait_for((tmp_path / "ran").exists)
    wait_for(lambda: "Commands are run all the same." in told.read_text())
    process.terminate()
    assert process.wait(60) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk_does_not_end_the_watch(emulate: Emulate, tmp_path: Path) -> None:
    """What was told cannot be kept any more; that is told, and events go on."""
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
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert told.count("cannot be kept") == 1


def test_several_approvals(emulate: Emulate, tmp_path: Path) -> None:
    """--approve may stand several times."""
    emulator = emulate()
    ids = [emulator.event("Reboot") for _event in range(2)]
    done = run_events(
        "--endpoint", emulator.url, "--cache-dir", str(tmp_path / "c"), "--approve", ids[0], "--approve", ids[1]
    )
    assert [json.loads(line)["eventId"] for line in done.stdout.splitlines()] == ids


@pytest.mark.parametrize("content", ["root:x:0:0::/root:/bin/sh\n", '{"mine": 1}', "[]", '{"events": []}'])
def test_a_file_of_somebody_else_s_is_left_alone(content: str, tmp_path: Path) -> None:
    """A state is written over nothing but a state, and no lock is left beside what is refused."""
    state = tmp_path / "theirs"
    state.write_text(content)
    done = run_events(
        "--watch", "--endpoint", "http://127.0.0.1:9", "--vm-name", "x", "--exec", "true", "--state", str(state)
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds something else" in done.stderr
    assert (state.read_text(), [path.name for path in tmp_path.iterdir()]) == (content, ["theirs"])
