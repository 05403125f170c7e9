# SPDX-License-Identifier: Apache-2.0
"""What a collection has to say while it runs; each adapter hears it in its tool's own manner."""

from __future__ import annotations


class Reporter:
    """Hear nothing. Adapters override what their tool has a place for; messages are sentences without secrets."""

    def warn(self, message: str) -> None:
        """Something is not as it should be, and the collection goes on."""

    def notice(self, message: str) -> None:
        """A first or a changed problem on the way, worth a line where somebody is waiting."""

    def attempt(self, message: str) -> None:
        """One request and what came of it, for those who asked for every detail."""
