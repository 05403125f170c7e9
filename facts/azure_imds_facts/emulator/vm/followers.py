# SPDX-License-Identifier: Apache-2.0
"""Fields that Azure makes out of others: the resource id, and the computer name of a machine that was given none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .document_paths import set_value

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from .document_paths import Segment

__all__ = ["FOLLOWERS", "update_followers"]

Compute = dict[str, Any]
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def update_followers(before: Compute, after: Compute, *, fixed: Container[tuple[Segment, ...]]) -> None:
    """Give each field that followed others in the compute section `before` what follows from `after`.

    `fixed`: paths that were set themselves. A field with another value than Azure's has been set as well.
    """
    for path, forms in FOLLOWERS.items():
        if any(path[:length] in fixed for length in range(len(path) + 1)):
            continue
        found = _get(before, path)
        followed = [form for form in forms if found and found.lower() == form(before).lower()]
        # An instance of a uniform scale set that gets a name of its own is one of a flexible scale set.
        values = [form(after) for form in (*followed[:1], forms[0])]
        value = next(filter(None, values), "")
        if followed and value and _get(after, path) == found:
            set_value(after, path, value)


def _get(compute: Compute, path: tuple[Segment, ...]) -> str:
    value: object = compute
    for segment in path:
        value = value.get(segment) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _split_instance(compute: Compute) -> tuple[str, str]:
    """Return scale set and number of a uniform scale set's instance, which is called `web_0`; else empty texts."""
    scale_set, _, number = _get(compute, ("name",)).rpartition("_")
    return (scale_set, number) if scale_set and number.isascii() and number.isdigit() else ("", "")


def _build_id(compute: Compute, machine: str, provider: str = "Microsoft.Compute") -> str:
    """Return the resource id with the part that names the machine, empty where a part is missing."""
    subscription, group = _get(compute, ("subscriptionId",)), _get(compute, ("resourceGroupName",))
    if not (subscription and group and machine):
        return ""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{provider}/{machine}"


def _machine_id(compute: Compute) -> str:
    name = _get(compute, ("name",))
    return _build_id(compute, f"virtualMachines/{name}" if name else "")


def _instance_id(compute: Compute) -> str:
    scale_set, number = _split_instance(compute)
    return _build_id(compute, f"virtualMachineScaleSets/{scale_set}/virtualMachines/{number}" if scale_set else "")


def _arc_id(compute: Compute) -> str:
    name = _get(compute, ("name",))
    return _build_id(compute, f"machines/{name}" if name else "", "Microsoft.HybridCompute")


def _machine_computer(compute: Compute) -> str:
    return _get(compute, ("name",))


def _instance_computer(compute: Compute) -> str:
    """Return the scale set's name and the number in six digits to the base 36 (documented)."""
    scale_set, number = _split_instance(compute)
    left, digits = int(number[:9] or 0), ""
    while left or len(digits) < 6:
        left, digit = divmod(left, 36)
        digits = _DIGITS[digit] + digits
    return f"{scale_set}{digits}" if scale_set else ""


# Path below `compute` → what makes its value: that of a machine first, that of a uniform scale set's instance second,
# that of a machine of Azure Arc third.
FOLLOWERS: dict[tuple[Segment, ...], tuple[Callable[[Compute], str], ...]] = {
    ("resourceId",): (_machine_id, _instance_id, _arc_id),
    ("osProfile", "computerName"): (_machine_computer, _instance_computer),
}
