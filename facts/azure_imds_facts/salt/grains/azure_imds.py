# SPDX-License-Identifier: Apache-2.0
"""The grain `azure_imds`: instance metadata of the Azure VM that this minion runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.salt import grain

if TYPE_CHECKING:
    __opts__: dict[str, Any] = {}

__virtualname__ = "azure_imds"


def azure_imds() -> dict[str, Any]:
    """Return the grain, or nothing on proxy minions, off Azure, and where there are no facts to be had.

    Settings come from the minion's key `azure_imds:`. It never raises, and waits for IMDS for a second at the most.
    """
    return grain.collect_grain(__opts__)
