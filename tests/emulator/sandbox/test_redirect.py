# SPDX-License-Identifier: Apache-2.0
"""`emulate --proxy-agent … -- COMMAND`: connections to IMDS really end at the metadata proxy agent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("namespaces and cgroups are Linux's", allow_module_level=True)

from azure_imds_facts.emulator.errors import NamespaceError
from azure_imds_facts.emulator.sandbox.redirect import open_redirect

from tests.emulator.processes import build_environment, command_line, run_command

PROBE = """
import json, socket, sys
with socket.create_connection(("169.254.169.254", 80)) as opened:
    opened.sendall(b"GET /metadata/instance?api-version=2021-02-01 HTTP/1.1\\r\\nHost: localhost\\r\\nMetadata: true\\r\\n\\r\\n")
    status = int(opened.recv(4096).split()[1])
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.connect(("169.254.169.254", 80))
    shown = [opened.getpeername(), opened.getsockname()[0], status, datagram.getpeername()]
    print(json.dumps(shown), flush=True)
"""


@pytest.fixture
def needs_redirect() -> Iterator[None]:
    """Skip where redirects are not possible; check that none is left."""
    try:
        with open_redirect():
            pass
    except NamespaceError as error:
        pytest.skip(str(error))
    before = find_cgroups()
    yield
    assert find_cgroups() <= before


def find_cgroups() -> set[Path]:
    """The cgroups of emulators."""
    return set(Path("/sys/fs/cgroup").glob("**/azure-imds-emulator-*"))


def probe(plan: str) -> Any:
    """What a command sees: the peer, its own address, the status, and the peer of a datagram."""
    result = run_command("--proxy-agent", plan, "--", sys.executable, "-c", PROBE)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.mark.usefixtures("needs_redirect")
@pytest.mark.parametrize(
    ("plan", "peer", "own", "status"),
    [
        ("audit", ["127.0.0.1", 3080], "127.0.0.1", 200),
        ("enforce", ["127.0.0.1", 3080], "127.0.0.1", 200),
        ("enforce:denied", ["127.0.0.1", 3080], "127.0.0.1", 403),
        ("enforce:unprovisioned", ["169.254.169.254", 80], "169.254.169.254", 401),
    ],
)
def test_redirected(plan: str, peer: list[object], own: str, status: int) -> None:
    """TCP to IMDS ends at the agent once it is provisioned, both ends being loopback; UDP is left alone."""
    assert probe(plan) == [peer, own, status, ["169.254.169.254", 80]]


@pytest.mark.usefixtures("needs_redirect")
def test_redirected_after_a_time(tmp_path: Path) -> None:
    """The redirect and the status file come when the agent is provisioned, in a command that runs already."""
    control = str(tmp_path / "control")
    script = f"{sys.executable} -c '{PROBE}'; test ! -e $S; read go; {sys.executable} -c '{PROBE}'; cat $S"
    words = command_line("--proxy-agent", "enforce:unprovisioned", "--control", control, "--", "sh", "-ec", script)
    environment = {**build_environment(), "S": "/var/log/azure-proxy-agent/status.json"}
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())[2] == 401
        change = run_command("--control", control, "--change", '{"proxy_agent": "enforce"}')
        assert change.returncode == 0, change.stderr
        output, _ = process.communicate("go\n", timeout=20)
    seen, status = output.split("\n", 1)
    assert json.loads(seen)[:3] == [["127.0.0.1", 3080], "127.0.0.1", 200]
    states = json.loads(status)["proxyAgentStatus"]["keyLatchStatus"]["states"]
    assert "IMDS Enforce" in states["secureChannelState"]


@pytest.mark.usefixtures("needs_redirect")
def test_signs_of_the_agent() -> None:
    """The program is laid over, the directory's other files stay, and nothing of it is on the machine."""
    script = "test -x /usr/sbin/azure-proxy-agent && ls /usr/sbin /var/log && stat -c %a /var/log/azure-proxy-agent/*"
    result = run_command("--proxy-agent", "audit", "--", "sh", "-c", script)
    assert result.returncode == 0
    assert set(os.listdir("/usr/sbin")) | set(os.listdir("/var/log")) <= set(result.stdout.split())
    assert result.stdout.endswith("\n640\n")
    assert not Path("/usr/sbin/azure-proxy-agent").exists()


@pytest.mark.usefixtures("needs_redirect")
def test_nothing_is_left() -> None:
    """A process that outlives the command does not hold the cgroup; one of an emulator that was killed goes later."""
    process = subprocess.Popen(
        command_line("--proxy-agent", "audit", "--", "sh", "-c", "sleep 300 & echo $!; sleep 300"),
        env=build_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    sleeper = int(process.stdout.readline())
    try:
        left = f"azure-imds-emulator-{process.pid}"
        assert [path.name for path in find_cgroups()].count(left) == 1
        process.kill()
        process.wait()
        deadline = time.monotonic() + 10
        while left in [path.name for path in find_cgroups()]:
            assert run_command("--proxy-agent", "audit", "--", "true").returncode == 0
            assert time.monotonic() < deadline
    finally:
        os.kill(sleeper, 9)
        process.stdout.close()


def test_who_may_not() -> None:
    """A user who may not load BPF programs gets one line that says why and what to do."""
    if os.geteuid() == 0:
        words = ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-all", *command_line()]
        words = [*words, "--proxy-agent", "enforce", "--", "true"]
        result = subprocess.run(words, env=build_environment(), capture_output=True, text=True, timeout=60, check=False)
    else:
        result = run_command("--proxy-agent", "enforce", "--", "true")
    assert result.returncode == 125
    (line,) = result.stderr.splitlines()
    assert "the redirect of the proxy agent is not possible here (bpf: operation not permitted)" in line
    assert "as root" in line
