# SPDX-License-Identifier: Apache-2.0
"""The watcher's side of the socket, against the service and against sockets that fail."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.events.model import changes, parse_timeline
from azure_imds_facts.core.events.socket_runner import SocketRun, SocketRunner

from tests.support.acceptor import SPELLED, accept
from tests.support.clocks import ManualClock
from tests.support.emulators import Emulate
from tests.support.events import document, raw_event
from tests.support.watchers import Watcher, wait_for


def start(path: str | Path, clock: Clock | None = None, **fields: object) -> SocketRun:
    """Hand a change over."""
    (change,) = changes(None, parse_timeline(document(raw_event())))
    return SocketRunner(str(path), clock=clock or Clock()).start(change, {**SPELLED, **fields})


def wait_for_end(run: SocketRun) -> int:
    """Poll until the command has ended, and return its exit code."""
    wait_for(lambda: run.poll() is not None)
    code = run.poll()
    assert code is not None
    return code


def test_the_exit_code_comes_back(tmp_path: Path) -> None:
    """Also that of a large event, which no socket takes at once, and of a command that a signal ends."""
    with accept(tmp_path, '[ "$AZURE_IMDS_EVENT_TYPE" = Reboot ] && exit 9; kill -9 $$') as service:
        assert wait_for_end(start(service.path)) == 9
        assert wait_for_end(start(service.path, event_id="B", event_type="Freeze")) == -9
        assert wait_for_end(start(service.path, event_id="C", description="x" * 1_000_000)) == 9


def test_nobody_listens(tmp_path: Path) -> None:
    """It cannot be started now, which is an OSError: without a socket, and where none listens on it any more."""
    with pytest.raises(FileNotFoundError):
        start(tmp_path / "none.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dead.sock"))
    with pytest.raises(ConnectionRefusedError):
        start(tmp_path / "dead.sock")


@pytest.mark.parametrize(
    "answer", [b"", b"exit 0\n", b"[]", b"{}", b'{"exit_code": true}', b'{"exit_code": 1e9}', b"\xff"]
)
def test_no_answer_is_asked_for_again(tmp_path: Path, answer: bytes) -> None:
    """A connection that ends without an exit code is opened anew, a second later."""
    clock = ManualClock()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "event.sock"))
        listener.listen()
        run = start(tmp_path / "event.sock", clock)
        assert run.poll() is None
        for said in (answer, b'{"exit_code": 3}\n'):
            connection, _address = listener.accept()
            with connection, connection.makefile() as question:
                assert json.loads(question.read()) == SPELLED
                connection.sendall(said)
            assert run.poll() in (None, 3)
            clock.advance(0.9)
            run.poll()
            clock.advance(0.2)
            run.poll()
        assert run.poll() == 3


def test_too_many_at_once(tmp_path: Path) -> None:
    """What finds no place is handed over once there is one."""
    with accept(
        tmp_path, f"echo >> {tmp_path}/ran; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", most=2
    ) as service:
        runs = [start(service.path, event_id=name) for name in ("A", "B", "C")]
        wait_for(lambda: not any(run.poll() for run in runs) and service.refused)
        (tmp_path / "go").touch()
        assert [wait_for_end(run) for run in runs] == [0, 0, 0]
    assert (tmp_path / "ran").read_text() == "\n" * 3


def test_given_up(tmp_path: Path) -> None:
    """A run that is given up is over; its command goes on."""
    with accept(tmp_path, f"sleep 0.5; touch {tmp_path}/ended") as service:
        run = start(service.path)
        run.ask_to_end()
        assert run.poll() is None
        wait_for(lambda: service.processes)
        run.kill()
        assert run.poll() != 0
        wait_for((tmp_path / "ended").exists)


def list_changes(watcher: Watcher) -> list[str]:
    """The kinds of the changes that a watcher has printed."""
    return [line["change"] for line in watcher.lines()]


def test_a_watch_hands_over_and_approves(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """Event, command, approval, start and end, with the command behind the socket."""
    emulator = emulate()
    with accept(tmp_path, f'echo "$AZURE_IMDS_EVENT_CHANGE" >> {tmp_path}/ran') as service:
        flags = ("--hand-over", service.path, "--approve-on-success", "--state", str(tmp_path / "state.json"))
        watcher = watch(emulator, *flags)
        event_id = emulator.event("Reboot", lasts="2s")
        wait_for(lambda: list_changes(watcher) == ["scheduled", "started", "completed"])
        wait_for(lambda: (tmp_path / "ran").read_text() == "scheduled\nstarted\ncompleted\n")
        assert watcher.stop() == 0
    assert f"Approved {event_id}." in watcher.errors.read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_watcher_finds_its_command_again(
    emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path, number: int
) -> None:
    """The drain goes on, the next watcher starts no second one beside it, and approves once it has ended."""
    emulator = emulate()
    command = f"echo $$ >> {tmp_path}/ran; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    with accept(tmp_path, command) as service:
        flags = ("--hand-over", service.path, "--approve-on-success", "--state", str(tmp_path / "state.json"))
        watcher = watch(emulator, *flags)
        event_id = emulator.event("Reboot", lasts="60s")
        wait_for((tmp_path / "ran").exists)
        watcher.stop(number)
        second = watch(emulator, *flags)
        wait_for(lambda: len(service.processes) == 2)
        (pid,) = (tmp_path / "ran").read_text().split()
        os.kill(int(pid), 0)
        (tmp_path / "go").touch()
        wait_for(lambda: f"Approved {event_id}." in second.errors.read_text())
        wait_for(lambda: (tmp_path / "ran").read_text().count("\n") == 2)  # `started` has its own
        second.stop()


def test_a_socket_that_comes_later(emulate: Emulate, watch: Callable[..., Watcher], tmp_path: Path) -> None:
    """Where nothing listens yet, the change waits until something does."""
    emulator = emulate()
    emulator.event("Preempt")
    watcher = watch(emulator, "--hand-over", str(tmp_path / "event.sock"), "--state", str(tmp_path / "state.json"))
    wait_for(lambda: "cannot be started" in watcher.errors.read_text())
    with accept(tmp_path, f"touch {tmp_path}/ran"):
        wait_for((tmp_path / "ran").exists)
        watcher.stop()
