# SPDX-License-Identifier: Apache-2.0
"""The managed identities of the machine."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TENANT_ID", "Identity", "build_identities"]

TENANT_ID = "3f8c2a4d-97b1-4e60-8d25-c5a90e1b7f43"
_NAMESPACE = uuid.UUID("b1f0c1de-6a53-4e0a-9f43-5d1f2c7e8a90")


@dataclass(frozen=True)
class Identity:
    """One identity. Its ids are GUIDs derived from the name, so that they are the same in every run."""

    name: str
    is_system: bool
    client_id: str
    object_id: str
    resource_id: str


def build_identities(names: Sequence[str], *, machine_id: str, subscription_id: str, group: str) -> list[Identity]:
    """Build identities from names: `system`, `none` alone, or the name of a user-assigned one.

    Raises:
        EmulatorError: a name is empty or occurs twice, or `none` is not alone.
    """
    if "none" in names and len(names) > 1:
        raise EmulatorError("identity 'none' excludes others; allowed: none, or system and any other names")
    if len(set(names)) != len(names) or "" in names:
        raise EmulatorError(f"identities {', '.join(names)!r}: a name is empty, or there twice")
    scope = f"/subscriptions/{subscription_id}/resourceGroups/{group}/providers/"
    return [_build_identity(name, machine_id, scope) for name in names if name != "none"]


def _build_identity(name: str, machine_id: str, scope: str) -> Identity:
    is_system = name == "system"
    seed = f"system:{machine_id}" if is_system else f"user:{name}"
    return Identity(
        name=name,
        is_system=is_system,
        client_id=str(uuid.uuid5(_NAMESPACE, f"client:{seed}")),
        object_id=str(uuid.uuid5(_NAMESPACE, f"object:{seed}")),
        resource_id="" if is_system else f"{scope}Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
    )
