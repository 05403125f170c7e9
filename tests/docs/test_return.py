# SPDX-License-Identifier: Apache-2.0
"""Test that the module's documentation names every fact, as the field table says and as the module returns it."""

from __future__ import annotations

import sys
from typing import Any

import yaml
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.e2e.conftest import shell
from tests.e2e.shell import Shell

__all__ = ["shell"]

PAGE = CHECKOUT / "collections/ansible_collections/azure_imds/facts/plugins/modules/azure_imds_facts.yml"
TYPES: dict[str, type] = {"str": str, "list": list, "dict": dict, "bool": bool, "int": int}


def described() -> dict[str, dict[str, Any]]:
    """Return fact → description."""
    facts: dict[str, dict[str, Any]] = yaml.safe_load(PAGE.read_text())["RETURN"]["ansible_facts"]["contains"]
    return facts


def test_rendered_from_the_field_table(shell: Shell) -> None:
    """The section is what the script makes of the table today."""
    shell.run_ok(sys.executable, str(CHECKOUT / "scripts/render-return.py"), "--check")


def test_every_fact_is_described(shell: Shell) -> None:
    """Whatever the module returns of a whole document is described, with its type."""
    with Emulator() as imds:
        imds.event("Reboot")
        arguments = (
            f"endpoint={imds.url} gather_subset=all timeout=30 reveal=user_data,custom_data,public_keys,admin_username"
        )
        facts = shell.ansible("azure_imds_facts", arguments)["ansible_facts"]
    pages = described()
    flat_tags = {f"azure_imds_tags_{name.lower()}" for name in facts["azure_imds_tags"]}
    assert set(facts) - flat_tags <= set(pages)
    for name in set(facts) - flat_tags:
        told = pages[name]
        assert facts[name] is None or type(facts[name]) is TYPES[told["type"]], name
        if told["type"] == "list":
            assert {type(item) for item in facts[name]} <= {TYPES[told["elements"]]}, name


def test_samples_have_their_type() -> None:
    """An example is of the type that stands beside it."""
    for name, told in described().items():
        if "sample" in told:
            assert type(told["sample"]) is TYPES[told["type"]], name
