# SPDX-License-Identifier: Apache-2.0
"""The doctor's line about the metadata proxy agent, without a redirect; tests/fire/test_proxy_agent.py has one."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import RejectedError
from azure_imds_facts.core.settings import Settings, build_settings
from azure_imds_facts.core.transport import Response
from azure_imds_facts.doctor import agent
from azure_imds_facts.doctor.agent import check_agent, read_mode
from azure_imds_facts.doctor.answer import Asked
from azure_imds_facts.emulator.endpoints.proxy_agent import AgentPlan, ProxyAgent

from tests.support.hosts import build_host

SETTINGS = build_settings({}, {})
NOTHING = Asked(snapshot=None, error=None, responses=[], failures=[])


def ask(tmp_path: Path, asked: Asked, settings: Settings = SETTINGS, *, is_installed: bool = True) -> tuple[str, str]:
    """The verdict and the text about a machine."""
    host = build_host(tmp_path / "host", with_proxy_agent=is_installed)
    finding = check_agent(settings, host, asked, Clock(), status_file=str(tmp_path / "status.json"))
    return finding.verdict, finding.text


def test_absent(tmp_path: Path) -> None:
    """A machine without the agent is a good one."""
    assert ask(tmp_path, NOTHING, is_installed=False) == ("ok", "Not installed.")


def test_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IMDS was not asked, or not at Azure's own address, the agent is left alone."""
    monkeypatch.setattr(agent, "fetch_finished", lambda _clock: pytest.fail("asked"))
    answered = Asked(snapshot=None, error=None, responses=[Response(status=200, headers={}, body=b"")], failures=[])
    elsewhere = build_settings({"endpoint": "http://127.0.0.1:9"}, {})
    assert ask(tmp_path, NOTHING)[0] == ask(tmp_path, answered, elsewhere)[0] == "skipped"


@pytest.mark.parametrize(
    ("status", "is_finished", "verdict", "said"),
    [
        (200, True, "ok", "Installed, provisioned, does not redirect connections, this program is allowed."),
        (200, False, "note", "Installed, not yet provisioned, does not redirect connections, this program is allowed."),
        (
            401,
            None,
            "bad",
            "silent at 127.0.0.1:3080, does not redirect connections, this program is refused with 401.",
        ),
        (403, True, "bad", "this program is refused with 403."),
    ],
)
def test_states(
    status: int, is_finished: bool | None, verdict: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the agent says and what came back make the line."""
    monkeypatch.setattr(agent, "fetch_finished", lambda _clock: is_finished)
    monkeypatch.setattr(agent, "find_redirect", lambda: "does not redirect connections")
    error = None if status == 200 else RejectedError("Refused.", hint="Allow it.")
    asked = Asked(snapshot=None, error=error, responses=[Response(status=status, headers={}, body=b"")], failures=[])
    found = ask(tmp_path, asked)
    assert found[0] == verdict
    assert found[1].endswith(said)


def test_mode(tmp_path: Path) -> None:
    """The mode is what its status file says; a file that is absent or odd says nothing."""
    path = tmp_path / "status.json"
    assert read_mode(str(path)) == ""
    path.write_text(ProxyAgent(AgentPlan("enforce")).describe_status())
    assert read_mode(str(path)) == "mode WireServer Enforce - IMDS Enforce - HostGA Enforce"
    for odd in ("", "[]", '{"proxyAgentStatus": {"keyLatchStatus": {"states": null}}}', "\udcff"):
        path.write_bytes(odd.encode("utf-8", "surrogateescape"))
        assert read_mode(str(path)) == ""
