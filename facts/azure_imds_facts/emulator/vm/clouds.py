# SPDX-License-Identifier: Apache-2.0
"""The clouds that IMDS runs in: names, regions, api-versions, and what is missing there.

Names, regions and attested domains are documented or recorded. Which versions a sovereign cloud lacks today
is assumed: Microsoft says none, yet versions have always arrived there later, and that is what a client must
survive.
"""

from __future__ import annotations

from dataclasses import dataclass

from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.versions import INSTANCE_VERSIONS, until

__all__ = ["CLOUDS", "Cloud", "find_cloud"]


@dataclass(frozen=True)
class Cloud:
    """One cloud as a machine in it sees it.

    `late_is_404`: a version that is known elsewhere but has not arrived here answers 404 (recorded in the
    government cloud in 2020), not the 400 of a version nobody knows.
    """

    name: str
    az_environment: str
    regions: tuple[str, ...]
    versions: tuple[str, ...]
    attested_domain: str
    endpoints: frozenset[str]
    late_is_404: bool = False

    @property
    def region(self) -> str:
        """The region a machine is in where nobody says otherwise."""
        return self.regions[0]


_ALL_ENDPOINTS = frozenset({"instance", "versions", "attested", "identity", "scheduledevents", "loadbalancer"})

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

_CLOUDS = (
    Cloud(
        name="public",
        az_environment="AzurePublicCloud",
        regions=tuple(_PUBLIC_REGIONS.split()),
        versions=INSTANCE_VERSIONS,
        attested_domain="metadata.azure.com",
        endpoints=_ALL_ENDPOINTS,
    ),
    Cloud(
        name="government",
        az_environment="AzureUSGovernmentCloud",
        regions=("usgovvirginia", "usgovarizona", "usgovtexas", "usgoviowa", "usdodeast", "usdodcentral"),
        versions=until("2024-03-15"),
        attested_domain="metadata.azure.us",
        endpoints=_ALL_ENDPOINTS,
        late_is_404=True,
    ),
    Cloud(
        name="china",
        az_environment="AzureChinaCloud",
        regions=("chinaeast2", "chinaeast", "chinaeast3", "chinanorth", "chinanorth2", "chinanorth3"),
        versions=INSTANCE_VERSIONS,
        attested_domain="metadata.azure.cn",
        endpoints=_ALL_ENDPOINTS,
    ),
    Cloud(
        name="german",
        az_environment="AzureGermanCloud",
        regions=("germanycentral", "germanynortheast"),
        versions=until("2021-08-01"),  # the cloud closed in October 2021
        attested_domain="metadata.microsoftazure.de",
        endpoints=_ALL_ENDPOINTS,
    ),
    Cloud(
        name="stack",
        az_environment="AzureStack",
        regions=("orlando",),  # customers name their own
        versions=until("2021-05-01"),
        attested_domain="",
        endpoints=frozenset({"instance", "versions"}),
    ),
)

CLOUDS: dict[str, Cloud] = {cloud.name: cloud for cloud in _CLOUDS}


def find_cloud(name: str) -> Cloud:
    """Return a cloud by its profile name.

    Raises:
        EmulatorError: nobody knows that name.
    """
    if name not in CLOUDS:
        raise EmulatorError(f"unknown cloud {name!r}; allowed: {choices(CLOUDS)}")
    return CLOUDS[name]
