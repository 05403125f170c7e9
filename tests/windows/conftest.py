# SPDX-License-Identifier: Apache-2.0
"""One drive C: for all tests, and an IMDS on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.emulator import Emulator

from .wine import Drive

WINE = "AZURE_IMDS_TEST_WINE"
PREFIX = os.environ.get(WINE)
FORM = os.environ.get("FORM", "short")


@pytest.fixture(scope="session", name="drive")
def _drive() -> Drive:
    """The drive that scripts/test-windows.sh has made."""
    if not PREFIX:
        pytest.skip(f"Windows CPython takes Wine and a drive for it: run scripts/test-windows.sh, which sets {WINE}")
    return Drive(Path(PREFIX))


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[Emulator]:
    """An IMDS on loopback, which Windows's programs reach too."""
    with Emulator() as emulator:
        yield emulator
