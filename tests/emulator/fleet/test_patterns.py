# SPDX-License-Identifier: Apache-2.0
"""Patterns of names and values."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.fleet.patterns import PLACEHOLDERS, parse_pattern

VALUES = {"n": 7, "zone": "2", "fault_domain": 4, "size": "Standard_B2s", "scale_set": "web-0", "set": 0, "instance": 7}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("web", "web"),
        ("", ""),
        ("web-{n}", "web-7"),
        ("web-{n:04}", "web-0007"),
        ("{n:4}", "0007"),
        ("z{zone}-f{fault_domain}-{size}", "z2-f4-Standard_B2s"),
        ("{scale_set}/{set:02}/{instance}", "web-0/00/7"),
    ],
)
def test_fill(text: str, filled: str) -> None:
    """A placeholder becomes its value, a number with a width has zeros in front."""
    assert parse_pattern(text).fill(VALUES) == filled
    assert set(VALUES) == set(PLACEHOLDERS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "a lone '{'; allowed: a name in braces"),
        ("a}b", "a lone '}'"),
        ("{}", "a lone '{'"),
        ("{n.real}", "a lone '{'"),
        ("{nn}", "unknown '{nn}'; allowed: n, zone, fault_domain"),
        ("{zone:02}", "unknown '{zone:02}'; allowed: n, zone, fault_domain, size, scale_set, set, instance, of which"),
    ],
)
def test_refuse(text: str, problem: str) -> None:
    """What is no placeholder is refused in one line that names those there are; nothing reaches into a value."""
    with pytest.raises(EmulatorError) as caught:
        parse_pattern(text)
    assert problem in str(caught.value)
