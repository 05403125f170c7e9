# SPDX-License-Identifier: Apache-2.0
"""docs/coming-from.md and docs/awx.md name facts, grains, options and packages that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml
from azure_imds_facts import collect
from azure_imds_facts.core.document import SENSITIVE
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import CATEGORIES
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
PAGE = (ROOT / "docs/coming-from.md").read_text(encoding="utf-8")
AWX = (ROOT / "docs/awx.md").read_text(encoding="utf-8")
MODULES = {path.stem for path in (COLLECTION / "plugins/modules").glob("*.py")}
NAMES = sorted({name for name in re.findall(r"`(azure_imds_\w+)", PAGE) if name not in MODULES})


def _load(text: str) -> Any:
    """Return what the page's YAML blocks say, in order."""
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


@pytest.fixture(name="facts", scope="module")
def _facts() -> Iterator[dict[str, Any]]:
    """What a Spot VM behind a load balancer says, as a collection of everything."""
    with Emulator(vm="spot", load_balancer="standard") as emulator:
        emulator.set("compute.location", "westeurope")
        emulator.set("compute.zone", "1")
        yield collect(endpoint=emulator.url, cache_ttl=0, gather="all")


def test_there_are_facts_to_look_at() -> None:
    """A page that lost its tables would pass the tests below."""
    assert len(NAMES) >= 18


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_there(name: str, facts: dict[str, Any]) -> None:
    """Each fact that replaces one of another tool."""
    assert name in {**spell_ansible(facts, reporter=Reporter()), "azure_imds_available": True}


def test_grains_are_there(facts: dict[str, Any]) -> None:
    """Each target in the table for Salt 3006 leads to a leaf."""
    grain = spell_salt(facts)["azure_imds"]
    targets = re.findall(r"\| `azure_imds:([^`]+)`", PAGE)
    assert len(targets) == 5
    for target in targets:
        category, field, _value = target.split(":", 2)
        assert isinstance(grain[category], dict), target
        assert category == "tags" or field in grain[category], target


def test_module_and_options_are_there() -> None:
    """The task that replaces five."""
    ((task,),) = _load(PAGE)
    assert task["azure_imds.facts.azure_imds_facts"] is None
    (more,) = re.findall(r"`gather_subset: \[(.*)\]`", PAGE)
    assert set(more.split(", ")) | {"scheduled_events"} == set(CATEGORIES)
    assert set(re.findall(r"`(azure_imds_\w+)` with", PAGE)) <= MODULES
    assert set(re.findall(r"`reveal: (\w+)`", PAGE)) <= set(SENSITIVE)


def test_execution_environment() -> None:
    """Its files name the collection and a package that the distribution has."""
    (unreleased,), project, environment = _load(AWX)
    galaxy = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    # tests/e2e installs from there.
    shown = (ROOT / "docs/ansible.md").read_text(encoding="utf-8")
    assert f"install 'git+{unreleased['name']}'" in shown
    assert (unreleased["type"], unreleased["version"]) == ("git", "main")
    name = f"{galaxy['namespace']}.{galaxy['name']}"
    assert [each["name"] for each in project["collections"]] == [name]
    assert [each["name"] for each in environment["dependencies"]["galaxy"]["collections"]] == [name]
    (package,) = environment["dependencies"]["python"]
    distribution = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = re.fullmatch(r"([\w-]+)\[(\w+)\]", package)
    assert wanted is not None
    assert wanted[1] == distribution["name"]
    assert wanted[2] in distribution["optional-dependencies"]
