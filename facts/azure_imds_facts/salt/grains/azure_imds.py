# SPDX-License-Identifier: Apache-2.0
"""
Provide the grain ``azure_imds``: the instance metadata (IMDS) of the Azure virtual machine that this minion runs on.

.. versionadded:: 0.1.0

Settings are below the minion's key ``azure_imds:``; none is required.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.salt import grain

if TYPE_CHECKING:
    __opts__: dict[str, Any] = {}

__virtualname__ = "azure_imds"


def azure_imds() -> dict[str, Any]:
    """
    Return the grain, or nothing on proxy minions, off Azure, and without facts.

    .. versionadded:: 0.1.0

    It never raises, and waits for IMDS no longer than ``azure_imds:timeout``, a second.

    CLI Example:

    .. code-block:: bash

        salt '*' grains.get azure_imds:compute:vmSize
        salt -G 'azure_imds:compute:zone:1' test.ping
    """
    return grain.collect_grain(__opts__)
