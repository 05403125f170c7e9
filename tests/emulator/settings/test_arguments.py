# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments of the context manager."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.settings.arguments import build_settings


def test_differences_to_settings() -> None:
    """One name or several for vm, one fault script, events as text, and no rate limit by default."""
    settings = build_settings({"vm": "spot", "fault": "500", "events": ["Reboot:after=1s"], "tags": [("a", "b")]})
    assert (settings.vms, settings.faults, settings.tags) == (("spot",), (("/", "500"),), (("a", "b"),))
    assert (settings.events[0].kind, settings.events[0].arguments) == ("Reboot", {"after_s": 1})
    assert settings.rate_limit == 0
    assert build_settings({"vm": ["linux", "spot"]}).vms == ("linux", "spot")


def test_documents_stay_lists() -> None:
    """Only settings that are sequences become tuples."""
    settings = build_settings({"document": [1], "raw": True, "versions": ["2021-02-01"]})
    assert (settings.document, settings.versions) == ([1], ("2021-02-01",))


def test_arguments_take_precedence_over_a_scenario(tmp_path: Path) -> None:
    """A scenario supplies the values that are not given."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "scenario.yaml"
    path.write_text("cloud: china\nera: 2019\nrate_limit: 3\n")
    settings = build_settings({"scenario": path, "cloud": "german"})
    assert (settings.cloud, settings.era, settings.rate_limit) == ("german", "2019", 3)


def test_unknown_arguments() -> None:
    """An argument that is not a setting is an error of the caller."""
    with pytest.raises(TypeError, match="cluod"):
        build_settings({"cluod": "public"})
    with pytest.raises(EmulatorError, match="unknown event"):
        build_settings({"events": ["Explode"]})
