# SPDX-License-Identifier: Apache-2.0
"""Signals for a loop that waits, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.watchers import environment

BEGIN = """
import os, signal, subprocess, sys, time
from azure_imds_facts.core.events.signals import Signals, Stopped
signals = Signals()
number = int(sys.argv[1])
began = time.monotonic()
"""
REQUESTS = [signal.SIGTERM, signal.SIGINT]


def run_loop(program: str, number: int = 0) -> str:
    """Run a program with `signals` made; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, str(int(number))],
        env=environment(), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("number", REQUESTS)
def test_a_request_is_noted(number: int) -> None:
    """Where no harm may be done a request to stop is only noted: it ends sleeps, and the next part that may be ended."""
    program = """
os.kill(os.getpid(), number)
signals.sleep(20)
signals.sleep(20)
print(signals.is_stopped, time.monotonic() - began < 10)
try:
    with signals:
        print("entered")
except Stopped:
    print("stopped")
"""
    assert run_loop(program, number) == "True True\nstopped\n"


@pytest.mark.parametrize("number", REQUESTS)
def test_a_request_interrupts(number: int) -> None:
    """Inside a part that may be ended it raises at once, and once: the way out is not interrupted."""
    program = """
try:
    with signals:
        subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(0.3); os.kill({os.getpid()}, {number})"])
        for _ in range(200):
            time.sleep(0.1)
except Stopped:
    os.kill(os.getpid(), number)
    print("stopped", signals.is_stopped, time.monotonic() - began < 10)
"""
    assert run_loop(program, number) == "stopped True True\n"


def test_the_end_of_a_child_ends_a_sleep() -> None:
    """A loop notices at once that a command has ended, and goes on."""
    program = """
child = subprocess.Popen(["sleep", "0.3"])
signals.sleep(20)
print(child.wait(), signals.is_stopped, time.monotonic() - began < 10)
"""
    assert run_loop(program) == "0 False True\n"


def test_a_sleep_without_signals() -> None:
    """It lasts as long as requested."""
    assert run_loop("signals.sleep(0.3)\nprint(0.3 <= time.monotonic() - began < 10)") == "True\n"
