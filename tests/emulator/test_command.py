# SPDX-License-Identifier: Apache-2.0
"""The command `emulate` as a process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from tests.emulator.client import send_request
from tests.emulator.processes import StartCommand, build_environment


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_url_and_ends_cleanly(start_command: StartCommand, number: int) -> None:
    """Standard output is one line, the URL; SIGTERM and SIGINT end the command with 0."""
    command = start_command()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", command.url)
    assert command.process.stdout is not None
    assert command.stop(number)[0] == 0


def test_requests_are_logged_one_a_line(start_command: StartCommand) -> None:
    """Each request is one line on standard error with method, target and status."""
    command = start_command()
    send_request(command.url, "/metadata/versions")
    send_request(command.url, "/metadata/nothing", headers={})
    _, errors = command.stop()
    lines = errors.splitlines()
    assert [line.rsplit(" ", 1)[0] for line in lines] == [
        "GET /metadata/versions 200",
        "GET /metadata/nothing 400",
    ]


def test_a_remote_address_causes_a_warning(start_command: StartCommand) -> None:
    """Binding another address than loopback needs a flag and causes a warning."""
    command = start_command("--bind", "0.0.0.0", "--allow-remote")
    assert "hands out metadata and tokens" in command.stop()[1]


def test_a_missing_extra_is_one_line() -> None:
    """Without aiohttp the command names the extra and exits with 2; flags and help still work."""
    script = (
        "import sys; sys.modules['aiohttp'] = None; sys.argv = ['emulate', *sys.argv[1:]];"
        "import runpy; runpy.run_module('azure_imds_facts.emulator', run_name='__main__')"
    )
    words = [sys.executable, "-c", script]
    result = subprocess.run(words, env=build_environment(), capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "azure-imds-facts emulate: serving needs aiohttp: pip install 'azure-imds-facts[emulator]'\n"
    )
    helped = subprocess.run([*words, "--help"], env=build_environment(), capture_output=True, text=True, check=False)
    assert (helped.returncode, helped.stderr) == (0, "")
