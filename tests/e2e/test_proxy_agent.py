# SPDX-License-Identifier: Apache-2.0
"""Every adapter behind Azure's metadata proxy agent, with the redirect of connections that root alone can have."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from azure_imds_facts.emulator.errors import NamespaceError
from azure_imds_facts.emulator.sandbox.redirect import open_redirect
from lab.salted import write_minion_config

if TYPE_CHECKING:
    from tests.e2e.shell import Shell

PRIMARY = "10.77.0.5"
# The kernel sends what goes to IMDS from this address, as it does where the second interface has the route.
ROUTE = f"""\
ip address add {PRIMARY}/32 dev lo
ip route change local 169.254.169.254 dev lo table local src {PRIMARY}
"""
MACHINE = ("--vm", "multi-nic", "--set", f"network.interface[1].ipv4.ipAddress[0].privateIpAddress={PRIMARY}")


@pytest.fixture(autouse=True)
def _needs_redirect() -> None:
    """Skip where there can be no redirect."""
    if shutil.which("ip") is None:
        pytest.skip("ip is missing: apt-get install iproute2")
    try:
        with open_redirect():
            pass
    except NamespaceError as error:
        pytest.skip(str(error))


def run_inside(shell: Shell, plan: str, script: str) -> str:
    """Run a shell's script on a machine behind an agent; return its standard output."""
    words = ["azure-imds-facts", "emulate", "--rate-limit", "0", "--proxy-agent", plan, *MACHINE, "--"]
    return shell.run_ok(*words, "sh", "-ec", ROUTE + script, AZURE_IMDS_CACHE_TTL="0")


def check(summary: Any, snapshot: Any, name: str = "private_ipv4", proxied: str = "proxy_agent") -> None:
    """Assert that the summary is the second interface's, and that the agent was seen."""
    assert summary[name] == PRIMARY
    assert snapshot[proxied] is True
    assert snapshot["source"] == "imds"


def test_command_line(shell: Shell) -> None:
    """`facts` and the writer at boot, whose file is read back."""
    folder = shell.folder / "facts.d"
    script = f"azure-imds-facts facts; azure-imds-facts local-facts --boot --directory {folder} >&2"
    facts = json.loads(run_inside(shell, "enforce", script))
    check(facts["network"], facts["snapshot"])
    written = json.loads((folder / "azure_imds.fact").read_text())
    check(written["network"], written["snapshot"])
    assert written["network"]["private_ipv4_addresses"][1] == PRIMARY
    assert written["network"]["private_ipv4_addresses"][0] != PRIMARY


def test_module(shell: Shell) -> None:
    """The Ansible module."""
    printed = run_inside(shell, "enforce", "ansible localhost -m azure_imds_facts")
    facts = json.loads(printed.partition(" => ")[2])["ansible_facts"]
    assert facts["azure_imds_network_private_ipv4"] == PRIMARY
    assert facts["azure_imds_snapshot_proxy_agent"] is True


def test_grain(shell: Shell) -> None:
    """Salt's grain, over the other transport."""
    write_minion_config(shell.folder, minion_id="alone", master_ports=(0, 0), azure_imds={"timeout": 10})
    script = f"salt-call --local -c {shell.folder} --out=json -l error grains.get azure_imds"
    grain = json.loads(run_inside(shell, "audit", script))["local"]
    check(grain["network"], grain["snapshot"], "privateIpv4", "proxyAgent")


def test_cached(shell: Shell) -> None:
    """An answer from the cache knows the interface, and that it came through the agent."""
    script = "azure-imds-facts facts >/dev/null; azure-imds-facts facts --cache-ttl 60"
    facts = json.loads(run_inside(shell, "enforce", script))
    assert facts["snapshot"]["source"] == "cache"
    assert facts["snapshot"]["proxy_agent"] is True
    assert facts["network"]["private_ipv4"] == PRIMARY


def test_lost_connection(shell: Shell) -> None:
    """A connection that the agent cannot tell the owner of is made anew, over either transport."""
    program = (
        "from azure_imds_facts import RequestsTransport, collect\n"
        "found = collect(transport=RequestsTransport())\n"
        'print(found["snapshot"]["proxyAgent"], found["network"]["privateIpv4"])\n'
    )
    assert json.loads(run_inside(shell, "enforce:lost", "azure-imds-facts facts"))["snapshot"]["proxy_agent"] is True
    assert run_inside(shell, "enforce:lost", f"python -c '{program}'") == f"True {PRIMARY}\n"


def test_doctor(shell: Shell) -> None:
    """The doctor judges the source address there as anywhere."""
    checks = json.loads(run_inside(shell, "enforce", "azure-imds-facts doctor --format json"))["checks"]
    found = {each["check"]: (each["verdict"], each["text"]) for each in checks}
    assert found["source address"] == ("ok", f"{PRIMARY} is a primary address of this VM.")
    verdict, text = found["metadata proxy agent"]
    assert verdict == "ok"
    assert "provisioned, redirects connections to 127.0.0.1:3080, mode WireServer Enforce - IMDS Enforce" in text
