# SPDX-License-Identifier: Apache-2.0
"""Azure Arc's agent: whether it is asked, and why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.core.host import AZURE_ASSET_TAG
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.doctor.arc import check_arc, find_asked

from tests.support.hosts import build_arc_host, build_host, listening

SIGNS = {"IMDS_ENDPOINT": "http://localhost:40342", "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity"}


@pytest.mark.parametrize(
    ("sockets", "environ", "tag", "verdict", "part"),
    [
        ((), {}, "RACK-07", "ok", "127.0.0.1:40342 is root's or its own"),
        ((listening(1000),), {}, "RACK-07", "bad", "uid 1000 (alice) listens there"),
        ((listening(80, port=80),), {}, "RACK-07", "bad", "no program listens there"),
        ((), {"AZURE_IMDS_ARC": "no"}, "RACK-07", "note", "left alone for AZURE_IMDS_ARC"),
        ((), {}, AZURE_ASSET_TAG, "skipped", "DMI says that this is an Azure VM"),
        ((), {"AZURE_IMDS_DETECT": "skip"}, "RACK-07", "skipped", "detect is skip"),
        ((), {"AZURE_IMDS_ENDPOINT": "http://127.0.0.1:9"}, "RACK-07", "skipped", "an endpoint is named"),
        ((), {"AZURE_IMDS_DISABLED": "1"}, "RACK-07", "skipped", "not asked: AZURE_IMDS_DISABLED is set."),
    ],
)
def test_installed(
    sockets: tuple[str, ...], environ: dict[str, str], tag: str, verdict: str, part: str, tmp_path: Path
) -> None:
    """The sign, and what keeps the agent from being asked, are named; the owner of a listener too."""
    finding = check_arc(build_settings({}, environ), build_arc_host(tmp_path, *sockets, tag=tag))
    assert finding.verdict == verdict
    assert part in finding.text
    assert str(tmp_path / "himds") in finding.text
    assert bool(finding.fix) == (verdict in ("bad", "note"))


def test_not_installed(tmp_path: Path) -> None:
    """Without the agent's program and its two variables there is nothing to say."""
    host = build_host(tmp_path, tag="RACK-07")
    assert check_arc(build_settings({}, {}), host).text == "Its agent is not installed."
    assert "IMDS_ENDPOINT and IDENTITY_ENDPOINT" in check_arc(build_settings({}, SIGNS), host).text


def test_what_is_asked(tmp_path: Path) -> None:
    """The other checks look at the endpoint that is asked."""
    settings = build_settings({}, {})
    assert find_asked(settings, build_arc_host(tmp_path / "arc")).endpoint == "http://127.0.0.1:40342"
    assert find_asked(settings, build_host(tmp_path / "other", tag="RACK-07")) == settings
