# SPDX-License-Identifier: Apache-2.0
"""Which cloud a document speaks of (contract, section 2, category `cloud`)."""

from __future__ import annotations

from typing import Any

# Cloud → what `azEnvironment` says there, in lower case. Air-gapped clouds are not listed: they are `Unknown`.
ENVIRONMENTS = {
    "AzureCloud": ["azurecloud", "azurepubliccloud"],
    "AzureUSGovernment": ["azureusgovernment", "azureusgovernmentcloud"],
    "AzureChinaCloud": ["azurechinacloud"],
    "AzureGermanCloud": ["azuregermancloud"],
    "AzureBleuCloud": ["azurebleucloud"],
    "AzureDelosCloud": ["azuredeloscloud", "azuregermanycloud", "germanycloud"],
    "AzureStack": ["azurestack", "azurestackcloud"],
}

# Cloud → its regions, recorded and newer alike. Azure Stack's are named by its owner.
REGIONS = {
    "AzureCloud": [
        "australiacentral",
        "australiacentral2",
        "australiaeast",
        "australiasoutheast",
        "brazilsouth",
        "brazilsoutheast",
        "brazilus",
        "canadacentral",
        "canadaeast",
        "centralindia",
        "centralus",
        "centraluseuap",
        "eastasia",
        "eastus",
        "eastus2",
        "eastus2euap",
        "francecentral",
        "francesouth",
        "germanynorth",
        "germanywestcentral",
        "japaneast",
        "japanwest",
        "jioindiacentral",
        "jioindiawest",
        "koreacentral",
        "koreasouth",
        "northcentralus",
        "northeurope",
        "norwayeast",
        "norwaywest",
        "qatarcentral",
        "southafricanorth",
        "southafricawest",
        "southcentralus",
        "southeastasia",
        "southindia",
        "swedencentral",
        "swedensouth",
        "switzerlandnorth",
        "switzerlandwest",
        "uaecentral",
        "uaenorth",
        "uksouth",
        "ukwest",
        "westcentralus",
        "westeurope",
        "westindia",
        "westus",
        "westus2",
        "westus3",
        "israelcentral",
        "italynorth",
        "malaysiasouth",
        "polandcentral",
        "taiwannorth",
        "taiwannorthwest",
        "spaincentral",
        "mexicocentral",
        "newzealandnorth",
        "indonesiacentral",
        "malaysiawest",
        "chilecentral",
        "austriaeast",
        "belgiumcentral",
        "denmarkeast",
    ],
    "AzureUSGovernment": ["usgovvirginia", "usgoviowa", "usdodeast", "usdodcentral", "usgovtexas", "usgovarizona"],
    "AzureChinaCloud": ["chinaeast", "chinanorth", "chinanorth2", "chinaeast2", "chinanorth3", "chinaeast3"],
    "AzureGermanCloud": ["germanycentral", "germanynortheast"],
    "AzureBleuCloud": ["bleufrancecentral"],
}


def read_cloud(compute: dict[str, Any] | None) -> str:
    """Name the cloud: `azEnvironment` decides, and `location` where that is absent, null or empty."""
    if compute is None:
        return "Unknown"
    environment = compute.get("azEnvironment")
    if environment is None or environment == "":
        return _find(REGIONS, compute.get("location"), is_blank_ignored=True)
    return _find(ENVIRONMENTS, environment, is_blank_ignored=False)


def _find(table: dict[str, list[str]], asked: object, *, is_blank_ignored: bool) -> str:
    if not isinstance(asked, str):
        return "Unknown"
    name = "".join(asked.split()) if is_blank_ignored else asked
    return next((cloud for cloud, names in table.items() if name.lower() in names), "Unknown")
