# SPDX-License-Identifier: Apache-2.0
"""Messages of the carried programs."""

from __future__ import annotations

import sys

from imds.reporter import Reporter, printable


class Journal(Reporter):
    """A reporter that prints to standard error, which is the journal's for a service."""

    def warn(self, message: str) -> None:
        """Print a warning."""
        self.notice(f"warning: {message}")

    def notice(self, message: str) -> None:
        """Print a message, as a line of its own."""
        print(f"azure-imds-facts: {printable(message, most=None)}", file=sys.stderr, flush=True)
