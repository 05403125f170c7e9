# SPDX-License-Identifier: Apache-2.0
"""Test the lines of a watch on Windows, for readers that are slow, stop, or go. The thread is the same on any system."""

from __future__ import annotations

import os
import time

import pytest
from azure_imds_facts.core.events.output import MOST_BUFFERED
from azure_imds_facts.core.windows.output import WindowsOutput

from tests.support.reporters import ListReporter


def test_lines_come_in_order(reporter: ListReporter) -> None:
    """A reader gets all lines, each as it is printed."""
    read_end, write_end = os.pipe()
    output = WindowsOutput(write_end, reporter=reporter)
    for number in range(100):
        output.print_json({"number": number})
    output.close()
    assert output.waiting_for == []
    assert os.read(read_end, 1 << 20).decode().splitlines() == [f'{{"number": {number}}}' for number in range(100)]
    os.close(read_end)


def test_a_reader_that_stops(reporter: ListReporter) -> None:
    """Nothing waits for it: what finds no place is dropped, with one warning."""
    read_end, write_end = os.pipe()
    output = WindowsOutput(write_end, reporter=reporter)
    line = b"x" * 65_535 + b"\n"
    for _line in range(MOST_BUFFERED // len(line) + 10):
        output.print_line(line)
    assert output.dropped > 0
    assert len(reporter.warnings) == 1
    os.close(read_end)


def test_a_reader_that_goes(reporter: ListReporter) -> None:
    """The watch serves nothing else, so it ends."""
    read_end, write_end = os.pipe()
    output = WindowsOutput(write_end, reporter=reporter)
    os.close(read_end)
    output.print_line(b"lost\n")
    output.close()
    time.sleep(0.05)
    with pytest.raises(BrokenPipeError):
        output.flush()
