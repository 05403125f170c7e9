# SPDX-License-Identifier: Apache-2.0
"""The managed identities of a machine, and which of them a token request means."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.http.response import RefusalError, identity_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.emulator.http.request import Asked

__all__ = ["TENANT_ID", "Identity", "choose_identity", "make_identities"]

TENANT_ID = "3f8c2a4d-97b1-4e60-8d25-c5a90e1b7f43"
_NAMESPACE = uuid.UUID("b1f0c1de-6a53-4e0a-9f43-5d1f2c7e8a90")

# Recorded texts.
NOT_FOUND = identity_error("invalid_request", "Identity not found")
AMBIGUOUS = identity_error(
    "invalid_request",
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the"
    " token request",
)
# That the selectors exclude each other is documented; the text is assumed.
CONFLICT = identity_error("invalid_request", "Only one of client_id, object_id and msi_res_id may be specified")


@dataclass(frozen=True)
class Identity:
    """One identity; all ids are GUIDs made from its name, so that they are the same in every run."""

    name: str
    is_system: bool
    client_id: str
    object_id: str
    resource_id: str


def make_identities(names: Sequence[str], *, machine_id: str, subscription_id: str, group: str) -> list[Identity]:
    """Make identities from names: `system`, `none` by itself, or the name of a user-assigned one.

    Raises:
        EmulatorError: a name is there twice, is empty, or `none` is not alone.
    """
    if "none" in names and len(names) > 1:
        raise EmulatorError("identity 'none' stands by itself; allowed: none, or system and any other names")
    if len(set(names)) != len(names) or "" in names:
        raise EmulatorError(f"identities {', '.join(names)!r}: each name once, none empty")
    scope = f"/subscriptions/{subscription_id}/resourceGroups/{group}/providers/"
    return [_make(name, machine_id, scope) for name in names if name != "none"]


def _make(name: str, machine_id: str, scope: str) -> Identity:
    is_system = name == "system"
    seed = f"system:{machine_id}" if is_system else f"user:{name}"
    return Identity(
        name=name,
        is_system=is_system,
        client_id=str(uuid.uuid5(_NAMESPACE, f"client:{seed}")),
        object_id=str(uuid.uuid5(_NAMESPACE, f"object:{seed}")),
        resource_id="" if is_system else f"{scope}Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
    )


def choose_identity(identities: Sequence[Identity], asked: Asked) -> Identity:
    """Return the identity that a request asks for.

    By `client_id`, `object_id` or `msi_res_id` (documented; `mi_res_id` is taken too, assumed). Without any:
    the system-assigned one, else the only user-assigned one.

    Raises:
        RefusalError: 400, there is no such identity, or more than one (recorded).
    """
    names = ("client_id", "object_id", "msi_res_id", "mi_res_id")
    selectors = [(name, value) for name in names for value in [asked.get(name)] if value]
    if len(selectors) > 1:
        raise RefusalError(CONFLICT)
    if selectors:
        found = [identity for identity in identities if _matches(identity, *selectors[0])]
    else:
        found = [identity for identity in identities if identity.is_system] or list(identities)
    if len(found) != 1:
        raise RefusalError(AMBIGUOUS if found else NOT_FOUND)
    return found[0]


def _matches(identity: Identity, selector: str, value: str) -> bool:
    own = {"client_id": identity.client_id, "object_id": identity.object_id}.get(selector, identity.resource_id)
    return bool(own) and own.lower() == value.lower()
