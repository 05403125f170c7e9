# SPDX-License-Identifier: Apache-2.0
"""Name the Azure cloud that a VM runs in.

The names are those of Microsoft's script on the page "Azure Instance Metadata Service"; the regions are those of the
recorded ARM endpoints document, with newer public ones added. Air-gapped clouds (USNat, USSec) are `Unknown`: what they
call themselves is not documented.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "Unknown"

_ENVIRONMENTS = {
    "azurepubliccloud": "AzureCloud",
    "azurecloud": "AzureCloud",
    "azureusgovernmentcloud": "AzureUSGovernment",
    "azureusgovernment": "AzureUSGovernment",
    "azurechinacloud": "AzureChinaCloud",
    "azuregermancloud": "AzureGermanCloud",
    "azuregermanycloud": "AzureGermanCloud",
    "germanycloud": "AzureGermanCloud",
    "azurestack": "AzureStack",
    "azurestackcloud": "AzureStack",
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
    environment = compute.get("azEnvironment")
    if environment not in (None, ""):
        return _ENVIRONMENTS.get(environment.lower(), UNKNOWN) if isinstance(environment, str) else UNKNOWN
    location = compute.get("location")
    if not isinstance(location, str):
        return UNKNOWN
    region = "".join(location.split()).lower()
    return next((cloud for cloud, regions in _REGIONS.items() if region in regions.split()), UNKNOWN)
