# SPDX-License-Identifier: Apache-2.0
"""Test the beacon's configuration, and what it does where there is nothing to watch."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module, reload
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator


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
def test_nothing_to_watch(
    detect: str, beacons: Any, refused_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off Azure, and where nobody answers, the beacon returns nothing, raises nothing, and rests: long, or a little."""
    settings = {
        "endpoint": refused_endpoint,
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


def test_a_name_that_is_not_there_yet(beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IMDS answers without this VM's name, the beacon asks for it again, and then tells of its events."""
    watching = import_module("azure_imds_facts.salt.watching")
    monkeypatch.setattr(watching, "_WATCHES", {})
    with Emulator(rate_limit=0) as imds:
        name = imds.document["compute"]["name"]
        imds.set("compute.name", "")
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url, "cache_ttl": 0}}
        monkeypatch.setattr(beacons, "__opts__", opts, raising=False)
        assert beacons.beacon([]) == []
        imds.set("compute.name", name)
        imds.event("Reboot")
        (watch,) = watching._WATCHES.values()
        watch._resting_until = 0.0
        assert [told["tag"] for told in beacons.beacon([])] == ["Reboot"]


def test_a_reload_of_beacons_tells_nothing_twice(beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader makes the beacon's module anew; what was told is not of that module."""
    monkeypatch.setattr(import_module("azure_imds_facts.salt.watching"), "_WATCHES", {})
    with Emulator(rate_limit=0) as imds:
        imds.event("Reboot")
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url}}
        monkeypatch.setattr(beacons, "__opts__", opts, raising=False)
        assert len(beacons.beacon([])) == 1
        reloaded = reload(beacons)
        monkeypatch.setattr(reloaded, "__opts__", opts, raising=False)
        assert reloaded.beacon([]) == []
