# SPDX-License-Identifier: Apache-2.0
"""Test how dates are read."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.clock import parse_date
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 19 Sep 2016 18:29:47 GMT", 1474309787.0),
        ("Mon, 19 Sep 2016 20:29:47 +0200", 1474309787.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("", None),
        (None, None),
        (5, None),
        ("soon", None),
        ("Mon, 19 Sep", None),
        ("Mon, 99 Foo 2016 18:29:47 GMT", None),
    ],
)
def test_parse_date(text: object, expected: float | None) -> None:
    """A date of RFC 1123 becomes seconds since 1970, anything else None."""
    assert parse_date(text) == expected


@given(st.text(max_size=40) | st.from_regex(r"Mon, \d{1,12} Sep \d{1,12} \d{1,9}:\d{1,9}:\d{1,9} [+-]\d{1,9}"))
def test_any_text(text: str) -> None:
    """Whatever the text, it never raises."""
    parse_date(text)
