# SPDX-License-Identifier: Apache-2.0
"""Emulators for tests; a conftest imports the fixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import pytest
from azure_imds_facts.emulator import Emulator

Emulate = Callable[..., Emulator]


@pytest.fixture
def emulate() -> Iterator[Emulate]:
    """Start emulators with given settings; all are closed at the end."""
    started: list[Emulator] = []

    def start(**settings: Any) -> Emulator:
        started.append(Emulator(**settings).start())
        return started[-1]

    yield start
    for emulator in started:
        emulator.close()
