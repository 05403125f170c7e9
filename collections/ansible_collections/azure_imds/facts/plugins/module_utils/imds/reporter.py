# SPDX-License-Identifier: Apache-2.0
"""The receiver of a collection's messages, and text from outside made safe to show."""

from __future__ import annotations

import re


class Reporter:
    """A reporter that drops every message. Adapters override what their tool has a place for.

    Messages are whole sentences without secrets.
    """

    def warn(self, message: str) -> None:
        """Report something that is not as it should be; the collection goes on."""

    def notice(self, message: str) -> None:
        """Report a first or a changed problem, for a user who waits."""

    def attempt(self, message: str) -> None:
        """Report one request and its answer, for a user who asked for every detail."""


def printable(text: str, *, most: int | None = 80) -> str:
    """Return text with `?` for each character that cannot be seen, at most `most` characters of it (None: all).

    Documents and tags are written by others: control characters, escape sequences and marks of direction stay out of
    messages, logs and terminals.
    """
    return "".join(character if character.isprintable() else "?" for character in text[:most])


def mask_credentials(given: object) -> str:
    """Return a text without a user and password before an `@`, as in `http://user:password@host`."""
    return re.sub(r"(?s)(?<=//).*@|^(?!.*//).*@", "***@", str(given))
