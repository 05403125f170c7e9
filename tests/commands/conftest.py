# SPDX-License-Identifier: Apache-2.0
"""What the tests of the commands share: the command line, a server, emulators, and watches as processes."""

from __future__ import annotations

from tests.support.command_line import clean_environment, imds, run
from tests.support.emulators import emulate
from tests.support.watchers import watch

__all__ = ["clean_environment", "emulate", "imds", "run", "watch"]
