# SPDX-License-Identifier: Apache-2.0
"""Azure instance metadata as facts for Python programs.

>>> import azure_imds_facts
>>> azure_imds_facts.collect(gather=["compute"])["compute"]["vmSize"]  # doctest: +SKIP
'Standard_D2s_v3'
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.errors import (
        ImdsError,
        InvalidError,
        NotAzureError,
        RejectedError,
        ThrottledError,
        UnavailableError,
        UnreachableError,
        UsageError,
    )
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.library import collect
    from azure_imds_facts.requests_transport import RequestsTransport

__all__ = [
    "ImdsError",
    "InvalidError",
    "NotAzureError",
    "RejectedError",
    "Reporter",
    "RequestsTransport",
    "Settings",
    "Snapshot",
    "ThrottledError",
    "UnavailableError",
    "UnreachableError",
    "UsageError",
    "collect",
]
# Name → module; all others of `__all__` are in `core.errors`.
_HOMES = {
    "Reporter": "azure_imds_facts.core.reporter",
    "RequestsTransport": "azure_imds_facts.requests_transport",
    "Settings": "azure_imds_facts.core.settings",
    "Snapshot": "azure_imds_facts.core.facts",
    "collect": "azure_imds_facts.library",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is used: the command line, which is in this package too, uses none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES.get(name, "azure_imds_facts.core.errors")), name)
