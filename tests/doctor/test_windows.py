# SPDX-License-Identifier: Apache-2.0
"""The checks in the words of Windows, for what no Windows here brings about."""

from __future__ import annotations

import errno

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import UnreachableError
from azure_imds_facts.core.settings import Settings
from azure_imds_facts.core.transport import Response
from azure_imds_facts.doctor import windows
from azure_imds_facts.doctor.answer import REFUSED, Asked

from tests.core.windows.test_host import Machine
from tests.core.windows.test_smbios import AZURE

HOST = "169.254.169.254"
ANSWER = Response(status=200, headers={}, body=b"", local_address="10.1.0.4")


def _asked(*failures: str, responses: tuple[Response, ...] = ()) -> Asked:
    error = None if responses else UnreachableError("No.")
    return Asked(snapshot=None, error=error, responses=list(responses), failures=list(failures))


@pytest.mark.parametrize(
    ("source", "asked", "verdict", "said"),
    [
        (("10.1.0.4", 0), _asked(responses=(ANSWER,)), "ok", "and are answered"),
        (
            ("10.1.0.4", 0),
            _asked("no complete answer in time"),
            "note",
            "Find-NetRoute -RemoteIPAddress 169.254.169.254",
        ),
        (("10.1.0.4", 0), _asked(REFUSED), "ok", "leave from 10.1.0.4."),
        (("", errno.ENETUNREACH), _asked("network is unreachable"), "bad", "There is no route"),
        (("", errno.EACCES), _asked("permission denied"), "bad", "do not leave this machine"),
        (("127.0.0.1", 0), _asked("no complete answer in time"), "ok", "stay on this machine"),
    ],
)
def test_route(source: tuple[str, int], asked: Asked, verdict: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where requests leave is said as far as Windows tells it, with what shows the rest."""
    monkeypatch.setattr(windows, "find_source", lambda _host: source)
    finding = windows.check_route(HOST, asked)
    assert finding.verdict == verdict
    assert said in finding.text + finding.fix


def test_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a finding for each check of Unix, under the same name, and no word that only Unix knows."""
    monkeypatch.setattr(windows, "find_source", lambda _host: ("10.1.0.4", 0))
    findings = windows.list_findings(Settings(), Machine(AZURE), _asked("no complete answer in time"), Clock())
    assert [finding.check for finding in findings] == [
        "machine", "azure arc", "surroundings", "route", "source address", "metadata proxy agent", "proxies", "answer",
        "throttling", "api-version", "clock", "cache", "lock",
    ]  # fmt: skip
    assert findings[0].text == "An Azure VM, by SMBIOS's chassis asset tag."
    told = " ".join(finding.text + finding.fix for finding in findings)
    for word in ("root", "XDG", "/run", "/proc", "systemd", "chrony", "ip rule"):
        assert word not in told
