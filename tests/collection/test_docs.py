# SPDX-License-Identifier: Apache-2.0
"""Test what the role's documentation says."""

from __future__ import annotations

import yaml
from lab.places import CHECKOUT

ROLE = CHECKOUT / "collections/ansible_collections/azure_imds/facts/roles/local_facts"


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
    (play,) = yaml.safe_load(text.partition("## By Ansible")[2].partition("```yaml\n")[2].partition("```")[0])
    (role,) = play["roles"]
    described = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(role) - {"role"} <= set(described)
