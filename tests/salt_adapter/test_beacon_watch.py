# SPDX-License-Identifier: Apache-2.0
"""Test the watch behind the beacon: where there is nothing to watch, and across a reload of the beacon."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, reload
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator


@pytest.fixture(scope="module")
def beacons(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The beacon's module."""
    return import_salt_adapter("beacons.azure_imds_events")


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
    watching = import_module("azure_imds_facts.salt.beacon_watch")
    monkeypatch.setattr(watching, "_WATCHES", {})
    assert beacons.beacon([{"_beacon_name": "azure_imds_events"}]) == []
    (watch,) = watching._WATCHES.values()
    rests_s = watch._resting_until - watch._clock.monotonic()
    assert 50 < rests_s < 60 if detect == "auto" else 4 < rests_s < 5
    assert beacons.beacon([]) == []


def test_a_name_that_is_not_there_yet(beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IMDS answers without this VM's name, the beacon asks for it again, and then returns its events."""
    watching = import_module("azure_imds_facts.salt.beacon_watch")
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
        assert [change["tag"] for change in beacons.beacon([])] == ["Reboot"]


def test_a_reload_of_beacons_repeats_nothing(beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader makes the beacon's module anew; what was returned is not of that module."""
    monkeypatch.setattr(import_module("azure_imds_facts.salt.beacon_watch"), "_WATCHES", {})
    with Emulator(rate_limit=0) as imds:
        imds.event("Reboot")
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url}}
        monkeypatch.setattr(beacons, "__opts__", opts, raising=False)
        assert len(beacons.beacon([])) == 1
        reloaded = reload(beacons)
        monkeypatch.setattr(reloaded, "__opts__", opts, raising=False)
        assert reloaded.beacon([]) == []
