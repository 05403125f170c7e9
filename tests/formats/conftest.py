# SPDX-License-Identifier: Apache-2.0
"""What the tests of the formats share: the command line, and a server."""

from __future__ import annotations

from tests.support.command_line import clean_environment, imds, run

__all__ = ["clean_environment", "imds", "run"]
