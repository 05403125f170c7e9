# SPDX-License-Identifier: Apache-2.0
"""The metadata proxy agent, without its redirect: the emulator is the agent and IMDS at one address."""

from __future__ import annotations

import time
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.endpoints.proxy_agent import AgentPlan, parse_agent_plan

from tests.emulator.client import Response, StartEmulator, get_instance, send_request

FORWARDED = "x-ms-azure-host-authorization"
OWN_HEADERS = {"Connection", "Content-Length", "Date"}


def ask_provision(emulator: Emulator, **headers: str) -> Any:
    """The content of the agent's answer about its provisioning."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return send_request(emulator.url, "/provision", headers=sent).json


def is_the_agents(response: Response) -> bool:
    """Whether not IMDS but the agent has answered."""
    return set(response.headers) == OWN_HEADERS and response.headers["Connection"] == "close" and response.body == b""


@pytest.mark.parametrize("mode", ["audit", "enforce"])
def test_answers_are_forwarded(start_emulator: StartEmulator, mode: str) -> None:
    """A forwarded answer is IMDS's with one header more, an error of IMDS included."""
    emulator = start_emulator(proxy_agent=mode)
    response = get_instance(emulator.url)
    assert (response.status, response.headers[FORWARDED]) == (200, "value")
    assert response.headers["Server"].startswith("IMDS/")
    emulator.fault("503")
    assert get_instance(emulator.url).headers[FORWARDED] == "value"


def test_no_agent(start_emulator: StartEmulator) -> None:
    """Without an agent there is neither the header nor its page."""
    emulator = start_emulator()
    assert FORWARDED not in get_instance(emulator.url).headers
    assert send_request(emulator.url, "/provision").status == 404


def test_denied(start_emulator: StartEmulator) -> None:
    """In enforce mode a caller that is not allowed gets an empty 403 that IMDS never saw; in audit mode the answer."""
    emulator = start_emulator(proxy_agent="enforce:denied", fault="500")
    response = get_instance(emulator.url)
    assert response.status == 403
    assert is_the_agents(response)
    emulator.proxy_agent("audit:denied")
    assert [get_instance(emulator.url).status for _ in range(2)] == [500, 200]


def test_lost(start_emulator: StartEmulator) -> None:
    """The first connection gets an empty 421, the next one the answer."""
    emulator = start_emulator(proxy_agent="enforce:lost")
    first, second = get_instance(emulator.url), get_instance(emulator.url)
    assert (first.status, second.status) == (421, 200)
    assert is_the_agents(first)


def test_unprovisioned(start_emulator: StartEmulator) -> None:
    """Before it has its key, IMDS in enforce mode refuses what nobody signed; the answer does not come from the agent."""
    emulator = start_emulator(proxy_agent="enforce:unprovisioned")
    response = get_instance(emulator.url)
    assert (response.status, response.body) == (401, b"")
    assert FORWARDED not in response.headers
    assert response.headers["Server"].startswith("IMDS/")
    emulator.proxy_agent("audit:unprovisioned")
    response = get_instance(emulator.url)
    assert response.status == 200
    assert FORWARDED not in response.headers
    emulator.proxy_agent("enforce")
    assert get_instance(emulator.url).status == 200


def test_provisioned_after_a_time(start_emulator: StartEmulator) -> None:
    """A time in the plan ends by itself."""
    emulator = start_emulator(proxy_agent="enforce:unprovisioned=300ms")
    assert get_instance(emulator.url).status == 401
    deadline = time.monotonic() + 10
    while get_instance(emulator.url).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_provision(start_emulator: StartEmulator) -> None:
    """Its page says whether it has finished since a moment; without that moment it always says so."""
    emulator = start_emulator(proxy_agent="enforce:unprovisioned")
    tick = {"x_ms_azure_time_tick": "1"}
    assert ask_provision(emulator, Metadata="x", **tick)["finished"] is False
    assert ask_provision(emulator, Metadata="x", **tick)["errorMessage"].startswith("keyLatchStatus - ")
    for nothing in ({}, {"x_ms_azure_time_tick": "0"}, {"x_ms_azure_time_tick": "soon"}):
        assert ask_provision(emulator, Metadata="x", **nothing)["finished"] is True
    refused = send_request(emulator.url, "/provision", headers={})
    assert refused.status == 400
    assert is_the_agents(refused)
    emulator.proxy_agent("enforce")
    assert ask_provision(emulator, Metadata="x", **tick) == {"finished": True, "errorMessage": ""}
    assert send_request(emulator.url, "/gpa-aggregated-status").status == 403


@pytest.mark.parametrize("path", ["//metadata/instance", "/metadata/../instance", "/metadata/%2e%2E/instance"])
def test_traversal(start_emulator: StartEmulator, path: str) -> None:
    """A path that may lead elsewhere is refused before IMDS sees it."""
    response = send_request(start_emulator(proxy_agent="audit").url, f"{path}?api-version=2021-02-01")
    assert response.status == 403
    assert is_the_agents(response)


def test_methods(start_emulator: StartEmulator) -> None:
    """A method that is not in its list gets a 405 with text."""
    response = send_request(start_emulator(proxy_agent="audit").url, "/metadata/instance", method="TRACE")
    assert (response.status, response.body) == (405, b"Method Not Allowed")
    assert response.headers["Allow"] == "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"


def test_plans() -> None:
    """A plan is a mode, a state and for one of them a time."""
    assert parse_agent_plan("audit") == AgentPlan("audit")
    assert parse_agent_plan("enforce:unprovisioned=2m") == AgentPlan("enforce", "unprovisioned", 120)
    with pytest.raises(EmulatorError, match="allowed: audit, enforce"):
        parse_agent_plan("off")
    with pytest.raises(EmulatorError, match="allowed: denied, unprovisioned, lost"):
        parse_agent_plan("enforce:away")
    with pytest.raises(EmulatorError, match="only unprovisioned takes a time"):
        parse_agent_plan("enforce:lost=1s")
    with pytest.raises(EmulatorError, match="without a proxy agent"):
        Emulator().proxy_agent("audit")
