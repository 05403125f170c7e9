# SPDX-License-Identifier: Apache-2.0
"""Facts as the spellings get them, and names that collide in snake_case."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# Fields of compute, what is left of them in snake_case, and the names that a warning mentions.
COLLIDING: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"vmId": 1, "vm_id": 2, "x": 3}, {"x": 3}, ["vmId", "vm_id"]),
    ({"a": {"bC": 1}, "aB": {"c": 2}, "aBC": 3}, {"a_bc": 3}, ["a.bC", "aB.c"]),
    ({"a": {"b": 1}, "a_b": 2}, {}, ["a.b", "a_b"]),
    ({"l": [{"aB": 1, "a_b": 2, "c": 3}]}, {"l": [{"c": 3}]}, ["aB", "a_b"]),
    ({"ü": 1, "x": 2}, {"x": 2}, ["ü"]),
    ({"l": [{"é": 1, "x": 2}]}, {"l": [{"x": 2}]}, ["é"]),
    ({"a": {"ü": 1}, "x": 2}, {"x": 2}, ["a.ü"]),
    ({"ü": {"a": 1}, "x": 2}, {"x": 2}, ["ü"]),
    ({"vmId": {}, "vm_id": 2}, {"vm_id": 2}, []),
]
# Fields of compute with objects in objects and in lists, and what becomes of them.
NESTED = {
    "vmSize": "S",
    "storageProfile": {
        "osDisk": {"diskSizeGB": "30", "vhd": {}},
        "dataDisks": [{"diskSizeGB": "1", "image": {}}],
    },
    "plan": {},
    "empty": "",
    "none": None,
}
FLAT = {
    "vm_size": "S",
    "storage_profile_os_disk_disk_size_gb": "30",
    "storage_profile_data_disks": [{"disk_size_gb": "1", "image": {}}],
    "empty": "",
    "none": None,
}
# Names that collide, that are empty, or of which snake_case leaves nothing.
ODD_TAGS = {"Cost Center": "1", "a:b": "2", "A-B": "3", "": "empty", "日本": "4", "role": "web", "x=y": "z"}
# Any names and any values of fields.
NAMES = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
RESERVED_BY_ANSIBLE = ("__ansible_type", "__ansible_vault", "__ansible_unsafe", "__ansible_new")


def build_facts(**categories: Any) -> dict[str, Any]:
    """Return facts with an empty value for what every collection has."""
    return {"cloud": "AzureCloud", "snapshot": {"ageSeconds": 1, "source": "imds"}, **categories}


def build_other_categories() -> dict[str, Any]:
    """Return facts with the categories beside compute, network and tags."""
    return build_facts(
        loadBalancer={"publicIpAddresses": []}, identity={"tenantId": "t"}, scheduledEvents={"pending": 0}
    )
