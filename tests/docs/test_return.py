# SPDX-License-Identifier: Apache-2.0
"""Test that the module's documentation names every fact, as the field table says and as the module returns it."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
import yaml
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.emulator.vm.load_balancers import LOAD_BALANCERS
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


@pytest.mark.parametrize("load_balancer", [None, *LOAD_BALANCERS])
def test_every_fact_is_described(shell: Shell, load_balancer: str | None) -> None:
    """Whatever the module returns of a whole document is described, with its type, whatever load balancer is in front."""
    with Emulator(load_balancer=load_balancer) as imds:
        imds.event("Reboot")
        arguments = (
            f"endpoint={imds.url} gather_subset=all timeout=30 reveal=user_data,custom_data,public_keys,admin_username"
        )
        facts = shell.ansible("azure_imds_facts", arguments)["ansible_facts"]
    flat_tags = {f"azure_imds_tags_{name.lower()}" for name in facts["azure_imds_tags"]}
    pages = described()
    assert any("load_balancer" in name for name in facts) is (load_balancer is not None)
    assert_described({name: value for name, value in facts.items() if name not in flat_tags}, pages, "")


def assert_described(values: dict[str, Any], pages: dict[str, dict[str, Any]], where: str) -> None:
    """Assert that each value is described with its type, and so is what it consists of."""
    assert set(values) <= set(pages), where
    for name, value in values.items():
        told, place = pages[name], f"{where}{name}"
        assert value is None or type(value) is TYPES[told["type"]], place
        items = value if isinstance(value, list) else [value]
        if isinstance(value, list):
            assert {type(item) for item in items} <= {TYPES[told["elements"]]}, place
        for item in items:
            if isinstance(item, dict) and name != "azure_imds_tags":
                assert_described(item, told["contains"], f"{place}.")


def test_every_fact_has_a_sample_of_its_type() -> None:
    """An example stands beside each fact, is of the type that stands there too, and consists of what is described."""
    assert_described({name: told["sample"] for name, told in described().items()}, described(), "")


def test_versions_are_told() -> None:
    """Of what comes from an endpoint of its own the api-version is told, as it is of the instance."""
    for name, told in described().items():
        if re.search("_(compute|load_balancer|network_interface|identity|events_events|incarnation)", name):
            assert re.search(r"Since api-version \d{4}-\d\d-\d\d\.$", told["description"][0]), name
