# SPDX-License-Identifier: Apache-2.0
"""The version of azure-imds-facts, the same in the distribution and the collection."""

from __future__ import annotations

# A constant: importlib.metadata would cost more than all the rest of a warm run.
VERSION = "0.1.0"
