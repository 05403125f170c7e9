# SPDX-License-Identifier: Apache-2.0
"""A reporter that remembers what it was told."""

from __future__ import annotations

from azure_imds_facts.core.reporter import Reporter


class ListReporter(Reporter):
    """Keep warnings, notices and attempts in lists."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.notices: list[str] = []
        self.attempts: list[str] = []

    def warn(self, message: str) -> None:
        """Keep a warning."""
        self.warnings.append(message)

    def notice(self, message: str) -> None:
        """Keep a notice."""
        self.notices.append(message)

    def attempt(self, message: str) -> None:
        """Keep an attempt."""
        self.attempts.append(message)
