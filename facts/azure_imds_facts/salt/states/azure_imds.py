# SPDX-License-Identifier: Apache-2.0
"""
Wait for Azure's Instance Metadata Service (IMDS), stop before planned maintenance, or let it start.

.. versionadded:: 0.1.0

Settings are below the minion's key ``azure_imds:``, as for the grain. Without an answer a state fails with the outcome,
what came back, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.salt import grain, state_results

if TYPE_CHECKING:
    __opts__: dict[str, Any] = {}
    __grains__: dict[str, Any] = {}

__virtualname__ = "azure_imds"


def __virtual__() -> str | tuple[bool, str]:  # noqa: N807  the name that Salt calls
    """Load on every minion but a proxy."""
    if grain.is_proxy(__opts__):
        return False, "A proxy minion would ask about the VM that it runs on, not about its device."
    return __virtualname__


def available(name: str, timeout: float = 60) -> dict[str, Any]:
    """
    Wait until IMDS answers and the minion has its grain.

    .. versionadded:: 0.1.0

    If the grain was missing, the minion reloads its grains, which is the change. The other states of this run were
    rendered without it. Run those that need it next time, or set ``reload_grains: True`` here.

    name
        Any text.

    timeout
        Seconds to wait for IMDS and the grain.

    .. code-block:: yaml

        metadata:
          azure_imds.available:
            - timeout: 120
    """
    return state_results.wait_until_available(__opts__, name, has_grain="azure_imds" in __grains__, timeout_s=timeout)


def no_pending_events(name: str, types: list[str] | None = None, timeout: float = 5) -> dict[str, Any]:
    """
    Fail if a scheduled event concerns this VM, so that states that require this one do not run.

    .. versionadded:: 0.1.0

    name
        Any text.

    types
        The types that count, such as ``[Reboot, Redeploy]``. The default is all.

    timeout
        Seconds for asking.

    .. code-block:: yaml

        no maintenance is near:
          azure_imds.no_pending_events:
            - types: [Reboot, Redeploy, Preempt, Terminate]
    """
    return state_results.check_no_events(__opts__, name, types=types, timeout_s=timeout)


def approved(
    name: str,
    approve_shared: bool = False,  # noqa: FBT001, FBT002  as Salt calls it
    timeout: float = 5,
) -> dict[str, Any]:
    """
    Let a scheduled event start now, before its ``notBefore``.

    .. versionadded:: 0.1.0

    name
        The ``event_id`` from ``azure_imds.events`` or the beacon ``azure_imds_events``.

    approve_shared
        Whether to approve an event that names other machines too. It starts for them as well.

    timeout
        Seconds for the whole call.

    .. code-block:: yaml

        602d9444-d2cd-49c7-8624-8643e7171297:
          azure_imds.approved:
            - require:
              - service: web
    """
    return state_results.approve(__opts__, name, approves_shared=approve_shared, timeout_s=timeout)
