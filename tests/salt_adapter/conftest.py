# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Salt adapter share: its modules, imported where Salt is there."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture(scope="session")
def import_salt_adapter() -> Callable[[str], Any]:
    """Import a module of the adapter, without the importer that Salt puts in the way of every later import."""

    def import_it(name: str) -> Any:
        finders = list(sys.meta_path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pytest.importorskip("salt.utils.platform", reason="Salt is not installed", exc_type=ImportError)
                return import_module(f"azure_imds_facts.salt.{name}")
        finally:
            sys.meta_path[:] = finders

    return import_it
