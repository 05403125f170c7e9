# SPDX-License-Identifier: Apache-2.0
"""Test what the documentation of the collection's role and modules says."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.e2e.shell import Shell

COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
ROLE = COLLECTION / "roles/local_facts"
MODULES = ("azure_imds_facts", "azure_imds_event_approve")


def test_every_variable_is_described() -> None:
    """The variables with defaults are those of the argument specification, with the same defaults."""
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    described = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(described) == set(defaults)
    for name, spec in described.items():
        assert spec.get("default", defaults[name]) == defaults[name], name


def test_example() -> None:
    """The example in docs/boot.md is a play whose variables the role has."""
    text = (CHECKOUT / "docs/boot.md").read_text()
    (play,) = yaml.safe_load(text.partition("## Install with Ansible")[2].partition("```yaml\n")[2].partition("```")[0])
    (role,) = play["roles"]
    described = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(role) - {"role"} <= set(described)


def write_play(shell: Shell, tasks: str) -> str:
    """Write tasks as a play on localhost and return its path."""
    path = shell.folder / "play.yml"
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": yaml.safe_load(tasks)}
    path.write_text(json.dumps([play]))
    return str(path)


def read_examples() -> dict[str, str]:
    """Return name → tasks of all examples of the collection."""
    documented = {name: (COLLECTION / f"plugins/modules/{name}.yml").read_text() for name in MODULES}
    examples: dict[str, str] = {name: yaml.safe_load(text)["EXAMPLES"] for name, text in documented.items()}
    readme = (COLLECTION / "README.md").read_text()
    return {**examples, "README.md": readme.partition("```yaml\n")[2].partition("```")[0]}


@pytest.mark.parametrize("name", [*MODULES, "README.md"])
def test_examples_run_on_azure(shell: Shell, name: str) -> None:
    """The tasks that the documentation shows run on a VM, one of no zone and without tags, and do what they say."""
    with Emulator() as imds:
        imds.event("Reboot")
        imds.untag("env")
        imds.untag("role")
        imds.set("compute.zone", "")
        playbook = write_play(shell, read_examples()[name])
        told = shell.run_ok("ansible-playbook", playbook, AZURE_IMDS_ENDPOINT=imds.url)
        assert (name == "azure_imds_event_approve") is any(request.method == "POST" for request in imds.requests)
    assert "failed=0" in told


@pytest.mark.parametrize("example", [*MODULES, "README.md", "play.yml"])
def test_examples_run_off_azure(shell: Shell, example: str) -> None:
    """Off Azure they do nothing, and do not fail."""
    path = CHECKOUT / "examples" / example
    playbook = str(path) if path.exists() else write_play(shell, read_examples()[example])
    told = shell.run_ok("ansible-playbook", playbook, AZURE_IMDS_DISABLED="1")
    assert re.search("changed=0 .*failed=0 .*skipped=[1-9]", told)
