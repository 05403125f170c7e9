# SPDX-License-Identifier: Apache-2.0
"""Test Ctrl-C in a watch on Windows, by signals that any system has."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
from azure_imds_facts.core.events.signals import Stopped
from azure_imds_facts.core.windows.signals import WindowsSignals


@pytest.fixture(name="signals")
def _signals() -> Iterator[WindowsSignals]:
    """The signals of a watch, and afterwards those of pytest."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield WindowsSignals()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_sleep_ends(signals: WindowsSignals) -> None:
    """Ctrl-C ends a sleep within a moment, and no sleep begins afterwards."""
    started = time.monotonic()
    signals.sleep(0.05)
    assert time.monotonic() - started > 0.04
    signal.raise_signal(signal.SIGINT)
    assert signals.is_stopped
    started = time.monotonic()
    signals.sleep(60.0)
    assert time.monotonic() - started < 10.0


def test_it_interrupts_what_may_be_interrupted(signals: WindowsSignals) -> None:
    """Inside of `with` it raises, outside it is noted, and the next `with` raises at once."""
    with pytest.raises(Stopped), signals:
        signal.raise_signal(signal.SIGTERM)
    assert signals.is_stopped
    with pytest.raises(Stopped), signals:
        pass
