# SPDX-License-Identifier: Apache-2.0
"""What the contract's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from .serving import Serving

settings.register_profile(
    "contract",
    max_examples=150,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
settings.load_profile("contract")


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    """A server of the module's own."""
    with Serving() as started:
        yield started


@pytest.fixture
def fresh() -> Iterator[Serving]:
    """A server that was asked nothing yet."""
    with Serving() as started:
        yield started
