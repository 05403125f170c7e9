# SPDX-License-Identifier: Apache-2.0
"""What the tests of storms share."""

from __future__ import annotations

from tests.support.emulators import emulate
from tests.support.watchers import watch

__all__ = ["emulate", "watch"]
