# SPDX-License-Identifier: Apache-2.0
"""What Azure VMs have and machines of Azure Arc do not: scheduled events and signed documents."""

from __future__ import annotations

from . import errors
from .host import Host, find_imds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings


def require_azure(settings: Settings, host: Host) -> None:
    """Raise NotAzureError where the adapters are disabled or this machine is not an Azure VM. Reads files only."""
    if find_imds(settings, host)[0].platform == "arc":
        raise errors.NotAzureError(
            "This machine is one of Azure Arc, which has neither scheduled events nor attested documents."
        )
