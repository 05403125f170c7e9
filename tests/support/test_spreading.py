# SPDX-License-Identifier: Apache-2.0
"""Test that the table of what goes where names tests that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.spreading import APART, FIRST, SERIAL, TOGETHER

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", [*APART, *FIRST, *SERIAL, *TOGETHER])
def test_paths(path: str) -> None:
    """A test that was renamed is renamed there too."""
    assert (ROOT / path).exists()
