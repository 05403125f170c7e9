# SPDX-License-Identifier: Apache-2.0
"""Azure instance metadata as facts for programs; the adapters for Ansible, Salt and local facts stand beside it.

>>> import azure_imds_facts
>>> azure_imds_facts.collect(gather=["compute"])["compute"]["vmSize"]  # doctest: +SKIP
'Standard_D2s_v3'
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.library import collect

__all__ = ["collect"]


def __getattr__(name: str) -> object:
    """Load the library front when it is wanted: the command line, which lives here too, never wants it."""
    if name != "collect":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from azure_imds_facts.library import collect  # noqa: PLC0415

    return collect
