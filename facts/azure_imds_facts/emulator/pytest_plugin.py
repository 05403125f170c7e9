# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: the fixtures `azure_imds`, a fresh emulator for each test, and `azure_imds_fleet`, many VMs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .emulator import Emulator
    from .fleet.emulated_fleet import EmulatedFleet

__all__ = ["azure_imds", "azure_imds_fleet"]


@pytest.fixture
def azure_imds() -> Iterator[Emulator]:
    """An Azure IMDS on a free port, without a rate limit: `.url`, `.requests`, `.tag()`, `.resize()`, `.fault()`."""
    from .emulator import Emulator  # imported only for tests that use the fixture

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def azure_imds_fleet() -> Iterator[Callable[..., EmulatedFleet]]:
    """A function that starts a fleet, `azure_imds_fleet(20)`, which ends with the test: `.vms`, `.requests`.

    It takes numbers of VMs, mappings that describe groups, or a file, and the arguments of `Emulator` for all VMs.
    """
    from .fleet.emulated_fleet import EmulatedFleet  # imported only for tests that use the fixture

    with ExitStack() as started:

        def start(*groups: Any, **settings: Any) -> EmulatedFleet:
            return started.enter_context(EmulatedFleet(*groups, **settings))

        yield start
