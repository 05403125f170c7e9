# SPDX-License-Identifier: Apache-2.0
"""What takes long with real daemons runs in `make test-matrix` alone."""

from __future__ import annotations

import os

import pytest

IS_LONG = os.environ.get("FORM") == "long"


def long_forms(what: str) -> pytest.MarkDecorator:
    """Skip a test where the long form was not asked for."""
    return pytest.mark.skipif(not IS_LONG, reason=f"{what}: only `make test-matrix` and FORM=long run it")
