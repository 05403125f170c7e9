# SPDX-License-Identifier: Apache-2.0
"""docs/troubleshooting.md quotes messages that the program prints, and names facts and settings that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from azure_imds_facts import collect
from azure_imds_facts.core.errors import OK, ImdsError
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
PARTS = ("collections/ansible_collections/azure_imds/facts/plugins", "facts/azure_imds_facts")
# A message may go on in the next line of the source.
SOURCE = re.sub(
    r'"\s*\n\s*f?"',
    "",
    "\n".join(path.read_text(encoding="utf-8") for part in PARTS for path in (ROOT / part).rglob("*.py")),
)


def read_section(title: str) -> str:
    """Return what stands below a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def read_cells(title: str) -> list[str]:
    """Return the first cells of the tables below a heading, those of their heads left out."""
    cells = re.findall(r"(?m)^\| (.+?) \| .* \|$", read_section(title))
    return [cell for cell in cells if cell.startswith("`")]


MESSAGES = [message for cell in read_cells("By message") for message in re.findall(r"`([^`]+)`", cell)]


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_are_printed(message: str) -> None:
    """Each one stands in the program as it is quoted."""
    assert message in SOURCE


def test_there_are_messages() -> None:
    """A table in another form would leave the test above without a case."""
    assert len(MESSAGES) >= 50


def test_every_outcome_has_a_row() -> None:
    """The first table has each outcome, and no other."""
    assert read_cells("By outcome") == [
        f"`{name}`" for name in (OK, *(one.outcome for one in ImdsError.__subclasses__()))
    ]


def test_facts_are_there() -> None:
    """The last table names facts of a VM."""
    with Emulator() as emulator:
        facts = spell_ansible(collect(endpoint=emulator.url, cache_ttl=0), reporter=Reporter())
    named = set(re.findall(r"azure_imds_\w+", read_section("Facts that look wrong")))
    assert named
    assert named <= set(facts)


def test_a_tag_called_keys() -> None:
    """What the page says of templates is so."""
    from jinja2 import Environment  # noqa: PLC0415  Ansible's own

    template = "{{ tags.keys }}|{{ tags['keys'] }}"
    shown = Environment(autoescape=False).from_string(template).render(tags={"keys": "house"})  # noqa: S701
    assert shown.startswith("<built-in method")
    assert shown.endswith("|house")
    compared = "{{ tags.keys == 'house' }}|{{ tags['keys'] == 'house' }}"
    assert Environment(autoescape=False).from_string(compared).render(tags={"keys": "house"}) == "False|True"  # noqa: S701
