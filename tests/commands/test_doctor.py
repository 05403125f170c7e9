# SPDX-License-Identifier: Apache-2.0
"""`azure-imds-facts doctor` names the cause, on real sockets, routes and directories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

FACTS = Path(__file__).parents[2] / "facts"
DOCTOR = (sys.executable, "-m", "azure_imds_facts", "doctor", "--format", "json")

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="needs root, unshare and ip to make a network namespace of its own",
)


def _diagnose(
    *arguments: str, inside: tuple[str, ...] = (), environ: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Run the doctor, return its exit code and check → finding, with the outcome under `outcome`."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [*inside, *DOCTOR, "--timeout", "1", *arguments],
        env={**clean, "PYTHONPATH": str(FACTS), **(environ or {})},
        capture_output=True,
        check=False,
        timeout=30,
        text=True,
    )
    answer = json.loads(done.stdout)
    return done.returncode, {
        "outcome": answer["outcome"],
        **{finding["check"]: finding for finding in answer["checks"]},
    }


def _in_namespace(script: str) -> tuple[str, ...]:
    """A command prefix that runs what follows in a network namespace that a script has set up."""
    return ("unshare", "-n", "sh", "-ec", f'ip link set lo up; {script}; exec "$@"', "sh")


def test_all_is_well(tmp_path: Path) -> None:
    """Where IMDS answers nothing is bad, and the exit code is 0."""
    with Emulator(rate_limit=0) as imds:
        code, found = _diagnose("--endpoint", imds.url, "--cache-dir", str(tmp_path / "cache"))
    assert (code, found["outcome"]) == (0, "ok")
    assert not [name for name, finding in found.items() if name != "outcome" and finding["verdict"] == "bad"]
    assert "2025-04-07" in found["api-version"]["text"]


def test_not_azure() -> None:
    """A machine without Azure's signs is named as that, and IMDS is not asked."""
    if Path("/sys/class/dmi/id/chassis_asset_tag").exists() or Path("/var/lib/waagent").exists():
        pytest.skip("this machine has a DMI of its own")
    code, found = _diagnose()
    assert (code, found["outcome"], found["machine"]["verdict"]) == (3, "not_azure", "bad")
    assert found["answer"] == {"check": "answer", "verdict": "skipped", "text": "IMDS was not asked.", "fix": ""}


def test_disabled() -> None:
    """The switch that turns everything off is named."""
    code, found = _diagnose(environ={"AZURE_IMDS_DISABLED": "1"})
    assert code == 3
    assert found["machine"]["fix"] == "Unset AZURE_IMDS_DISABLED."


def test_port_refused() -> None:
    """A refused connection is another finding than silence."""
    code, found = _diagnose("--endpoint", "http://127.0.0.1:1")
    assert (code, found["outcome"]) == (4, "unreachable")
    assert "connection refused" in found["answer"]["text"]
    assert found["answer"]["fix"].startswith("Nothing listens there")


@needs_namespaces
def test_no_route() -> None:
    """Without a route the doctor says so, and what brings one."""
    code, found = _diagnose("--detect", "skip", inside=_in_namespace("true"))
    assert (code, found["outcome"], found["route"]["verdict"]) == (4, "unreachable", "bad")
    assert "No route to 169.254.169.254" in found["route"]["text"]
    assert "DHCP" in found["route"]["fix"]


@needs_namespaces
def test_route_through_the_wrong_interface() -> None:
    """A link-local route beside the default one is named with its interface."""
    setup = (
        "ip link add eth0 type veth peer name eth1; ip link set eth1 up; ip link set eth0 up;"
        "ip addr add 10.1.0.4/24 dev eth0; ip route add default via 10.1.0.1;"
        "ip link add br0 type veth peer name br1; ip link set br1 up; ip link set br0 up;"
        "ip addr add 169.254.7.7/16 dev br0"
    )
    probe = subprocess.run([*_in_namespace(setup), "true"], capture_output=True, check=False, text=True)
    if probe.returncode:
        pytest.skip(f"interfaces cannot be made here: {probe.stderr.strip()}")
    _code, found = _diagnose("--detect", "skip", inside=_in_namespace(setup))
    assert found["route"]["verdict"] == "bad"
    assert "through br0, while everything else leaves through eth0" in found["route"]["text"]


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"])
def test_proxy_variables_are_noted(name: str) -> None:
    """Proxy variables are named, their values are not, and an exception for IMDS settles it."""
    secret = "http://user:hunter2@127.0.0.1:1"
    _code, found = _diagnose("--endpoint", "http://127.0.0.1:1", environ={name: secret})
    assert found["proxies"]["verdict"] == "note"
    assert name in found["proxies"]["text"]
    assert "hunter2" not in json.dumps(found)
    _code, found = _diagnose("--endpoint", "http://127.0.0.1:1", environ={"no_proxy": "169.254.169.254", name: secret})
    assert found["proxies"]["verdict"] == "ok"


def test_throttled() -> None:
    """Refusals as one too many are counted."""
    with Emulator(rate_limit=0) as imds:
        imds.fault("429*99")
        code, found = _diagnose("--endpoint", imds.url)
    assert (code, found["outcome"], found["throttling"]["verdict"]) == (5, "throttled", "bad")
    assert "five requests a second" in found["throttling"]["fix"]


def test_cache_directory_unusable(tmp_path: Path) -> None:
    """A cache directory that others may enter is bad, with a way out."""
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    _code, found = _diagnose("--endpoint", "http://127.0.0.1:1", "--cache-dir", str(shared))
    assert found["cache"]["verdict"] == "bad"
    assert "--cache-dir" in found["cache"]["fix"]


def test_wrong_setting_is_usage() -> None:
    """A setting that is not allowed ends with exit code 2 and nothing on standard output."""
    done = subprocess.run(
        [*DOCTOR, "--timeout", "soon"],
        env={**os.environ, "PYTHONPATH": str(FACTS)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "number of seconds" in done.stderr
