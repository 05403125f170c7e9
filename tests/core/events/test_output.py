# SPDX-License-Identifier: Apache-2.0
"""Lines for readers that are slow, gone, or were never there."""

from __future__ import annotations

import json
import os
import pty
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.core.events.output import MOST_BUFFERED, Output

from tests.support.reporters import ListReporter
from tests.support.stopwatch import Stopwatch


@pytest.fixture(params=["pipe", "socket", "terminal"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Return a reader's and a writer's end of each kind of stream."""
    if request.param == "pipe":
        reader, writer = os.pipe()
    elif request.param == "socket":
        one, other = socket.socketpair()
        reader, writer = one.detach(), other.detach()
    else:
        reader, writer = pty.openpty()
    yield reader, writer
    for end in (reader, writer):
        os.close(end)


def test_a_reader_that_does_not_read(ends: tuple[int, int], reporter: ListReporter) -> None:
    """Nothing blocks: lines wait up to 1 MiB, then they are dropped with one warning; what waits comes whole."""
    reader, writer = ends
    output = Output(writer, reporter=reporter)
    watch = Stopwatch()
    for number in range(300):
        output.print_json({"number": number, "text": "x" * 10_000})
    assert watch.seconds < 5
    assert output.dropped > 100
    assert len(reporter.warnings) == 1
    assert "dropped" in reporter.warnings[0]
    assert len(output._waiting) <= MOST_BUFFERED
    received = b""
    while output.waiting_for:
        output.flush()
        received += os.read(reader, 1 << 20)
    os.set_blocking(reader, False)
    try:
        while piece := os.read(reader, 1 << 20):
            received += piece
    except BlockingIOError:
        pass
    numbers = [json.loads(line)["number"] for line in received.splitlines()]
    assert numbers == list(range(300 - output.dropped))


def test_the_writer_s_end_stays_as_it_was(ends: tuple[int, int], reporter: ListReporter) -> None:
    """Others who share it, such as the shell in a terminal, still block."""
    Output(ends[1], reporter=reporter).print_json(1)
    assert os.get_blocking(ends[1])


@pytest.mark.parametrize("is_needed", [False, True])
def test_a_reader_that_has_gone(is_needed: bool, reporter: ListReporter) -> None:
    """That ends a watch which serves nothing else; with commands it is reported once."""
    reader, writer = os.pipe()
    os.close(reader)
    output = Output(writer, reporter=reporter, is_needed=is_needed)
    if is_needed:
        with pytest.raises(BrokenPipeError):
            output.print_json(1)
    else:
        output.print_json(1)
        output.print_json(2)
        assert len(reporter.warnings) == 1
        assert "Commands are run all the same." in reporter.warnings[0]
    os.close(writer)


def test_a_full_disk(reporter: ListReporter) -> None:
    """It is reported once, and what waits is tried again."""
    with Path("/dev/full").open("wb") as full:
        output = Output(full.fileno(), reporter=reporter)
        output.print_json(1)
        output.print_json(2)
        assert output.waiting_for
    assert len(reporter.warnings) == 1


def test_what_cannot_be_seen_is_escaped(tmp_path: Path, reporter: ListReporter) -> None:
    """A line does nothing to a terminal, and letters of all scripts stay."""
    with (tmp_path / "out").open("wb") as file:
        output = Output(file.fileno(), reporter=reporter)
        output.print_json({"text": "größe"})
        output.print_json({"text": "\u202e\x9b\ud800"})
    first, second = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert first == '{"text": "größe"}'
    assert second.isascii()
    assert json.loads(second)["text"] == "\u202e\x9b\ud800"
