# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin and its fixture."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.emulator.processes import build_environment

PLUGIN = """
import json, urllib.request

def ask(url):
    request = urllib.request.Request(url + "/metadata/instance?api-version=2021-02-01", headers={"Metadata": "true"})
    return json.load(urllib.request.urlopen(request))

def test_fixture(azure_imds):
    azure_imds.tag("env", "prod")
    azure_imds.resize("Standard_B2s")
    compute = ask(azure_imds.url)["compute"]
    assert ("env:prod" in compute["tags"], compute["vmSize"]) == (True, "Standard_B2s")
    assert [record.status for record in azure_imds.requests] == [200]

def test_fresh(azure_imds):
    azure_imds.fault("500*2,ok")
    assert azure_imds.requests == []
    assert ask_status(azure_imds.url) == [500, 500, 200]

def ask_status(url):
    statuses = []
    for _ in range(3):
        try:
            statuses.append(ask(url) and 200)
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
    return statuses
"""


def test_the_pytest_plugin(tmp_path: Path) -> None:
    """In the tests of another project the fixture `azure_imds` is a fresh emulator for each test."""
    (tmp_path / "test_mine.py").write_text(PLUGIN)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "azure_imds_facts.emulator.pytest_plugin", "--noconftest"]
    plain = {**build_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "no_proxy": "*"}
    result = subprocess.run(
        [*words, "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        env=plain,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_the_plugin_imports_no_server() -> None:
    """Loading the plugin imports neither the server nor its library."""
    script = "import sys, azure_imds_facts.emulator.pytest_plugin as p; print('aiohttp' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], env=build_environment(), capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
