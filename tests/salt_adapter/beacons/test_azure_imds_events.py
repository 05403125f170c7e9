# SPDX-License-Identifier: Apache-2.0
"""Test the beacon's configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def beacons(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The beacon's module."""
    return import_salt_adapter("beacons.azure_imds_events")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([{"interval": 1}], ""),
        ([{"interval": 0.5}, {"all": True}, {"disable_during_state_run": True}], ""),
        ([], ""),
        ({"interval": 1}, "list of mappings"),
        (["interval"], "list of mappings"),
        ([{"intervall": 1}], "knows no 'intervall'"),
        ([{"interval": "1"}], "interval has to be a number of seconds"),
        ([{"interval": True}], "interval has to be a number of seconds"),
        ([{"remind": 30}], ""),
        ([{"remind": "often"}], "remind has to be a number of seconds"),
        ([{"all": "yes"}], "all has to be True or False"),
    ],
)
def test_configuration(config: Any, message: str, beacons: Any) -> None:
    """A configuration that cannot be meant is refused, with what is wrong."""
    valid, comment = beacons.validate(config)
    assert valid is (message == "")
    assert message in comment
