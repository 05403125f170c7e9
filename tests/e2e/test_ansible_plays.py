# SPDX-License-Identifier: Apache-2.0
"""The module in plays: check mode, as a facts module, on old interpreters, and every way in which it does not get facts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import choose_target

if TYPE_CHECKING:
    from tests.e2e.shell import Shell

# ansible-core 2.20 gave up 3.8.
OLDEST_TARGET = "python3.8" if tuple(map(int, version("ansible-core").split(".")[:2])) < (2, 20) else "python3.9"


def play(shell: Shell, plays: list[dict[str, Any]], *options: str, **extra_env: str) -> str:
    """Run a playbook on localhost and return what it printed."""
    playbook = shell.folder / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "connection": "local", **each} for each in plays]))
    return shell.run_ok("ansible-playbook", str(playbook), *options, **extra_env)


def debug(expression: str) -> dict[str, Any]:
    """Return a task that prints the value of an expression."""
    return {"ansible.builtin.debug": {"msg": "<{{ " + expression + " }}>"}}


def test_example_play(shell: Shell, vm: str) -> None:
    """The example play that the documentation shows runs as it is."""
    printed = shell.run_ok("ansible-playbook", "examples/play.yml", AZURE_IMDS_ENDPOINT=vm)
    assert "vm-one is a Standard_D2s_v3 in zone 1, tagged env=prod" in printed


def test_check_mode(shell: Shell, vm: str) -> None:
    """In check mode the module gathers all the same, for it changes nothing."""
    tasks = [
        {"azure_imds_facts": {"endpoint": vm, "gather_subset": ["compute"]}},
        debug("ansible_facts.azure_imds_compute_vm_size"),
    ]
    printed = play(shell, [{"gather_facts": False, "tasks": tasks}], "--check")
    assert "<Standard_D2s_v3>" in printed
    assert "changed=0" in printed


def test_as_facts_module(shell: Shell, vm: str) -> None:
    """Named in ansible_facts_modules it runs when facts are gathered, with options from module_defaults."""
    name = "azure_imds.facts.azure_imds_facts"
    printed = play(
        shell,
        [
            {
                "gather_facts": True,
                "vars": {"ansible_facts_modules": [name]},
                "module_defaults": {name: {"endpoint": vm}},
                "tasks": [debug("ansible_facts.azure_imds_compute_zone")],
            }
        ],
    )
    assert "<1>" in printed


def test_tag_is_no_variable(shell: Shell, start_vm: Any) -> None:
    """A tag named as a connection variable, with a template as its value, is data below azure_imds_tags."""
    endpoint = start_vm("--tag", "ansible_connection={{ 6 * 7 }}")
    tasks = [
        {"azure_imds_facts": {"endpoint": endpoint}},
        debug("ansible_facts.azure_imds_tags.ansible_connection"),
        debug("ansible_connection"),
    ]
    printed = play(shell, [{"gather_facts": False, "tasks": tasks}])
    assert "<{{ 6 * 7 }}>" in printed
    assert "<local>" in printed


def test_disabled_is_not_azure(shell: Shell) -> None:
    """Where there is no Azure the module does not fail, and says that there are no facts."""
    result = shell.ansible("azure_imds_facts", AZURE_IMDS_DISABLED="1")
    assert result["outcome"] == "not_azure"
    assert result["ansible_facts"] == {"azure_imds_available": False}
    assert result["failed"] is False


def test_disabled_fails_where_asked_to(shell: Shell) -> None:
    """With fail_on=any a machine that is not an Azure VM is a failure."""
    result = shell.ansible("azure_imds_facts", "fail_on=any", AZURE_IMDS_DISABLED="1")
    assert result["outcome"] == "not_azure"
    assert result["failed"] is True


def test_unreachable(shell: Shell, refused_endpoint: str) -> None:
    """Nobody listening is a failure that names the address and carries its outcome, without a traceback."""
    result = shell.ansible("azure_imds_facts", f"endpoint={refused_endpoint} timeout=1")
    assert result["failed"] is True
    assert result["outcome"] == "unreachable"
    assert refused_endpoint in result["msg"]
    assert "Traceback" not in json.dumps(result)


def test_unreachable_tolerated(shell: Shell, refused_endpoint: str) -> None:
    """With fail_on=never the same is a warning and azure_imds_available: false."""
    result = shell.ansible("azure_imds_facts", f"endpoint={refused_endpoint} timeout=1 fail_on=never")
    assert result["failed"] is False
    assert result["outcome"] == "unreachable"
    assert result["ansible_facts"] == {"azure_imds_available": False}
    assert "[WARNING]" in result["warnings"]
    assert refused_endpoint in result["warnings"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("endpoint=https://127.0.0.1/", "endpoint"),
        ("endpoint=http://127.0.0.1 api_version=1999-01-01", "1999-01-01"),
        ("gather_subset=weather", "weather"),
        ("timeout=soon", "timeout"),
    ],
)
def test_wrong_setting(shell: Shell, arguments: str, named: str) -> None:
    """A wrong option ends in `usage` with a message that names it."""
    result = shell.ansible("azure_imds_facts", arguments)
    assert result["failed"] is True
    assert result["outcome"] == "usage"
    assert named in result["msg"]


@pytest.mark.parametrize("body", ["<html>Please sign in</html>", '{"compute": ', "[]"])
def test_not_imds(shell: Shell, start_vm: Any, body: str) -> None:
    """A captive portal's page, a broken document and one of another shape are refused as `invalid`."""
    document = shell.folder / "document"
    document.write_text(body)
    endpoint = start_vm("--document", str(document), "--raw")
    result = shell.ansible("azure_imds_facts", f"endpoint={endpoint} timeout=1")
    assert result["failed"] is True
    assert result["outcome"] == "invalid"
    assert "Traceback" not in json.dumps(result)


def test_oldest_interpreter(shell: Shell, vm: str) -> None:
    """The module runs on the oldest Python that this Ansible allows on a target."""
    env = choose_target(shell.folder, find_python(OLDEST_TARGET))
    told = shell.ansible("setup", "gather_subset=!all,!min,python", **env)
    assert told["ansible_facts"]["ansible_python"]["version"]["minor"] == int(OLDEST_TARGET.rpartition(".")[2])
    result = shell.ansible("azure_imds_facts", f"endpoint={vm}", **env)
    assert result["ansible_facts"]["azure_imds_compute_vm_size"] == "Standard_D2s_v3"


def find_python(name: str) -> str:
    """Return the path of an interpreter that runs; skip the test where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    number = name.removeprefix("python")
    for candidate in (shutil.which(name), *map(str, pyenv.glob(f"{number}.*/bin/{name}"))):
        # A pyenv shim is found for each version that is installed, and runs for those that are selected.
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    pytest.skip(f"there is no {name} on this machine")


@pytest.mark.parametrize("name", ["__ansible_type", "__ansible_vault", "__ansible_unsafe"])
def test_a_tag_named_as_ansible_s_marks(name: str, shell: Shell, tmp_path: Path) -> None:
    """Whoever may tag the VM cannot break the module, nor `setup` on a host that has local facts."""
    with Emulator() as imds:
        imds.tag(name, "x")
        imds.tag("env", "prod")
        told = shell.ansible("azure_imds_facts", f"endpoint={imds.url}")["ansible_facts"]
        assert (told["azure_imds_tags"]["env"], name in told["azure_imds_tags"]) == ("prod", False)
        shell.run_ok("azure-imds-facts", "local-facts", "--directory", str(tmp_path), "--endpoint", imds.url)
    local = shell.ansible("setup", f"gather_subset=!all,!min,local fact_path={tmp_path}")["ansible_facts"][
        "ansible_local"
    ]
    assert local["azure_imds"]["tags"]["env"] == "prod"
