# SPDX-License-Identifier: Apache-2.0
"""This machine: what it is, its proxies, its cache directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.doctor.machine import check_cache, check_machine, check_proxies

from tests.support.hosts import build_host


@pytest.mark.parametrize(
    ("environ", "tag", "has_agent", "verdict", "part"),
    [
        ({}, "7783-7084-3265-9085-8269-3286-77", False, "ok", "DMI's chassis asset tag"),
        ({}, None, True, "ok", "DMI cannot be read"),
        ({}, None, False, "bad", ""),
        ({}, "Amazon EC2", True, "bad", "Amazon EC2"),
        ({"AZURE_IMDS_DETECT": "skip"}, "Amazon EC2", False, "skipped", "detect is skip"),
        ({"AZURE_IMDS_ENDPOINT": "http://127.0.0.1:9"}, None, False, "skipped", "detect is skip"),
        ({"AZURE_IMDS_DISABLED": "yes"}, "7783-7084-3265-9085-8269-3286-77", True, "bad", "AZURE_IMDS_DISABLED"),
    ],
)
def test_machine(
    environ: dict[str, str], tag: str | None, has_agent: bool, verdict: str, part: str, tmp_path: Path
) -> None:
    """The sign by which a machine is an Azure VM is named, and so is what says that it is none."""
    host = build_host(tmp_path, tag=tag)
    if has_agent:
        os.mkdir(host.agent_dir)
    finding = check_machine(build_settings({}, environ), host)
    assert finding.verdict == verdict
    assert part in finding.text
    assert finding.text.endswith(".")
    assert bool(finding.fix) == (verdict == "bad")


@pytest.mark.parametrize(
    ("environ", "verdict"),
    [
        ({}, "ok"),
        ({"http_proxy": ""}, "ok"),
        ({"no_proxy": "example.com"}, "ok"),
        ({"http_proxy": "http://p"}, "note"),
        ({"HTTPS_PROXY": "http://p", "no_proxy": "example.com"}, "note"),
        ({"ALL_PROXY": "http://p", "NO_PROXY": "localhost,169.254.169.254"}, "ok"),
        ({"http_proxy": "http://p", "no_proxy": "*"}, "ok"),
        ({"http_proxy": "http://p", "no_proxy": "*.example.com"}, "note"),
    ],
)
def test_proxies(environ: dict[str, str], verdict: str) -> None:
    """A proxy without an exception for IMDS is noted."""
    assert check_proxies(environ).verdict == verdict


def test_cache(tmp_path: Path) -> None:
    """A usable directory is made, and left empty; without one every run asks IMDS."""
    path = tmp_path / "cache"
    assert check_cache(build_settings({"cache_dir": str(path)}, {})).verdict == "ok"
    assert os.listdir(path) == []
    path.chmod(0o755)
    finding = check_cache(build_settings({"cache_dir": str(path)}, {}))
    assert (finding.verdict, str(path) in finding.text) == ("bad", True)


def test_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a runtime directory there is none, which is noted."""
    monkeypatch.setattr(os, "geteuid", lambda: 7)
    assert check_cache(build_settings({}, {})).verdict == "note"
