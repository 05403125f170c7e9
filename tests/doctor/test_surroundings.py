# SPDX-License-Identifier: Apache-2.0
"""Places without IMDS, and those who guard it."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest
from azure_imds_facts.core.errors import ImdsError, RejectedError, UnreachableError
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.statuses import HINT_PROXY
from azure_imds_facts.doctor.answer import Asked
from azure_imds_facts.doctor.findings import Finding
from azure_imds_facts.doctor.surroundings import check_surroundings

SIGNS = ("CONTAINER_APP_NAME", "WEBSITE_SITE_NAME")


def check(error: ImdsError | None, imdsd: str = "/none/imdsd") -> Finding:
    """Check after a collection that ended so."""
    asked = Asked(snapshot=None, error=error, responses=[], failures=[])
    return check_surroundings(build_settings({"endpoint": "http://127.0.0.1:9"}, {}), asked, imdsd=imdsd)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run where there is no sign."""
    for sign in SIGNS:
        monkeypatch.delenv(sign, raising=False)


@pytest.mark.parametrize("sign", SIGNS)
def test_places(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign counts where IMDS did not answer, and says what to do."""
    assert check(UnreachableError("No.")).verdict == "ok"
    monkeypatch.setenv(sign, "x")
    finding = check(UnreachableError("No."))
    assert (finding.verdict, "AZURE_IMDS_DISABLED=1" in finding.fix) == ("bad", True)
    assert check(None).verdict == "ok"


def test_a_proxy_s_words() -> None:
    """A 403 in a proxy's words is named as one."""
    finding = check(RejectedError("403", hint=HINT_PROXY))
    assert (finding.verdict, "Docker Desktop" in finding.text) == ("bad", True)


def test_systemd_imdsd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its socket is noted; a prohibit route is bad, and it may be its lock."""
    place = tmp_path / "io.systemd.InstanceMetadata"
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(place))
        finding = check(None, str(place))
    assert (finding.verdict, str(place) in finding.text) == ("note", True)
    monkeypatch.setattr("azure_imds_facts.doctor.surroundings.find_source", lambda _host: ("", errno.EACCES))
    finding = check(UnreachableError("No."))
    assert (finding.verdict, "systemd-imdsd" in finding.text, "prohibit" in finding.fix) == ("bad", True, True)
