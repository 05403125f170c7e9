# SPDX-License-Identifier: Apache-2.0
"""Test which api-version is chosen."""

from __future__ import annotations

import re

import pytest
from azure_imds_facts.core.versions import (
    FALLBACKS,
    KNOWN,
    NEWEST,
    PREVIEW,
    SCHEDULED_EVENTS,
    choose_version,
)


def test_table() -> None:
    """The table is sorted, without doubles, and made of dates."""
    assert list(KNOWN) == sorted(set(KNOWN))
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", version) for version in KNOWN)
    assert (KNOWN[-1], KNOWN[0]) == (NEWEST, PREVIEW)
    assert FALLBACKS == ("2021-02-01", "2019-06-01", "2017-04-02")
    assert set(FALLBACKS) <= set(KNOWN)
    assert SCHEDULED_EVENTS[0] == "2020-07-01"
    assert list(SCHEDULED_EVENTS) == sorted(SCHEDULED_EVENTS, reverse=True)


@pytest.mark.parametrize(
    ("offered", "refused", "expected"),
    [
        ([], [], None),
        (["2021-02-01", "2021-01-01"], [], "2021-02-01"),
        (["2021-01-01", "2021-02-01"], [], "2021-02-01"),
        (["2099-01-01", "2021-02-01"], [], "2021-02-01"),
        (["2099-01-01", "nonsense", 5, None], [], None),
        (["2021-02-01", "2020-06-01"], ["2021-02-01"], "2020-06-01"),
        (["2017-03-01"], [], None),
        (["2017-03-01", "2017-04-02"], [], "2017-04-02"),
        ([["2021-02-01"]], [], None),
    ],
)
def test_choose_version(offered: list[object], refused: list[str], expected: str | None) -> None:
    """The newest that both sides know, in whatever order it is offered; never the preview or one that was refused."""
    assert choose_version(offered, refused) == expected


def test_choose_fallback() -> None:
    """The guesses come in their order and end."""
    assert choose_version(FALLBACKS, []) == "2021-02-01"
    assert choose_version(FALLBACKS, ["2021-02-01"]) == "2019-06-01"
    assert choose_version(FALLBACKS, FALLBACKS[:2]) == "2017-04-02"
    assert choose_version(FALLBACKS, FALLBACKS) is None
