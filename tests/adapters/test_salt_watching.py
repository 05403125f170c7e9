# SPDX-License-Identifier: Apache-2.0
"""Test the beacon's configuration, and what it does where there is nothing to watch."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import free_port


@pytest.fixture(scope="module")
def beacons() -> Any:
    """The beacon's module, without the importer that Salt puts in the way of every later import."""
    finders = list(sys.meta_path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip("salt.utils.platform", reason="Salt is not installed", exc_type=ImportError)
            return import_module("azure_imds_facts.salt.beacons.azure_imds_events")
    finally:
        sys.meta_path[:] = finders


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ([{"interval": 1}], ""),
        ([{"interval": 0.5}, {"all": True}, {"disable_during_state_run": True}], ""),
        ([], ""),
        ({"interval": 1}, "list of mappings"),
        (["interval"], "list of mappings"),
        ([{"intervall": 1}], "knows no 'intervall'"),
        ([{"interval": "1"}], "interval has to be a number of seconds"),
        ([{"interval": True}], "interval has to be a number of seconds"),
        ([{"all": "yes"}], "all has to be True or False"),
    ],
)
def test_configuration(config: Any, told: str, beacons: Any) -> None:
    """A configuration that cannot be meant is refused, with what is wrong."""
    valid, comment = beacons.validate(config)
    assert valid is (told == "")
    assert told in comment


@pytest.mark.parametrize("detect", ["auto", "skip"])
def test_nothing_to_watch(detect: str, beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off Azure, and where nobody answers, the beacon returns nothing, raises nothing, and rests: long, or a little."""
    settings = {
        "endpoint": f"http://127.0.0.1:{free_port()}",
        "detect": detect,
        "timeout": 0.2,
        "cache_dir": str(tmp_path),
    }
    monkeypatch.setattr(beacons, "__opts__", {"cachedir": str(tmp_path), "azure_imds": settings}, raising=False)
    watching = import_module("azure_imds_facts.salt.watching")
    monkeypatch.setattr(watching, "_WATCHES", {})
    assert beacons.beacon([{"_beacon_name": "azure_imds_events"}]) == []
    (watch,) = watching._WATCHES.values()
    rests_s = watch._resting_until - watch._clock.monotonic()
    assert 50 < rests_s < 60 if detect == "auto" else 4 < rests_s < 5
    assert beacons.beacon([]) == []
