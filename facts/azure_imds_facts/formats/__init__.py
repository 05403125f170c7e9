# SPDX-License-Identifier: Apache-2.0
"""The output formats of `azure-imds-facts facts`: one module each, and one table."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter

    Formatter = Callable[[Snapshot, Reporter], str]

# Name → (module with `format_facts`, what it prints). The first one is the default.
FORMATS = {
    "json": ("azure_imds_facts.formats.local_json", "the content of the local facts file, with age_seconds"),
    "yaml": ("azure_imds_facts.formats.local_yaml", "the same as YAML (needs PyYAML)"),
    "ansible": ("azure_imds_facts.formats.ansible_json", "the ansible_facts of the module azure_imds_facts, as JSON"),
    "salt": ("azure_imds_facts.formats.salt_json", "the grain azure_imds, as JSON"),
    "facter": ("azure_imds_facts.formats.facter_json", "the fact azure_imds of Facter and OpenVox, as JSON"),
    "prometheus": ("azure_imds_facts.formats.prometheus", "the gauge azure_imds_info, in Prometheus' text format"),
    "otel": ("azure_imds_facts.formats.otel", "the value of OTEL_RESOURCE_ATTRIBUTES, for OpenTelemetry"),
    "env": ("azure_imds_facts.formats.env", "AZURE_IMDS_COMPUTE_VM_SIZE=... lines for a shell"),
}


def load_formatter(name: str) -> Formatter:
    """Return the function that makes a snapshot's text in a format. Raises UsageError where a package is missing."""
    formatter: Formatter = import_module(FORMATS[name][0]).format_facts
    return formatter
