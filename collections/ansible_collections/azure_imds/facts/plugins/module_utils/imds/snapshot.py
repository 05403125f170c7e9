# SPDX-License-Identifier: Apache-2.0
"""What a collection brings: a document, what was gathered beside it, and how it was got."""

from __future__ import annotations

from .record import record
from .settings import DEFAULT_GATHER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@record
class Snapshot:
    """One machine's metadata at one time.

    `document`: `/metadata/instance` without null sections and without sensitive fields that were not asked for.
    `source`: `imds`, `cache`, `stale` or `cloud-init`. `fetched_at`: RFC 3339 in UTC. `age_s`: seconds since then.
    `extras`: IMDS's category name → what the other endpoints that were gathered said; what failed is not in it.
    `vm_id_verified`: True, or None where `vmId` was not compared with DMI.
    """

    document: dict[str, Any]
    source: str
    endpoint: str
    api_version: str | None
    fetched_at: str
    age_s: float = 0.0
    boot_id: str | None = None
    local_address: str | None = None
    vm_id_verified: bool | None = None
    gather: tuple[str, ...] = DEFAULT_GATHER
    extras: dict[str, Any]
