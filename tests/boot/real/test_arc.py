# SPDX-License-Identifier: Apache-2.0
"""Boots of a machine of Azure Arc: its agent at 127.0.0.1:40342, under the unit's own filter, which is real here."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .commands import run
from .guest import Guest
from .network import FACTS, Network

UUID = "4c4c4544-0051-3810-8057-b7c04f533532"
STRANGER = "import os, socket; os.setuid(65534); s = socket.create_server(('127.0.0.1', 40342)); print(1, flush=True); s.accept()"
EMULATE = ("-m", "azure_imds_facts", "emulate", "--vm", "arc", "--tag", "role=press", "--port", "40342", "--quiet")


@pytest.fixture(name="arc_machine")
def _arc_machine(guest: Guest) -> Iterator[Guest]:
    """The machine, switched off, outside Azure, with the agent's program on its disk."""
    program = guest.root / "opt/azcmagent/bin/himds"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.touch(mode=0o755)
    guest.be(tag="RACK-07", uuid=UUID)
    yield guest
    guest.cut_power()
    program.unlink()


@contextlib.contextmanager
def listening(network: Network, *words: str) -> Iterator[None]:
    """Run a program of Python's in the guest's network, from when it says that it listens."""
    run("ip", "-n", network.guest, "link", "set", "lo", "up")
    process = subprocess.Popen(
        ["ip", "netns", "exec", network.guest, sys.executable, *words],
        env={**os.environ, "PYTHONPATH": str(FACTS)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), "nothing listens"
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def test_facts(arc_machine: Guest, network: Network) -> None:
    """The unit asks the agent, and writes its facts, at the next boot again, though DMI has another UUID."""
    for _boot in range(2):
        with listening(network, *EMULATE):
            arc_machine.start("--system-call-filter=bpf")
            result = arc_machine.wait_for_service()
            facts = arc_machine.read_with_ansible()
        assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), arc_machine.journal()
        assert facts is not None
        assert (facts["snapshot"]["platform"], facts["snapshot"]["source"]) == ("arc", "imds")
        assert (facts["tags"]["role"], facts["network"]["interface"]) == ("press", [])
        assert "removed" not in arc_machine.journal()
        arc_machine.cut_power()


def test_another_user_s_listener(arc_machine: Guest, network: Network) -> None:
    """What another user serves there is never asked, and no facts are written."""
    arc_machine.set(AZURE_IMDS_TIMEOUT="4")
    with listening(network, "-c", STRANGER):
        arc_machine.start("--system-call-filter=bpf")
        result = arc_machine.wait_for_service()
    assert (result["Result"], result["ExecMainStatus"]) == ("exit-code", "4"), arc_machine.journal()
    assert "0 requests" in arc_machine.journal()
    assert "uid 65534 (nobody) listens there" in arc_machine.journal()
    assert not arc_machine.facts_file.exists()
