# SPDX-License-Identifier: Apache-2.0
"""salt-ssh takes the exported files along: a real sshd on loopback, and on the target nothing but Python."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import short_folder
from lab.salted import reserved_ports, write_master_config

from tests.e2e.shell import Shell
from tests.minions.exported import VERSIONS, write_tree
from tests.minions.long import long_forms

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
pytestmark = [
    pytest.mark.skipif(not os.access(SSHD, os.X_OK), reason="this machine has no sshd (openssh-server)"),
    pytest.mark.skipif(not os.access("/usr/bin/python3", os.X_OK), reason="the target has no /usr/bin/python3"),
]


@dataclass
class Remote:
    """A machine that salt-ssh reaches, on an emulated VM."""

    folder: Path
    shell: Shell
    imds: Emulator

    def call(self, *arguments: str) -> Any:
        """Run a function there and return what it gave."""
        flags = ["-c", str(self.folder), "--ignore-host-keys", "--out=json", "-l", "error"]
        done = self.shell.run("salt-ssh", *flags, "there", *arguments)
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        return json.loads(done.stdout)["there"]


@pytest.fixture(scope="module")
def remote() -> Iterator[Remote]:
    """Start sshd, and write what salt-ssh needs to know of it."""
    with short_folder() as folder, ExitStack() as stack:
        shell = Shell(folder)
        (port, _other) = stack.enter_context(reserved_ports())
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        start_sshd(stack, folder, port)
        imds = stack.enter_context(Emulator())
        write_master_config(folder, ports=(1, 2))
        write_tree(folder / "srv", VERSIONS["older"]())
        (folder / "master.d").mkdir()
        (folder / "master.d/roots.conf").write_text(json.dumps({"file_roots": {"base": [str(folder / "srv")]}}))
        minion = {"azure_imds": {"endpoint": imds.url, "cache_dir": str(folder / "cache"), "cache_ttl": 0}}
        target = {
            "host": "127.0.0.1", "port": port, "user": getpass.getuser(), "priv": str(folder / "user"),
            "thin_dir": str(folder / "thin"), "minion_opts": minion, "set_path": "/usr/bin:/bin",
        }  # fmt: skip
        (folder / "roster").write_text(json.dumps({"there": target}))
        yield Remote(folder, shell, imds)


def start_sshd(stack: ExitStack, folder: Path, port: int) -> None:
    """Start it, and wait until it listens."""
    config = f"""\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""
    (folder / "sshd_config").write_text(config)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd as root insists
    process = stack.enter_context(
        subprocess.Popen([SSHD, "-D", "-E", str(folder / "sshd.log"), "-f", str(folder / "sshd_config")])
    )
    stack.callback(process.kill)
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "sshd has ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def test_grain(remote: Remote) -> None:
    """The grain is there, of a machine on which nothing is installed."""
    size = remote.imds.document["compute"]["vmSize"]
    assert remote.call("grains.get", "azure_imds:compute:vmSize") == size


@long_forms("functions and states by salt-ssh")
def test_functions(remote: Remote) -> None:
    """So are the functions, and a state that asks for the grain."""
    assert remote.call("azure_imds.get", "compute/vmId") == remote.imds.document["compute"]["vmId"]
    assert remote.call("azure_imds.facts", "gather=tags")["cloud"] == "AzureCloud"
    (remote.folder / "srv/where.sls").write_text(
        "where:\n  test.configurable_test_state:\n    - changes: False\n    - result: True\n"
        "    - comment: {{ grains['azure_imds']['cloud'] | json }}\n"
    )
    (state,) = remote.call("state.apply", "where").values()
    assert state["comment"] == "AzureCloud"
