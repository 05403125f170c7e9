# SPDX-License-Identifier: Apache-2.0
"""What is read out of a document's compute section: its tags, and the name of its cloud."""

from __future__ import annotations

from . import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .records import JsonObject


@records.record
class Tags:
    """Tag name → value, names exactly as they are.

    `is_ambiguous`: the tags had to be parsed from a string that can be read in several ways. `skipped`: how many
    entries of `tagsList` lack a name or a value that is a string.
    """

    values: dict[str, str]
    is_ambiguous: bool = False
    skipped: int = 0


def parse_tags(compute: JsonObject) -> Tags:
    """Return the tags of a compute section.

    `tagsList` (since 2019-06-04), even empty, beats `tags`: Microsoft's page recommends it because the string
    `name:value;name:value` escapes nothing, while `:` and `;` are allowed in both parts.
    """
    listed = compute.get("tagsList")
    if isinstance(listed, list):
        return _parse_list(listed)
    return _parse_string(compute.get("tags") or "")


def _parse_list(listed: list[object]) -> Tags:
    usable = [
        entry
        for entry in listed
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("value"), str)
    ]
    return Tags(values={entry["name"]: entry["value"] for entry in usable}, skipped=len(listed) - len(usable))


def _parse_string(text: str) -> Tags:
    values: dict[str, str] = {}
    is_ambiguous = False
    for chunk in filter(None, text.split(";")):
        name, _colon, value = chunk.partition(":")
        values[name] = value
        is_ambiguous |= chunk.count(":") != 1
    return Tags(values=values, is_ambiguous=is_ambiguous)


UNKNOWN = "Unknown"

_ENVIRONMENTS = {
    "AzureCloud": "azurepubliccloud azurecloud",
    "AzureUSGovernment": "azureusgovernmentcloud azureusgovernment",
    "AzureChinaCloud": "azurechinacloud",
    "AzureGermanCloud": "azuregermancloud",
    # Names of the sovereign clouds in France and Germany in shipped components, not in an answer of IMDS.
    "AzureBleuCloud": "azurebleucloud",
    "AzureDelosCloud": "azuredeloscloud azuregermanycloud germanycloud",
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
    "AzureBleuCloud": "bleufrancecentral",
}


def name_cloud(compute: JsonObject) -> str:
    """Return the cloud's name from `azEnvironment`, or from `location` where that is absent, null or empty.

    Both are compared without case, since real VMs say `AZUREPUBLICCLOUD` and `SwedenCentral` too (recorded).
    """
    named, clouds = compute.get("azEnvironment"), _ENVIRONMENTS
    if named in (None, ""):
        location, clouds = compute.get("location"), _REGIONS
        named = "".join(location.split()) if isinstance(location, str) else None
    wanted = named.lower() if isinstance(named, str) else None
    return next((cloud for cloud, names in clouds.items() if wanted in names.split()), UNKNOWN)
