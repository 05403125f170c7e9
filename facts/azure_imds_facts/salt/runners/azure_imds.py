# SPDX-License-Identifier: Apache-2.0
"""
List the Azure VMs of a fleet that have old facts or none, or planned maintenance.

.. versionadded:: 0.1.0

It asks the minions, or with ``mine=True`` the mine, which must hold ``azure_imds.facts`` or ``azure_imds.events``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.salt import fleet

if TYPE_CHECKING:
    from collections.abc import Callable

    __opts__: dict[str, Any] = {}
    __salt__: dict[str, Callable[..., Any]] = {}

__virtualname__ = "azure_imds"


def stale(
    tgt: str = "*",
    tgt_type: str = "glob",
    mine: bool = False,  # noqa: FBT001, FBT002  as Salt calls it
    timeout: float = 10,
) -> dict[str, Any]:
    """
    Return the minions without a fresh answer of IMDS: where their facts came from, or why they have none.

    .. versionadded:: 0.1.0

    tgt, tgt_type
        The minions, as in ``salt``. The default is all.

    mine
        Whether to read the mine and ask no minion.

    timeout
        Seconds to wait for minions.

    CLI Example:

    .. code-block:: bash

        salt-run azure_imds.stale
        salt-run azure_imds.stale 'azure_imds:tags:env:prod' grain
    """
    return fleet.list_stale(_ask("azure_imds.facts", "gather=tags", mine, timeout, tgt=tgt, tgt_type=tgt_type))


def pending_events(
    tgt: str = "*",
    tgt_type: str = "glob",
    mine: bool = False,  # noqa: FBT001, FBT002  as Salt calls it
    timeout: float = 10,
) -> dict[str, Any]:
    """
    Return the minions that have scheduled events, with those events.

    .. versionadded:: 0.1.0

    tgt, tgt_type
        The minions, as in ``salt``. The default is all.

    mine
        Whether to read the mine and ask no minion.

    timeout
        Seconds to wait for minions.

    CLI Example:

    .. code-block:: bash

        salt-run azure_imds.pending_events
        salt-run azure_imds.pending_events mine=True
    """
    return fleet.list_pending(_ask("azure_imds.events", "timeout=5", mine, timeout, tgt=tgt, tgt_type=tgt_type))


def _ask(function: str, argument: str, mine: bool, timeout: float, **target: str) -> dict[str, Any]:  # noqa: FBT001
    if mine:
        return fleet.ask_mine(__salt__, function, **target)
    return fleet.ask_minions(__opts__, function, [argument], timeout=timeout, **target)
