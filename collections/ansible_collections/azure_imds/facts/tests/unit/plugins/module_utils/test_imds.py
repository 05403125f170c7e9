# SPDX-License-Identifier: Apache-2.0
"""The core under the name by which Ansible's modules import it. Its whole suite is the project's own."""

from __future__ import annotations

from ansible_collections.azure_imds.facts.plugins.module_utils.imds.document import redact
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.events.model import concerns, parse_timeline
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.reporter import Reporter
from ansible_collections.azure_imds.facts.plugins.module_utils.imds.spelling import snake_case, spell_ansible


def test_spelling() -> None:
    """Facts are flat and in the namespace, whatever a tag is called."""
    assert snake_case("diskSizeGB") == "disk_size_gb"
    facts = spell_ansible({"compute": {"vmSize": "B1s"}, "tags": {"ansible_host": "x"}}, reporter=Reporter())
    assert facts["azure_imds_compute_vm_size"] == "B1s"
    assert facts["azure_imds_tags"] == {"ansible_host": "x"}
    assert all(name.startswith("azure_imds_") for name in facts)


def test_redaction() -> None:
    """Sensitive fields are left out, however they are spelled."""
    assert redact({"compute": {"UserData": "c2VjcmV0", "name": "vm"}}) == {"compute": {"name": "vm"}}


def test_events() -> None:
    """An event is this machine's where it is among the resources, without case."""
    event = {"EventId": "1", "EventType": "Reboot", "EventStatus": "Scheduled", "Resources": ["VM-1"], "NotBefore": ""}
    timeline = parse_timeline({"DocumentIncarnation": 1, "Events": [event]})
    assert concerns(timeline.events[0], "vm-1")
    assert not concerns(timeline.events[0], "vm-2")
