# SPDX-License-Identifier: Apache-2.0
"""docs/troubleshooting.md quotes messages that the program prints, and names facts and settings that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from azure_imds_facts import collect
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.emulator import Emulator

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
CORE = ROOT / "collections/ansible_collections/azure_imds/facts/plugins/module_utils/imds"
# A message may go on in the next line of the source.
SOURCE = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text(encoding="utf-8") for path in CORE.glob("*.py")))
MESSAGES = re.findall(r"(?m)^\| `([^`]+)` \| .* \| .* \|$", PAGE)


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_are_printed(message: str) -> None:
    """Each one stands in the core as it is quoted."""
    assert message in SOURCE


def test_there_are_messages() -> None:
    """A table in another form would leave the test above without a case."""
    assert len(MESSAGES) >= 14


def test_facts_are_there() -> None:
    """The second table names facts of a VM."""
    with Emulator() as emulator:
        facts = spell_ansible(collect(endpoint=emulator.url, cache_ttl=0), reporter=Reporter())
    assert set(re.findall(r"azure_imds_\w+", PAGE)) <= set(facts)


def test_a_tag_called_keys() -> None:
    """What the page says of templates is so."""
    from jinja2 import Environment  # noqa: PLC0415  Ansible's own

    template = "{{ tags.keys }}|{{ tags['keys'] }}"
    shown = Environment(autoescape=False).from_string(template).render(tags={"keys": "house"})  # noqa: S701
    assert shown.startswith("<built-in method")
    assert shown.endswith("|house")
