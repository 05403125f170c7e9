# SPDX-License-Identifier: Apache-2.0
"""Which minions a master accepts: the settings of the engine azure_imds_accept."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, fields

from azure_imds_facts.attestation import Trust, read_shipped
from azure_imds_facts.attestation.clouds import find_cloud
from azure_imds_facts.attestation.errors import TrustError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from azure_imds_facts.attestation import Claims


class PolicyError(Exception):
    """The engine's settings cannot be used, and why."""


@dataclass(frozen=True)
class AcceptancePolicy:
    """The rules of one master.

    `subscriptions`: those whose VMs are accepted, at least one. `skus`: patterns for the image's SKU, empty for any.
    `max_age`: how old a document may be, in seconds. `trust`, `intermediates`: files with certificates. `offline`:
    fetch none. `again`: whether a VM may prove a second minion id, and a minion id move to another VM. `tag`: the
    hook's path. `each`, `total`: requests a second that are looked at, from one address and in all.
    """

    subscriptions: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    cloud: str = "AzureCloud"
    max_age: float = 300.0
    trust: tuple[str, ...] = ()
    intermediates: tuple[str, ...] = ()
    offline: bool = False
    again: bool = False
    tag: str = "azure-imds/enrol"
    each: float = 5.0
    total: float = 20.0
    anchors: Trust = field(default_factory=lambda: Trust(()), repr=False)

    def allows_sku(self, claims: Claims) -> bool:
        """Return whether the image is one of those that are accepted."""
        return not self.skus or any(fnmatch.fnmatchcase(claims.sku, pattern) for pattern in self.skus)


def parse_policy(settings: Mapping[str, Any]) -> AcceptancePolicy:
    """Return the policy that the settings describe. Raises PolicyError."""
    known = {one.name for one in fields(AcceptancePolicy)} - {"anchors"}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise PolicyError(f"there is no setting {', '.join(map(str, unknown))}; known are {', '.join(sorted(known))}")
    values: dict[str, Any] = {}
    for name, value in settings.items():
        values[name] = _parse_value(name, value)
    if not values.get("subscriptions"):
        raise PolicyError("subscriptions is empty: name those whose virtual machines are to be accepted")
    try:
        values["cloud"] = find_cloud(values.get("cloud", "AzureCloud"))
        read = {name: tuple(map(_read, values.get(name, ()))) for name in ("trust", "intermediates")}
        anchors = read_shipped().add(trusted=read["trust"], intermediates=read["intermediates"])
    except (TrustError, OSError) as error:
        raise PolicyError(str(error)) from None
    return AcceptancePolicy(**values, anchors=anchors)


def _parse_value(name: str, value: Any) -> Any:
    """Return a setting's value as the type that the field's default has. Raises PolicyError."""
    default = getattr(AcceptancePolicy, name, ())
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise PolicyError(f"{name} has to be true or false")
        return value
    if isinstance(default, float):
        return _parse_number(name, value)
    if isinstance(default, str):
        if not isinstance(value, str) or not value:
            raise PolicyError(f"{name} has to be a text")
        return value
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) and item for item in items):
        raise PolicyError(f"{name} has to be a list of texts")
    return tuple(items)


def _parse_number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise PolicyError(f"{name} has to be a number above 0")
    return float(value)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(1 << 21)
