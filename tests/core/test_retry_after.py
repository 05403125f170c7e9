# SPDX-License-Identifier: Apache-2.0
"""Test how long is waited."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.client import backoff, parse_retry_after

NOW = 1474309787.0  # Mon, 19 Sep 2016 18:29:47 GMT


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "007"}, 7.0),
        ({"retry-after": "9" * 5000}, float("inf")),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 19 Sep 2016 18:29:57 GMT"}, 10.0),
        ({"retry-after": "Mon, 19 Sep 2016 18:29:37 GMT"}, 0.0),
        ({"retry-after": "Tue, 19 Sep 2017 18:29:57 GMT", "date": "Tue, 19 Sep 2017 18:29:55 GMT"}, 2.0),
        ({"retry-after": "Mon, 19 Sep 2016 18:29:57 GMT", "date": "nonsense"}, 10.0),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_parse_retry_after(headers: dict[str, str], expected: float | None) -> None:
    """Seconds or a date, counted from the server's own date where it names one."""
    assert parse_retry_after(headers, now=NOW) == expected


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 0.1, 0.2), (2, 0.2, 0.4), (3, 0.4, 0.8), (4, 0.5, 1), (9999, 0.5, 1)]
)
def test_backoff(failures: int, least: float, most: float) -> None:
    """Waits double up to a second, with jitter over their upper half."""
    assert backoff(failures, random=0.0) == pytest.approx(least)
    assert backoff(failures, random=1.0) == pytest.approx(most)
