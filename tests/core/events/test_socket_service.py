# SPDX-License-Identifier: Apache-2.0
"""The service behind the socket as processes: data and commands, a second question, time limits, full memory."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from functools import partial
from pathlib import Path

import pytest
from azure_imds_facts.core.events.socket_service import REFUSED, TIMED_OUT, parse_change
from azure_imds_facts.core.events.spelling import build_environment

from tests.support.acceptor import SPELLED, accept
from tests.support.watchers import environment, run_events, wait_for, words


def test_the_command_gets_the_event_and_its_exit_code_comes_back(tmp_path: Path) -> None:
    """On its input, and in its environment; what it prints goes to the journal, and never to the asker."""
    command = f"cat > {tmp_path}/input; env > {tmp_path}/environment; echo noise; exit 7"
    with accept(tmp_path, command) as service:
        assert service.ask(SPELLED) == 7
    assert json.loads((tmp_path / "input").read_text()) == SPELLED
    given = (tmp_path / "environment").read_text().splitlines()
    assert {f"{name}={value}" for name, value in build_environment(SPELLED).items()} <= set(given)
    said = service.errors.read_text()
    assert "noise" in said
    assert f"The command for Reboot {SPELLED['event_id']} (scheduled) ended with 7." in said
    assert [process.returncode for process in service.processes] == [1]


def test_data_never_becomes_a_command(tmp_path: Path) -> None:
    """Text of any kind, in any field, is text; so is a field that nobody knows, which is left out."""
    evil = "$(touch pwned); `touch pwned`\n\0'\"; touch pwned #"
    fields = {
        name: evil for name, value in SPELLED.items() if isinstance(value, str) and name not in ("change", "event_id")
    }
    command = f'cd {tmp_path}; cat > input; echo "$AZURE_IMDS_EVENT_DESCRIPTION" > said'
    with accept(tmp_path, command) as service:
        assert service.ask({**SPELLED, **fields, "resources": [evil], "command": "touch pwned", "exec": evil}) == 0
    assert json.loads((tmp_path / "input").read_text()) == {**SPELLED, **fields, "resources": [evil]}
    assert (tmp_path / "said").read_text() == "$(touch pwned); `touch pwned`??'\"; touch pwned #\n"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"\n",
        b"scheduled Reboot",
        b"[" * 100_000,
        b"[]",
        b"\xff\xfe",
        b'{"change": "scheduled"}',
        {**SPELLED, "change": "drain"},
        {**SPELLED, "event_id": "../../etc/passwd"},
        {**SPELLED, "event_id": ""},
        {**SPELLED, "event_id": ["A"]},
        {**SPELLED, "seconds_left": True},
        {**SPELLED, "resources": "web-01"},
        {**SPELLED, "resources": [1]},
        {**SPELLED, "description": "x" * (3 << 20)},
    ],
    ids=lambda question: str(question)[:40],
)
def test_what_is_no_change_is_refused(tmp_path: Path, question: object) -> None:
    """The command does not run, nothing is recorded, and the answer says so."""
    with accept(tmp_path, f"touch {tmp_path}/ran") as service:
        try:
            assert service.ask(question) == REFUSED
        except (BrokenPipeError, ConnectionResetError):
            assert "x" * 100 in str(question)  # cut off where it is too long: there is more to read than it takes
    assert not (tmp_path / "ran").exists()
    assert not service.records.exists()
    assert "is no change" in service.errors.read_text()
    assert "Traceback" not in service.errors.read_text()


def test_a_change_of_a_large_event(tmp_path: Path) -> None:
    """A description as long as a document may be reaches the command, whether it reads its input or not."""
    large = {**SPELLED, "description": "é" * 500_000}
    with accept(tmp_path, f"cat > {tmp_path}/input") as service:
        assert service.ask(large) == 0
        assert json.loads((tmp_path / "input").read_text()) == large
    (tmp_path / "other").mkdir()
    with accept(tmp_path / "other", "exit 3") as service:
        assert service.ask(large) == 3


def test_a_second_question_waits_for_the_end_and_starts_nothing(tmp_path: Path) -> None:
    """Of two questions for one change one starts the command, both get its end, and so does a third after it."""
    command = f"echo ran >> {tmp_path}/ran; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exit 5"
    with accept(tmp_path, command) as service:
        first = service.send(SPELLED)
        wait_for((tmp_path / "ran").exists)
        # Time has passed: it is the same change all the same.
        second = service.send({**SPELLED, "seconds_left": 12, "event_id": SPELLED["event_id"].lower()})
        other = service.send({**SPELLED, "event_id": "B"})
        wait_for(lambda: (tmp_path / "ran").read_text() == "ran\n" * 2)
        (tmp_path / "go").touch()
        for connection in (first, second, other):
            with connection, connection.makefile() as answer:
                assert json.loads(answer.read()) == {"exit_code": 5}
        assert service.ask(SPELLED) == 5
    assert (tmp_path / "ran").read_text() == "ran\n" * 2
    assert stat.S_IMODE(service.records.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in service.records.iterdir()} == {0o600}


def test_the_command_outlives_the_asker(tmp_path: Path) -> None:
    """Where the watcher is killed the command goes on, and who asks next gets its end."""
    command = f"touch {tmp_path}/ran; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo ended >> {tmp_path}/ended"
    with accept(tmp_path, command) as service:
        service.send(SPELLED).close()
        wait_for((tmp_path / "ran").exists)
        waiting = service.send(SPELLED)
        wait_for(lambda: len(service.processes) == 2)
        # One that waits for nobody takes no place.
        waiting.close()
        wait_for(lambda: service.processes[1].poll() is not None)
        (tmp_path / "go").touch()
        wait_for((tmp_path / "ended").exists)
        assert service.ask(SPELLED) == 0
    assert (tmp_path / "ended").read_text() == "ended\n"


def read_pids(path: Path, *, most: int) -> list[int]:
    """The processes that a command has written down, `[]` before there are so many."""
    found = [int(line) for line in path.read_text().split()] if path.exists() else []
    return found if len(found) == most else []


def is_gone(path: Path) -> bool:
    """Whether nothing is there."""
    return not path.exists()


def test_a_command_that_was_cut_off_runs_again(tmp_path: Path) -> None:
    """Where the service is ended the command ends with it, and its end is not known: asked again, it runs again."""
    command = f"trap 'echo asked >> {tmp_path}/asked; exit 0' TERM; echo $$ >> {tmp_path}/ran; sleep 60 & wait"
    with accept(tmp_path, command) as service:
        for number, count in ((signal.SIGTERM, 1), (signal.SIGKILL, 2)):
            with service.send(SPELLED) as connection, connection.makefile() as answer:
                wait_for(partial(read_pids, tmp_path / "ran", most=count))
                service.processes[-1].send_signal(number)
                assert answer.read() == ""
            command_s_own = Path(f"/proc/{read_pids(tmp_path / 'ran', most=count)[-1]}")
            wait_for(partial(is_gone, command_s_own))
            # One that is asked may leave things in order.
            assert (tmp_path / "asked").read_text() == "asked\n"
    assert "was cut off. Asked again, it runs again." in service.errors.read_text()


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """With all that it started; the answer and the record say so, whatever it ends with."""
    command = f"trap 'touch {tmp_path}/asked; exit 0' TERM; sleep 60 & wait"
    with accept(tmp_path, command, "--exec-timeout", "0.5") as service:
        assert service.ask(SPELLED) == TIMED_OUT
        assert (tmp_path / "asked").exists()
        assert service.ask(SPELLED) == TIMED_OUT
    assert "took over 0.5 s and is ended." in service.errors.read_text()


def test_full_memory_keeps_no_command_from_running(tmp_path: Path) -> None:
    """Where nothing can be recorded, a machine that is to be taken away is drained all the same."""
    if os.geteuid() != 0:
        pytest.skip("mounts a file system that is full, which only root may")
    script = f"""
        set -e
        mkdir {tmp_path}/records
        mount -t tmpfs -o size=4k,mode=700 tmpfs {tmp_path}/records
        head -c 4096 /dev/zero > {tmp_path}/records/full
        exec "$@"
    """
    asker = f"""
import json, socket, subprocess, sys
mine, its = socket.socketpair()
mine.sendall(json.dumps({SPELLED!r}).encode()); mine.shutdown(socket.SHUT_WR)
done = subprocess.run(sys.argv[1:], stdin=its, check=False); its.close()
print(done.returncode, mine.makefile().read())
"""
    service = words("--take-over", f"touch {tmp_path}/ran; exit 4")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", service[0], "-c", asker, *service],
        env=environment(RUNTIME_DIRECTORY=str(tmp_path / "records")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == '1 {"exit_code": 4}\n\n', done.stderr
    assert (tmp_path / "ran").exists()
    assert "records cannot be used: No space left on device. Asked again, the command runs again." in done.stderr


def test_a_record_s_end_needs_no_more_room(tmp_path: Path) -> None:
    """Memory that fills up while the command runs does not lose its end."""
    from azure_imds_facts.core.events.socket_records import Records  # noqa: PLC0415

    records = Records(str(tmp_path / "records"))
    record = records.lock("A")
    assert record
    record.begin(SPELLED)
    (path,) = (tmp_path / "records").iterdir()
    before = (path.stat().st_size, path.stat().st_blocks)
    record.end(SPELLED, 3)
    assert (path.stat().st_size, path.stat().st_blocks) == before
    assert record.find(SPELLED) == 3


def test_without_a_socket() -> None:
    """On a terminal or a pipe it says what starts it."""
    done = run_events("--take-over", "true")
    assert done.returncode == 2
    assert "Standard input is no socket. azure-imds-event@.service starts this" in done.stderr


def test_parse_change_takes_what_is_spelled() -> None:
    """What `spell_change` makes passes unchanged."""
    assert parse_change(json.dumps(SPELLED).encode()) == SPELLED
