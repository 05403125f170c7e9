# SPDX-License-Identifier: Apache-2.0
"""Test facts as YAML."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.command_line import Run
from tests.support.servers import RawServer


def test_yaml(run: Run, imds: RawServer) -> None:
    """YAML holds the same as JSON."""
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    in_json = json.loads(run("facts", "--endpoint", imds.url).out)
    in_yaml = yaml.safe_load(run("facts", "--endpoint", imds.url, "--format", "yaml").out)
    for facts in (in_json, in_yaml):
        del facts["snapshot"]["age_seconds"], facts["snapshot"]["source"]
    assert in_yaml == in_json


def test_yaml_without_pyyaml(run: Run, imds: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML it is usage, and nothing is asked."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "azure_imds_facts.formats.local_yaml", raising=False)
    ended = run("facts", "--endpoint", imds.url, "--format", "yaml")
    assert (ended.code, ended.out) == (2, "")
    assert "PyYAML" in ended.err
    assert not imds.requests
