# SPDX-License-Identifier: Apache-2.0
"""Messages on a standard error that nobody reads hold up nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core.events.messages import flush_messages, unblocked_messages

from tests.support.emulators import Emulate
from tests.support.watchers import environment, wait_for, words

LINES = """
import sys
from azure_imds_facts.core.events.messages import flush_messages, unblocked_messages
with unblocked_messages():
    for number in range(20_000):
        print(f"line {number}", file=sys.stderr, flush=True)
    print("done", flush=True)
    while sys.stdin.readline():
        flush_messages()
        print("flushed", flush=True)
"""


def test_a_preempt_while_standard_error_is_full(emulate: Emulate, tmp_path: Path) -> None:
    """A command that fills the pipe of messages delays neither other events' commands nor SIGTERM."""
    emulator = emulate()
    log, flags = tmp_path / "log", ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
    command = f"echo $AZURE_IMDS_EVENT_TYPE >> {log}; [ $AZURE_IMDS_EVENT_TYPE = Preempt ] || yes >&2; exit 3"
    line = words("--watch", *flags, "--state", str(tmp_path / "state"), "--exec", command, "--exec-timeout", "1")
    reader, writer = os.pipe()
    with subprocess.Popen(line, env=environment(), stdout=subprocess.DEVNULL, stderr=writer) as process:
        os.close(writer)
        try:
            emulator.event("Reboot", notice="600s")
            wait_for(lambda: log.exists() and "Reboot" in log.read_text())
            # It is ended as late, about which there is a message.
            wait_for(lambda: "ended_at" in (tmp_path / "state").read_text(), seconds=20)
            emulator.event("Preempt", notice="30s")
            wait_for(lambda: "Preempt" in log.read_text(), seconds=20)
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
    os.close(reader)


def test_lines_wait_for_their_reader() -> None:
    """What a pipe has no place for comes once it is read, in order."""
    with subprocess.Popen(
        [sys.executable, "-c", LINES], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "done\n"
        for number in range(20_000):
            if number % 500 == 0:
                process.stdin.write("\n")
                process.stdin.flush()
            assert process.stderr.readline() == f"line {number}\n"
        process.stdin.close()
        process.stdout.read()
        assert process.wait(20) == 0


def test_a_stream_without_a_descriptor(capsys: pytest.CaptureFixture[str]) -> None:
    """It is left as it is, for example one that a test reads."""
    stream = sys.stderr
    with unblocked_messages():
        assert sys.stderr is stream
        print("hello", file=sys.stderr)
        flush_messages()
    assert capsys.readouterr().err == "hello\n"
