# SPDX-License-Identifier: Apache-2.0
"""Resource attributes of OpenTelemetry, for the environment variable OTEL_RESOURCE_ATTRIBUTES.

They are those of OpenTelemetry's own detector for Azure VMs, and have its values, so that it does not matter which of
the two a program uses.
"""

from __future__ import annotations

from urllib.parse import quote

from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.records import replace
from azure_imds_facts.core.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter

# Attribute of the semantic conventions → field of compute.
_FIELDS = {
    "azure.vm.scaleset.name": "vmScaleSetName",
    "azure.vm.sku": "sku",
    "cloud.region": "location",
    "cloud.resource_id": "resourceId",
    "host.id": "vmId",
    "host.name": "name",
    "host.type": "vmSize",
    "os.type": "osType",
    "os.version": "version",
    "service.instance.id": "vmId",
}
_PROVIDER = {"cloud.provider": "azure"}
# A machine of Azure Arc is none of Azure's platforms.
_PLATFORM = {"cloud.platform": "azure_vm"}
# The id of a resource has under 500 characters.
_LONGEST = 1024
# The SDKs' common form, W3C Baggage, takes more; but a shell may read the value, and a field may hold anything.
_UNESCAPED = "/:@+"


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return `key=value` pairs with commas between them, whatever is gathered. A field that IMDS lacks has none."""
    facts = build_facts(replace(snapshot, gather=Settings.gather), reporter=reporter)
    compute = facts["compute"]
    attributes = {**_PROVIDER, **(_PLATFORM if snapshot.platform == "vm" else {})}
    for attribute, field in _FIELDS.items():
        value = compute.get(field)
        if isinstance(value, str):
            attributes[attribute] = value[:_LONGEST]
    return ",".join(f"{name}={quote(value, safe=_UNESCAPED)}" for name, value in sorted(attributes.items()))
