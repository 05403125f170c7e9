# SPDX-License-Identifier: Apache-2.0
"""Check Azure's metadata proxy agent, which on some VMs stands between every process and IMDS."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from azure_imds_facts.core.proxy_agent import ADDRESS, fetch_finished
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.settings import is_azure_address
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from azure_imds_facts.core.clock import Clock
    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.doctor.answer import Asked

# Where it writes once a minute what it does; root alone may read it.
STATUS_FILE = "/var/log/azure-proxy-agent/status.json"
_MOST_READ = 1 << 20
_LONGEST_CONNECT_S = 0.5
_NAME = "metadata proxy agent"
# The agent's own, and IMDS's to what nobody signed.
_REFUSALS = (401, 403)
_LOOK = "Look at `systemctl status azure-proxy-agent` and `azure-proxy-agent --status`."
_PROVISIONED = {
    True: "provisioned",
    False: "not yet provisioned",
    None: f"silent at {ADDRESS}",
}


def check_agent(
    settings: Settings, host: Host, asked: Asked, clock: Clock, *, status_file: str = STATUS_FILE
) -> Finding:
    """Say whether there is an agent, what it does, and whether it let this program through.

    One connection is opened to see where it ends, and nothing is sent on it. Nothing is asked where IMDS was not.
    """
    is_seen = asked.snapshot is not None and asked.snapshot.proxy_agent
    if not os.path.exists(host.proxy_agent):
        text = f"Not at {host.proxy_agent}, but IMDS's answer came through one." if is_seen else "Not installed."
        return Finding(check=_NAME, verdict=OK, text=text)
    if not is_azure_address(settings.endpoint) or not (asked.responses or asked.failures):
        return Finding(check=_NAME, verdict=SKIPPED, text="Installed; Azure's own address was not asked.")
    is_finished = fetch_finished(clock)
    parts = ["Installed", _PROVISIONED[is_finished], find_redirect(), read_mode(status_file), name_decision(asked)]
    text = f"{', '.join(filter(None, parts))}."
    if asked.error is not None and asked.responses and asked.responses[-1].status in _REFUSALS:
        return Finding(check=_NAME, verdict=BAD, text=text, fix=asked.error.hint)
    if not is_finished:
        return Finding(check=_NAME, verdict=NOTE, text=text, fix=_LOOK)
    return Finding(check=_NAME, verdict=OK, text=text)


def name_decision(asked: Asked) -> str:
    """Return in words whether this program was let through, `""` where there was no answer."""
    if not asked.responses:
        return ""
    status = asked.responses[-1].status
    return f"this program is refused with {status}" if status in _REFUSALS else "this program is allowed"


def find_redirect() -> str:
    """Return in words whether a connection to IMDS ends at the agent. Nothing is sent."""
    try:
        with socket.create_connection(("169.254.169.254", 80), _LONGEST_CONNECT_S) as opened:
            peer, own = opened.getpeername(), opened.getsockname()[0]
    except OSError:
        return "no connection comes about"
    if f"{peer[0]}:{peer[1]}" == ADDRESS:
        return f"redirects connections to {ADDRESS}"
    return "redirects connections by address translation" if own.startswith("127.") else "does not redirect connections"


def read_mode(path: str) -> str:
    """Return in words the mode that the agent's status file names, `""` where it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError), open(path, encoding="utf-8") as file:
        status = json.loads(file.read(_MOST_READ))
        state = status["proxyAgentStatus"]["keyLatchStatus"]["states"]["secureChannelState"]
        return f"mode {' '.join(printable(str(state)).split())}"
    return ""
