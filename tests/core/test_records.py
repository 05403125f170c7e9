# SPDX-License-Identifier: Apache-2.0
"""Test records."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.records import record, replace


@record
class Point:
    """A record with a default."""

    x: int
    y: int = 2


def test_record() -> None:
    """A record takes keywords, has defaults, compares by value, reads well and does not change."""
    point = Point(x=1)
    assert (point.x, point.y) == (1, 2)
    assert point == Point(x=1, y=2)
    assert point != Point(x=2)
    assert point != (1, 2)
    assert all(part in repr(point) for part in ("Point", "'x': 1", "'y': 2"))
    with pytest.raises(AttributeError):
        point.x = 5  # type: ignore[misc]  # what type checkers refuse has to fail at run time too
    assert replace(point, y=7) == Point(x=1, y=7)
    assert point.y == 2


@pytest.mark.parametrize("values", [{}, {"y": 1}, {"x": 1, "z": 2}])
def test_wrong_values(values: dict[str, int]) -> None:
    """Missing and unknown names are programming errors."""
    with pytest.raises(TypeError):
        Point(**values)
    with pytest.raises(TypeError):
        replace(Point(x=1), z=1)
