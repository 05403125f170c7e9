# SPDX-License-Identifier: Apache-2.0
"""A machine of Azure Arc in all adapters: beside the emulated agent, at its own address, with nothing configured."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.processes import can_unshare

if TYPE_CHECKING:
    from tests.e2e.shell import Shell

EMULATE = ("azure-imds-facts", "emulate", "--vm", "arc", "--tag", "Cost Center=47:11", "--")
# What listens at the agent's address, for another user, and notes each connection in a file.
STRANGER = """
import os, socket, sys
os.setuid(65534)
listener = socket.socket(socket.AF_INET6 if sys.argv[2] == "::" else socket.AF_INET)
listener.bind((sys.argv[2], 40342))
listener.listen()
print("listening", flush=True)
while True:
    listener.accept()
    os.write(int(sys.argv[1]), b"asked ")
"""

pytestmark = pytest.mark.skipif(not can_unshare(), reason="this kernel does not permit namespaces")


def emulate(shell: Shell, *command: str) -> str:
    """Run a command beside the agent, and return what it printed."""
    return shell.run_ok(*EMULATE, *command)


def check(snapshot: dict[str, Any], tags: dict[str, str]) -> None:
    """Assert what each adapter has to say, in its own spelling of names."""
    assert (snapshot["platform"], snapshot["endpoint"]) == ("arc", "http://127.0.0.1:40342")
    assert tags == {"env": "demo", "site": "plant", "Cost Center": "47:11"}


def test_ansible(shell: Shell) -> None:
    """The module gives facts of the machine, with nothing about interfaces that it does not have."""
    printed = emulate(shell, "ansible", "localhost", "-m", "azure_imds_facts")
    facts = json.loads(printed.partition(" => ")[2])["ansible_facts"]
    snapshot = {name: facts[f"azure_imds_snapshot_{name}"] for name in ("platform", "endpoint")}
    check(snapshot, facts["azure_imds_tags"])
    assert (facts["azure_imds_available"], facts["azure_imds_cloud"]) == (True, "AzureCloud")
    assert (facts["azure_imds_compute_name"], facts["azure_imds_compute_vm_size"]) == ("plant-07", "")
    assert (facts["azure_imds_network_interface"], facts["azure_imds_network_private_ipv4"]) == ([], "")
    assert (facts["azure_imds_snapshot_partial"], facts["azure_imds_snapshot_vm_id_verified"]) == (False, None)
    assert not [name for name in facts if name.startswith("azure_imds_compute_storage_profile")]


def test_salt(shell: Shell) -> None:
    """The grain is there, with Azure's names."""
    (shell.folder / "minion").write_text("file_client: local\nazure_imds: {timeout: 10}\n")
    words = ("salt-call", "--local", "-c", str(shell.folder), "--out=json", "-l", "error", "grains.get", "azure_imds")
    grain = json.loads(emulate(shell, *words))["local"]
    check(grain["snapshot"], grain["tags"])
    assert "Cost Center=47:11" in grain["tagPairs"]
    assert (grain["compute"]["storageProfile"], grain["network"]["interface"]) == ({}, [])


def test_local_facts(shell: Shell) -> None:
    """The file is written at boot as on a VM, and plain Ansible reads it."""
    directory = str(shell.folder / "facts.d")
    write = f"azure-imds-facts local-facts --boot --directory {directory}"
    gather = f"filter=ansible_local gather_subset=!all,!min,local fact_path={directory}"
    emulate(shell, "sh", "-ec", write)
    facts = shell.ansible("ansible.builtin.setup", gather)["ansible_facts"]["ansible_local"]["azure_imds"]
    check(facts["snapshot"], facts["tags"])
    assert facts["network"]["mac_addresses"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::"])
def test_another_user_s_listener(shell: Shell, address: str) -> None:
    """Where another user has the agent's port, nothing is asked of it, and the doctor says whose it is."""
    asked = shell.folder / "asked"
    script = f"""
        python - 3 {address} 3>{asked} >{shell.folder}/up <<'END' &
{STRANGER}
END
        stranger=$!
        until grep -q listening {shell.folder}/up; do sleep 0.05; done
        azure-imds-facts facts --timeout 1 || echo "exit $?"
        azure-imds-facts doctor --timeout 1 || true
        kill $stranger
    """
    # A network without the agent, on a machine that has its program: another emulator's would hold the port.
    command = ("unshare", "-n", "sh", "-ec", f"ip link set lo up; {script}")
    done = shell.run(*EMULATE, *command)
    assert "exit 4" in done.stdout
    assert "0 requests" in done.stderr
    assert "uid 65534 (nobody) listens there" in done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "azure arc" in line]
    assert line.startswith("bad")
    assert "uid 65534 (nobody)" in line
    assert asked.read_text() == ""


def test_left_alone(shell: Shell) -> None:
    """With AZURE_IMDS_ARC=0 the machine is none of Azure's."""
    done = shell.run(*EMULATE, "azure-imds-facts", "facts", AZURE_IMDS_ARC="0")
    assert (done.returncode, done.stdout) == (3, "")


def test_azure_does_not_ask_it(shell: Shell) -> None:
    """On a VM whose DMI says Azure, nothing is asked at the agent's address, though its variables are set."""
    signs = {"IMDS_ENDPOINT": "http://127.0.0.1:40342", "IDENTITY_ENDPOINT": "http://127.0.0.1:40342/x"}
    printed = shell.run_ok("azure-imds-facts", "emulate", "--", "azure-imds-facts", "facts", **signs)
    facts = json.loads(printed)
    assert (facts["snapshot"]["platform"], facts["snapshot"]["endpoint"]) == ("vm", "http://169.254.169.254")
