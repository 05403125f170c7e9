# SPDX-License-Identifier: Apache-2.0
"""The Azure clouds: names, regions, api-versions and endpoints.

Names, regions and attested domains are documented or recorded. The versions that a sovereign cloud lacks are assumed:
Microsoft documents none, yet versions have always arrived there later, and clients have to handle that.
"""

from __future__ import annotations

from dataclasses import dataclass

from azure_imds_facts.emulator.errors import check_choice
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS, list_until

__all__ = ["CLOUDS", "Cloud", "find_cloud"]


@dataclass(frozen=True)
class Cloud:
    """A cloud as seen by a machine in it.

    `late_is_404`: a version that exists in other clouds only gets 404 (recorded in the government cloud in 2020).
    Without it, that version gets 400 like an unknown one. `endpoints`: those that the cloud has, None for all.
    `sts_url`: the issuer of tokens, without the tenant in its path.
    """

    name: str
    az_environment: str
    regions: tuple[str, ...]
    versions: tuple[str, ...]
    attested_domain: str
    sts_url: str = "https://sts.windows.net"
    late_is_404: bool = False
    endpoints: frozenset[str] | None = None

    @property
    def region(self) -> str:
        """The region of the example machine."""
        return self.regions[0]


_PUBLIC_REGIONS = (
    "westeurope australiacentral australiacentral2 australiaeast australiasoutheast austriaeast"
    " belgiumcentral brazilsouth brazilsoutheast brazilus canadacentral canadaeast centralindia"
    " centralus centraluseuap chilecentral denmarkeast eastasia eastus eastus2 eastus2euap francecentral"
    " francesouth germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast"
    " japanwest jioindiacentral jioindiawest koreacentral koreasouth malaysiasouth malaysiawest"
    " mexicocentral newzealandnorth northcentralus northeurope norwayeast norwaywest polandcentral"
    " qatarcentral southafricanorth southafricawest southcentralus southeastasia southindia spaincentral"
    " swedencentral swedensouth switzerlandnorth switzerlandwest taiwannorth taiwannorthwest uaecentral"
    " uaenorth uksouth ukwest westcentralus westindia westus westus2 westus3"
)

_UNATTESTED = frozenset({"instance", "versions", "loadbalancer", "scheduledevents", "identity"})

_CLOUDS = (
    Cloud(
        name="public",
        az_environment="AzurePublicCloud",
        regions=tuple(_PUBLIC_REGIONS.split()),
        versions=INSTANCE_VERSIONS,
        attested_domain="metadata.azure.com",
    ),
    Cloud(
        name="government",
        az_environment="AzureUSGovernmentCloud",
        regions=("usgovvirginia", "usgovarizona", "usgovtexas", "usgoviowa", "usdodeast", "usdodcentral"),
        versions=list_until("2024-03-15"),
        attested_domain="metadata.azure.us",
        late_is_404=True,
    ),
    Cloud(
        name="china",
        az_environment="AzureChinaCloud",
        regions=("chinaeast2", "chinaeast", "chinaeast3", "chinanorth", "chinanorth2", "chinanorth3"),
        versions=INSTANCE_VERSIONS,
        attested_domain="metadata.azure.cn",
        sts_url="https://sts.chinacloudapi.cn",  # recorded
    ),
    Cloud(
        name="german",
        az_environment="AzureGermanCloud",
        regions=("germanycentral", "germanynortheast"),
        versions=list_until("2021-08-01"),  # the cloud closed in October 2021
        attested_domain="metadata.microsoftazure.de",
        sts_url="https://sts.microsoftonline.de",  # assumed
    ),
    # The sovereign clouds in France and Germany: the names are those of shipped components, bleu's region too. All else
    # is assumed, Delos's region included: what IMDS says there is not recorded.
    Cloud(
        name="bleu",
        az_environment="AzureBleuCloud",
        regions=("bleufrancecentral",),
        versions=INSTANCE_VERSIONS,
        attested_domain="",
        endpoints=_UNATTESTED,
    ),
    Cloud(
        name="delos",
        az_environment="AzureDelosCloud",
        regions=("delosgermanycentral",),
        versions=INSTANCE_VERSIONS,
        attested_domain="",
        endpoints=_UNATTESTED,
    ),
    Cloud(
        name="stack",
        az_environment="AzureStack",
        regions=("orlando",),  # customers name their own
        versions=list_until("2021-05-01"),
        attested_domain="",
        endpoints=frozenset({"instance", "versions"}),
    ),
)

CLOUDS: dict[str, Cloud] = {cloud.name: cloud for cloud in _CLOUDS}


def find_cloud(name: str) -> Cloud:
    """Return a cloud by its name.

    Raises:
        EmulatorError: the name is unknown.
    """
    check_choice("cloud", name, CLOUDS)
    return CLOUDS[name]
