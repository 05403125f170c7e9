# SPDX-License-Identifier: Apache-2.0
"""`emulate --vm arc -- COMMAND`: the agent of Azure Arc at its own address, on a machine outside Azure."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.emulator.processes import build_environment, can_unshare, command_line
from tests.emulator.sandbox.test_run_command import find_unprivileged_python

ASK = (
    "import urllib.request as r;"
    "q = r.Request('http://127.0.0.1:40342/metadata/instance/compute/name?api-version=2020-06-01&format=text',"
    " headers={'Metadata': 'true'});"
    "print(r.build_opener(r.ProxyHandler({})).open(q, timeout=5).read().decode())"
)
# The agent's program, DMI, and the uids of root, of the user himds, and of what listens.
LOOK = (
    "test -x /opt/azcmagent/bin/himds && cat /sys/class/dmi/id/chassis_asset_tag; "
    "sed -n 's/^himds:x:\\([0-9]*\\):.*/\\1/p' /etc/passwd; awk '/:9D96 / {print $8}' /proc/net/tcp; id -u"
)


@pytest.fixture(params=["current user", "unprivileged user"])
def run(request: pytest.FixtureRequest) -> Any:
    """Run a command in a sandbox with the agent, as the current and as an unprivileged user."""
    options: dict[str, Any] = {"env": build_environment()}
    python = sys.executable
    if request.param == "unprivileged user" and os.geteuid() == 0:
        options = find_unprivileged_python()
        python = options.pop("python")
    if not can_unshare(**{name: options[name] for name in options.keys() & {"user", "group", "extra_groups"}}):
        pytest.skip("this kernel does not permit namespaces")

    def start(*command: str) -> list[str]:
        words = [python, *command_line("--vm", "arc", "--set", "compute.name=made-here", "--", *command)[1:]]
        done = subprocess.run(words, **options, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    start.python = python  # type: ignore[attr-defined]
    return start


def test_the_agent_is_there(run: Any) -> None:
    """It answers at 127.0.0.1:40342, its program is there, DMI is not Azure's, and its listener may be trusted."""
    assert run(run.python, "-c", ASK) == ["made-here"]
    tag, *uids = run("sh", "-c", LOOK)
    assert tag == "RACK-07"
    assert set(uids) == {uids[-1]}


def test_azure_s_address_is_not_there(run: Any) -> None:
    """Outside Azure there is no way to 169.254.169.254."""
    script = (
        "import socket\n"
        "try: socket.create_connection(('169.254.169.254', 80), 2)\n"
        "except OSError as error: print(error.errno)"
    )
    assert run(run.python, "-c", script) == ["101"]


def test_the_machine_s_own_files_stay() -> None:
    """What is laid over is seen by the command alone, and beside it what was there."""
    if not can_unshare():
        pytest.skip("this kernel does not permit namespaces")
    before = sorted(os.listdir("/opt"))
    command = command_line("--vm", "arc", "--", "ls", "/opt")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=build_environment())
    assert sorted({*before, "azcmagent"}) == done.stdout.split()
    assert sorted(os.listdir("/opt")) == before
