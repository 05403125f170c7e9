# SPDX-License-Identifier: Apache-2.0
"""Azure's metadata proxy agent, which stands between the processes of a VM and IMDS.

Source of what it answers: Azure/GuestProxyAgent at 729e2a8 (`proxy_server.rs`, `provision.rs`). What is left out: the
claims of a caller, so that `denied` concerns everybody, and the agent's status page, which only root may read.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from azure_imds_facts.emulator.errors import EmulatorError, check_choice, format_choices
from azure_imds_facts.emulator.http.listener import IMDS_ADDRESS, IMDS_PORT
from azure_imds_facts.emulator.http.response import JSON, TEXT, Response
from azure_imds_facts.emulator.quantities import parse_duration

if TYPE_CHECKING:
    from azure_imds_facts.emulator.http.request import Request

__all__ = ["AGENT_ADDRESS", "AGENT_PORT", "MODES", "STATES", "AgentPlan", "ProxyAgent", "parse_agent_plan"]

AGENT_ADDRESS, AGENT_PORT = "127.0.0.1", 3080
MODES = ("audit", "enforce")
# What is wrong: the caller is not on the allow-list, the agent has no key yet, it does not know the first connection.
STATES = ("denied", "unprovisioned", "lost")
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_PROVISION, _STATUS = "/provision", "/gpa-aggregated-status"
_FORWARDED = {"x-ms-azure-host-authorization": "value"}
# What IMDS in enforce mode says to a request that nobody signed. The status is documented, the body is assumed.
_UNSIGNED = Response(status=401)

Listener = Callable[[bool], None]


@dataclass(frozen=True)
class AgentPlan:
    """The agent's mode, and what is wrong with it: one of `STATES`, or nothing. `lasts_s`: None for forever."""

    mode: str
    state: str = ""
    lasts_s: float | None = None


def parse_agent_plan(text: str) -> AgentPlan:
    """Parse `MODE[:STATE]`; `unprovisioned` may say for how long, as in `enforce:unprovisioned=20s`.

    Raises:
        EmulatorError: the mode or the state is unknown, or another state has a time.
    """
    mode, _, rest = text.partition(":")
    state, _, lasts = rest.partition("=")
    check_choice("mode of the proxy agent", mode, MODES)
    if rest:
        check_choice("state of the proxy agent", state, STATES)
    if lasts and state != "unprovisioned":
        raise EmulatorError(f"proxy agent {text!r}: only unprovisioned takes a time; states: {format_choices(STATES)}")
    return AgentPlan(mode, state, parse_duration(lasts) if lasts else None)


class ProxyAgent:
    """The agent of one machine. Its state can be changed while it serves. Thread-safe."""

    def __init__(self, plan: AgentPlan) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._timer: threading.Timer | None = None
        self._finished_tick = 0
        self.plan = plan
        self.change(plan)

    @property
    def is_redirecting(self) -> bool:
        """Whether connections to IMDS end at the agent, which they do once it is provisioned."""
        return self.plan.state != "unprovisioned"

    def change(self, plan: AgentPlan) -> None:
        """Take another mode and state, until the time is over that the plan says."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self.plan = plan
            self._has_lost = False
            self._finished_tick = time.time_ns() if self.is_redirecting else 0
            if plan.lasts_s is not None:
                self._timer = threading.Timer(plan.lasts_s, self.change, [AgentPlan(plan.mode)])
                self._timer.daemon = True
                self._timer.start()
        for listener in self._listeners:
            listener(self.is_redirecting)

    def follow(self, listener: Listener) -> None:
        """Tell a function whether connections are redirected, now and after each change."""
        self._listeners.append(listener)
        listener(self.is_redirecting)

    def intercept(self, request: Request, *, address: tuple[str, int]) -> Response | None:
        """Return an answer that is not IMDS's own, None for a request that IMDS answers.

        `address` is where the connection ended. At another address than the two real ones the emulator is both.
        """
        is_around = address == (IMDS_ADDRESS, IMDS_PORT)
        if not is_around and request.path in (_PROVISION, _STATUS):
            return self._answer_itself(request)
        if is_around or (address[1] != AGENT_PORT and not self.is_redirecting):
            return _UNSIGNED if self.plan.mode == "enforce" else None
        if request.method not in _METHODS:
            response = _close(405, b"Method Not Allowed", content_type=TEXT)
            return replace(response, headers={"Allow": ", ".join(_METHODS), **response.headers})
        if "//" in request.path or ".." in unquote(request.path) or self._is_denied():
            return _close(403)
        if not self.is_redirecting:  # whose connection this is the agent learns from its redirect
            return _close(421)
        return _close(421) if self._loses() else None

    def forward(self, response: Response, *, address: tuple[str, int]) -> Response:
        """Return an answer of IMDS as it arrives through the agent."""
        if address == (IMDS_ADDRESS, IMDS_PORT) or not self.is_redirecting:
            return response
        return replace(response, headers={**response.headers, **_FORWARDED})

    def describe_status(self) -> str:
        """Return the content of the agent's status.json, as far as somebody reads it."""
        word = self.plan.mode.capitalize()
        states = {"secureChannelState": f"WireServer {word} -  IMDS {word} - HostGA {word}"}
        running = {"status": "RUNNING", "message": ""}
        status = {
            "version": "1.0.40",
            "status": "SUCCESS",
            "monitorStatus": running,
            "keyLatchStatus": {**running, "states": states},
            "ebpfProgramStatus": running,
            "proxyListenerStatus": running,
            "telemetryLoggerStatus": running,
            "proxyConnectionsCount": 0,
        }
        document = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "proxyAgentStatus": status,
            "proxyConnectionSummary": [],
            "failedAuthenticateSummary": [],
        }
        return json.dumps(document)

    def _answer_itself(self, request: Request) -> Response:
        if "Metadata" not in request.headers:
            return _close(400)
        if request.path == _STATUS:
            return _close(403)
        tick = request.headers.get("x-ms-azure-time-tick", "0")
        # Without a tick the agent always says that it has finished: it compares with 0.
        asked = int(tick) if tick.lstrip("-").isdecimal() else 0
        is_finished = bool(self._finished_tick) or asked <= 0
        problem = "" if self._finished_tick else "keyLatchStatus - Failed to acquire key details\r\n"
        body = json.dumps({"finished": is_finished, "errorMessage": problem}, separators=(",", ":"))
        return Response(body=body.encode(), content_type=JSON, is_bare=True)

    def _is_denied(self) -> bool:
        return self.plan == AgentPlan("enforce", "denied")

    def _loses(self) -> bool:
        """Return whether this is the first connection of an agent that loses it. Its answer closes the connection."""
        with self._lock:
            is_lost = self.plan.state == "lost" and not self._has_lost
            self._has_lost = self._has_lost or is_lost
        return is_lost


def _close(status: int, body: bytes = b"", *, content_type: str = "") -> Response:
    """Build an answer of the agent itself, which closes the connection."""
    headers = {"Connection": "close"}
    return Response(status=status, body=body, content_type=content_type, headers=headers, is_bare=True)
