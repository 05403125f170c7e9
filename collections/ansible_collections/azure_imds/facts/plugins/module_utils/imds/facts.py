# SPDX-License-Identifier: Apache-2.0
"""What a collection brings, and the facts in it: categories of IMDS's own fields, in IMDS's own spelling and values."""

from __future__ import annotations

from . import document, network, records, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import errors


@records.record
class Tags:
    """Tag name → value, names exactly as they are; `is_ambiguous` where the string can be read in several ways."""

    values: dict[str, str]
    is_ambiguous: bool = False
    skipped: int = 0


def parse_tags(compute: Mapping[str, object] | None) -> Tags:
    """Return the tags of a document's compute section.

    `tagsList` (since 2019-06-04), even empty, beats `tags`: Microsoft's page recommends it because the string
    `name:value;name:value` escapes nothing, while `:` and `;` are allowed in both parts.
    """
    listed = (compute or {}).get("tagsList")
    if isinstance(listed, list):
        return _from_list(listed)
    text = (compute or {}).get("tags")
    return _from_string(text if isinstance(text, str) else "")


def _from_list(listed: list[object]) -> Tags:
    usable = [
        entry
        for entry in listed
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("value"), str)
    ]
    return Tags(values={entry["name"]: entry["value"] for entry in usable}, skipped=len(listed) - len(usable))


def _from_string(text: str) -> Tags:
    chunks = [chunk for chunk in text.split(";") if chunk]
    parted = [chunk.partition(":") for chunk in chunks]
    return Tags(
        values={name: value for name, _colon, value in parted},
        is_ambiguous=any(chunk.count(":") != 1 for chunk in chunks),
    )


@records.record
class Snapshot:
    """One machine's metadata at one time.

    `document`: `/metadata/instance` without null sections and without sensitive fields that were not asked for.
    `source`: `imds`, `cache`, `stale` or `cloud-init`. `fetched_at`: RFC 3339 in UTC. `age_s`: seconds since then.
    `extras`: IMDS's category name → what the other endpoints that were gathered said; what failed is not in it.
    `vm_id_verified`: True, or None where `vmId` was not compared with DMI.
    """

    document: records.JsonObject
    source: str
    endpoint: str
    api_version: str | None
    fetched_at: str
    age_s: float = 0.0
    boot_id: str | None = None
    local_address: str | None = None
    vm_id_verified: bool | None = None
    gather: tuple[str, ...] = settings.DEFAULT_GATHER
    extras: records.JsonObject


def build_facts(snapshot: Snapshot, *, reporter: errors.Reporter) -> records.JsonObject:
    """Return category → content: always `cloud` and `snapshot`, besides what was gathered and could be had.

    `compute` and the items of lists are IMDS's objects; `tags` maps names to values. What is left out is reported.
    """
    compute = snapshot.document.get("compute")
    tags = parse_tags(compute)
    if tags.skipped and "tags" in snapshot.gather:
        reporter.warn(f"{tags.skipped} entries of tagsList are left out: they lack a name or a value that is a string.")
    facts: records.JsonObject = {"cloud": name_cloud(compute), "snapshot": _describe(snapshot, tags)}
    if "compute" in snapshot.gather:
        facts["compute"] = {key: value for key, value in (compute or {}).items() if key not in ("tags", "tagsList")}
    if "network" in snapshot.gather:
        facts["network"] = network.summarize_network(
            snapshot.document.get("network"),
            local_address=snapshot.local_address,
            load_balancer=snapshot.extras.get("loadBalancer"),
        )
    if "tags" in snapshot.gather:
        facts["tags"] = tags.values
    for category, content in snapshot.extras.items():
        facts[category] = content
        if category == "scheduledEvents":
            from .extras import summarize_events  # noqa: PLC0415  few ask for them

            facts[category] = summarize_events(content, (compute or {}).get("name"))
    return facts


def _describe(snapshot: Snapshot, tags: Tags) -> records.JsonObject:
    gathered = [settings.EXTRA_CATEGORIES[name] for name in snapshot.gather if name in settings.EXTRA_CATEGORIES]
    return {
        "endpoint": snapshot.endpoint,
        "apiVersion": snapshot.api_version,
        "source": snapshot.source,
        "fetchedAt": snapshot.fetched_at,
        "ageSeconds": int(snapshot.age_s),
        "bootId": snapshot.boot_id,
        "partial": document.is_partial(snapshot.document),
        "tagsAmbiguous": tags.is_ambiguous,
        "vmId": document.read_vm_id(snapshot.document),
        "vmIdVerified": snapshot.vm_id_verified,
        "missing": [category for category in gathered if category not in snapshot.extras],
    }


UNKNOWN = "Unknown"

_ENVIRONMENTS = {
    "AzureCloud": "azurepubliccloud azurecloud",
    "AzureUSGovernment": "azureusgovernmentcloud azureusgovernment",
    "AzureChinaCloud": "azurechinacloud",
    "AzureGermanCloud": "azuregermancloud azuregermanycloud germanycloud",
    "AzureStack": "azurestack azurestackcloud",
}

_REGIONS = {
    "AzureCloud": """
        australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth
        brazilsoutheast brazilus canadacentral canadaeast centralindia centralus centraluseuap chilecentral denmarkeast
        eastasia eastus eastus2 eastus2euap francecentral francesouth germanynorth germanywestcentral indonesiacentral
        israelcentral italynorth japaneast japanwest jioindiacentral jioindiawest koreacentral koreasouth malaysiasouth
        malaysiawest mexicocentral newzealandnorth northcentralus northeurope norwayeast norwaywest polandcentral
        qatarcentral southafricanorth southafricawest southcentralus southeastasia southindia spaincentral swedencentral
        swedensouth switzerlandnorth switzerlandwest taiwannorth taiwannorthwest uaecentral uaenorth uksouth ukwest
        westcentralus westeurope westindia westus westus2 westus3
    """,
    "AzureUSGovernment": "usdodcentral usdodeast usgovarizona usgoviowa usgovtexas usgovvirginia",
    "AzureChinaCloud": "chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3",
    "AzureGermanCloud": "germanycentral germanynortheast",
}


def name_cloud(compute: Mapping[str, object] | None) -> str:
    """Return the cloud's name from `azEnvironment`, or from `location` where that is absent, null or empty.

    Both are compared without case, since real VMs say `AZUREPUBLICCLOUD` and `SwedenCentral` too (recorded).
    """
    compute = compute or {}
    named, clouds = compute.get("azEnvironment"), _ENVIRONMENTS
    if named in (None, ""):
        location, clouds = compute.get("location"), _REGIONS
        named = "".join(location.split()) if isinstance(location, str) else None
    wanted = named.lower() if isinstance(named, str) else None
    return next((cloud for cloud, names in clouds.items() if wanted in names.split()), UNKNOWN)
