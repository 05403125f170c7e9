# SPDX-License-Identifier: Apache-2.0
"""Test the reporter that drops messages, and text made safe to show."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.reporter import Reporter, printable


def test_messages_are_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    """The base of all reporters takes every message and prints none."""
    reporter = Reporter()
    for report in (reporter.warn, reporter.notice, reporter.attempt):
        report("A sentence.")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("größe 日本 🚀", "größe 日本 🚀"),
        ("a\nb\tc\x00", "a?b?c?"),
        ("\x1b]0;x\x07", "?]0;x?"),
        ("\x7f\x85\x9b", "???"),
        ("\u200b\u2028\u202e\ufeff\U000e0001", "?????"),
        ("\ud800", "?"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    """Every character that cannot be seen becomes `?`."""
    assert printable(text) == expected


def test_printable_is_cut() -> None:
    """A text is cut after 80 characters, after as many as requested, or not at all."""
    text = "x" * 1000
    assert len(printable(text)) == 80
    assert len(printable(text, most=3)) == 3
    assert printable(text, most=None) == text
