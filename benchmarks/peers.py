# SPDX-License-Identifier: Apache-2.0
"""The commands that are compared: ours, what a user would pick instead, and the floor below which no program gets."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from benchmarks.timing import Command

ADDRESS = "169.254.169.254"
BASE = f"http://{ADDRESS}"
_PATH = "/metadata/instance?api-version=2021-02-01"
_FLOOR = f"""
import http.client, json
connection = http.client.HTTPConnection("{ADDRESS}", timeout=5)
connection.request("GET", "{_PATH}", headers={{"Metadata": "true"}})
print(json.load(connection.getresponse())["compute"]["vmSize"])
"""
_OTEL = """
from opentelemetry.resource.detector.azure.vm import AzureVMResourceDetector
assert AzureVMResourceDetector().detect().attributes["host.type"]
"""
_FACTER = "require 'facter'; exit Facter::Resolvers::Az.resolve(:metadata)['compute'] ? 0 : 1\n"
OURS = str(Path(sys.executable).parent / "azure-imds-facts")


def build_environment(cache: Path) -> dict[str, str]:
    """Return an environment for the compared commands, with compiled bytecode, as where pip installed them."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_IMDS_", "ANSIBLE_"))}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**inherited, "AZURE_IMDS_CACHE_DIR": str(cache), "AZURE_IMDS_CACHE_TTL": "3600"}


def our_commands(folder: Path) -> dict[str, Command]:
    """Return the command line with and without a kept answer, and Python doing nothing."""
    cold, warm = build_environment(folder / "cold"), build_environment(folder / "warm")
    return {
        "python3 -c pass": Command([sys.executable, "-c", "pass"]),
        "facts, cold": Command([OURS, "facts"], cold, lambda: shutil.rmtree(folder / "cold", ignore_errors=True)),
        "facts, warm": Command([OURS, "facts"], warm),
    }


def peer_commands(folder: Path) -> tuple[dict[str, Command], list[str]]:
    """Return the peers that are here, and a line for each that is not, which says how to get it."""
    env = build_environment(folder / "unused")
    floor, resolve, hints = folder / "floor.py", folder / "resolve.rb", folder / "hints"
    floor.write_text(_FLOOR)
    resolve.write_text(_FACTER)
    hints.mkdir()
    (hints / "azure.json").write_text("{}")
    (folder / "ohai.rb").write_text(f'ohai.hints_path << "{hints}"\n')
    url = f"http://{ADDRESS}{_PATH}"
    found = {"one GET in Python": Command([sys.executable, str(floor)], env)}
    absent = []
    if shutil.which("curl") and shutil.which("jq"):
        pipe = f"curl -fs --noproxy '*' -H Metadata:true '{url}' | jq -e .compute.vmSize"
        found["curl | jq"] = Command(["sh", "-c", pipe], env)
    else:
        absent.append("curl | jq: apt-get install curl jq")
    if shutil.which("ohai"):
        found["ohai azure"] = Command(["ohai", "-c", str(folder / "ohai.rb"), "azure"], env)
    else:
        absent.append("ohai: apt-get install ohai")
    if shutil.which("facter") and shutil.which("ruby"):
        found["facter's Azure resolver"] = Command(["ruby", str(resolve)], env)
    else:
        absent.append("facter: apt-get install facter")
    if _has_detector():
        found["opentelemetry-resource-detector-azure"] = Command([sys.executable, "-c", _OTEL], env)
    else:
        absent.append("opentelemetry: pip install opentelemetry-resource-detector-azure")
    return found, absent


def _has_detector() -> bool:
    """Whether OpenTelemetry's detector is here; Salt brings the namespace it lives in, not the detector."""
    try:
        return importlib.util.find_spec("opentelemetry.resource.detector.azure") is not None
    except ModuleNotFoundError:
        return False
