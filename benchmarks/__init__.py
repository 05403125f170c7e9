# SPDX-License-Identifier: Apache-2.0
"""Measure this project beside what a user would pick instead. `make bench`, or `python -m benchmarks --help`."""

from __future__ import annotations

import sys
from pathlib import Path

# What scripts/lab runs for tests is measured as well.
sys.path.append(str(Path(__file__).parents[1] / "scripts"))
