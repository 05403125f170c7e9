# SPDX-License-Identifier: Apache-2.0
"""Boots behind Azure's metadata proxy agent: connections to IMDS end at 127.0.0.1:3080, under the unit's own filter.

`IPAddressDeny=` is real in such a guest only where its systemd may load BPF programs, so each boot permits that.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from azure_imds_facts.emulator.errors import NamespaceError
from azure_imds_facts.emulator.sandbox.redirect import Redirect, open_redirect

from .commands import run
from .conftest import VM_ID
from .guest import UNIT, Guest
from .network import FACTS, Network
from .test_short import MACHINE

# The guest's address is that of the second interface.
SECOND = ("--vm", "multi-nic", "--set", "network.interface[1].ipv4.ipAddress[0].privateIpAddress=10.1.0.4")


@pytest.fixture(name="redirect")
def _redirect() -> Iterator[Redirect]:
    """A cgroup whose connections to IMDS end at the agent, once it is switched on."""
    try:
        with open_redirect() as redirect:
            yield redirect
    except NamespaceError as error:
        pytest.skip(str(error))


@pytest.fixture(name="machine_with_agent")
def _machine_with_agent(guest: Guest, redirect: Redirect) -> Iterator[Guest]:
    """The machine, switched off, with the agent's program on its disk. It goes off before the cgroup does."""
    program = guest.root / "usr/sbin/azure-proxy-agent"
    program.touch(mode=0o755)
    yield guest
    program.unlink()
    guest.cut_power()


@contextlib.contextmanager
def agent(network: Network, plan: str) -> Iterator[None]:
    """Serve the agent at 127.0.0.1:3080 of the guest, from when it listens."""
    run("ip", "-n", network.guest, "link", "set", "lo", "up")
    command = [sys.executable, "-m", "azure_imds_facts", "emulate", "--port", "3080", *MACHINE, *SECOND]
    process = subprocess.Popen(
        ["ip", "netns", "exec", network.guest, *command, "--proxy-agent", plan, "--quiet"],
        env={**os.environ, "PYTHONPATH": str(FACTS)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), "the agent does not listen"
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def start(guest: Guest, redirect: Redirect, *, is_on: bool = True) -> None:
    """Switch the machine on, inside the cgroup, with filters that are real."""
    redirect.switch(is_on)
    guest.start("--system-call-filter=bpf", cgroup=redirect.cgroup)


def add_drop_in(guest: Guest, content: str) -> None:
    """Change the unit; `guest.forget()` takes it back."""
    path = guest.root / f"etc/systemd/system/{UNIT}.d/changed.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[Service]\n{content}\n")


def test_behind_the_agent(machine_with_agent: Guest, redirect: Redirect, network: Network) -> None:
    """The unit gets facts through the agent, and the summary is that of the interface with the route to IMDS."""
    guest = machine_with_agent
    with network.imds(*MACHINE, "--proxy-agent", "enforce"), agent(network, "enforce"):
        start(guest, redirect)
        result = guest.wait_for_service()
        facts = guest.read_with_ansible()
        assert network.requests() == [], "a request went around the agent"
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
    assert facts is not None
    assert facts["snapshot"]["proxy_agent"] is True
    assert facts["snapshot"]["vm_id_verified"] is True
    assert facts["network"]["private_ipv4"] == "10.1.0.4"
    assert facts["network"]["private_ipv4_addresses"][1] == "10.1.0.4"
    assert facts["compute"]["vm_id"] == VM_ID


def test_the_old_unit(machine_with_agent: Guest, redirect: Redirect, network: Network) -> None:
    """With the one address alone, as the unit was, every packet is dropped: the filter of these tests is real."""
    guest = machine_with_agent
    guest.set(AZURE_IMDS_TIMEOUT="4")
    add_drop_in(guest, "IPAddressAllow=\nIPAddressAllow=169.254.169.254")
    with network.imds(*MACHINE), agent(network, "enforce"):
        start(guest, redirect)
        result = guest.wait_for_service()
    assert (result["Result"], result["ExecMainStatus"]) == ("exit-code", "4"), guest.journal()
    assert not guest.facts_file.exists()


def test_without_an_agent(guest: Guest, network: Network) -> None:
    """Under a real filter, IMDS at its own address is reached as well."""
    with network.imds(*MACHINE):
        guest.start("--system-call-filter=bpf")
        result = guest.wait_for_service()
        facts = guest.read_with_ansible()
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
    assert facts is not None
    assert facts["snapshot"]["proxy_agent"] is False


def test_no_key_for_a_while(machine_with_agent: Guest, redirect: Redirect, network: Network) -> None:
    """For 20 seconds the agent has no key and IMDS says 401; the facts come when that is over."""
    guest = machine_with_agent
    with network.imds(*MACHINE, "--proxy-agent", "enforce"), agent(network, "enforce:unprovisioned=20s"):
        begun = time.monotonic()
        start(guest, redirect, is_on=False)
        guest.wait_for_bus()
        time.sleep(max(0.0, begun + 20 - time.monotonic()))
        assert not guest.facts_file.exists()
        assert guest.show(UNIT, "ActiveState") == "activating"
        assert any(" 401 " in request for request in network.requests())
        redirect.switch(is_on=True)
        ready = time.time()
        result = guest.wait_for_service()
        facts = guest.read_with_ansible()
    written = guest.facts_file.stat().st_mtime
    print(f"facts {written - ready:.2f} s after the agent had its key")
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
    assert facts is not None
    assert facts["snapshot"]["proxy_agent"] is True
    assert written - ready < 3


def test_not_on_the_allow_list(machine_with_agent: Guest, redirect: Redirect, network: Network) -> None:
    """A refusal by the agent ends at once, and the journal names what to allow."""
    guest = machine_with_agent
    with network.imds(*MACHINE), agent(network, "enforce:denied"):
        start(guest, redirect)
        result = guest.wait_for_service(within_s=30)
    assert (result["Result"], result["ExecMainStatus"]) == ("exit-code", "7")
    assert "let user root with program /usr/bin/python3.11 ask /metadata/instance" in guest.journal()
