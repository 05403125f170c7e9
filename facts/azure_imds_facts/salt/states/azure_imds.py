# SPDX-License-Identifier: Apache-2.0
"""
Wait for Azure's Instance Metadata Service (IMDS), stop before planned maintenance, or let it begin.

.. versionadded:: 0.1.0

Settings stand in the minion's key ``azure_imds:``, as for the grain. Where IMDS does not answer, a state fails with the
outcome, what came back, and what to do about it.
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

    Where the grain was missing the minion loads its grains again, which is the change. The states of the same run were
    rendered without it: let those that need it come with the next run, or give this one ``reload_grains: True``.

    name
        Anything.

    timeout
        Seconds to wait for both.

    .. code-block:: yaml

        metadata:
          azure_imds.available:
            - timeout: 120
    """
    return state_results.wait_until_available(__opts__, name, has_grain="azure_imds" in __grains__, timeout_s=timeout)


def no_pending_events(name: str, types: list[str] | None = None, timeout: float = 5) -> dict[str, Any]:
    """
    Fail where a scheduled event concerns this VM, so that what requires this state waits for a quieter time.

    .. versionadded:: 0.1.0

    name
        Anything.

    types
        The types that count, such as ``[Reboot, Redeploy]``. All unless set.

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
    Let a scheduled event start now, once the machine is ready for it.

    .. versionadded:: 0.1.0

    name
        The event's id, as ``azure_imds.events`` and the beacon ``azure_imds_events`` return it.

    approve_shared
        Whether to approve an event whose resources name other machines too, for which it starts as well.

    timeout
        Seconds for all of it.

    .. code-block:: yaml

        602d9444-d2cd-49c7-8624-8643e7171297:
          azure_imds.approved:
            - require:
              - service: web
    """
    return state_results.approve(__opts__, name, approves_shared=approve_shared, timeout_s=timeout)
