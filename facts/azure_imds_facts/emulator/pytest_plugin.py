# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: the fixture `azure_imds`, a fresh emulator for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .emulator import Emulator

__all__ = ["azure_imds"]


@pytest.fixture
def azure_imds() -> Iterator[Emulator]:
    """An Azure IMDS on a free port, without a rate limit: `.url`, `.requests`, `.tag()`, `.resize()`, `.fault()`."""
    from .emulator import Emulator  # imported only for tests that use the fixture

    with Emulator() as emulator:
        yield emulator
