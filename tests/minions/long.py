# SPDX-License-Identifier: Apache-2.0
"""What takes long with real daemons runs in `make test-matrix` alone, and what takes longest there once for each Salt."""

from __future__ import annotations

import os

import pytest

_FORM = os.environ.get("FORM")
IS_LONG = _FORM in ("long", "longest")
IS_LONGEST = _FORM == "longest"


def long_forms(what: str) -> pytest.MarkDecorator:
    """Skip a test where the long form was not asked for."""
    return pytest.mark.skipif(not IS_LONG, reason=f"{what}: only `make test-matrix` and FORM=long run it")
