# SPDX-License-Identifier: Apache-2.0
"""The receiver of a collection's messages, the ends of Ansible's modules, and text from outside made safe to show."""

from __future__ import annotations

import re

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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


class ModuleOutcomes:
    """What Ansible's modules have in common, a base before AnsibleModule: every end of theirs names its outcome."""

    params: Any

    def fail_json(self, msg: str, outcome: str = "usage", **result: Any) -> None:
        """Fail and end the process. What AnsibleModule itself refuses, an unknown argument for instance, is usage."""
        if self.params.get("endpoint"):
            # Ansible repeats the arguments in the result.
            self.params["endpoint"] = mask_credentials(self.params["endpoint"])
        super().fail_json(msg, outcome=outcome, **result)  # type: ignore[misc]  # AnsibleModule's

    def end_without_facts(self, error: errors.ImdsError, **result: Any) -> None:
        """End the process with an outcome that brought no facts: fail or not, as the option `fail_on` says."""
        is_off_azure = isinstance(error, errors.NotAzureError)
        tolerated = ("error", "never") if is_off_azure else ("never",)
        if isinstance(error, errors.UsageError) or self.params["fail_on"] not in tolerated:
            self.fail_json(str(error), error.outcome)
        if not is_off_azure:
            self.warn(str(error))  # type: ignore[attr-defined]
        self.exit_json(outcome=error.outcome, **result)  # type: ignore[attr-defined]


def printable(text: str, *, most: int | None = 80) -> str:
    """Return text with `?` for each character that cannot be seen, at most `most` characters of it (None: all).

    Documents and tags are written by others: control characters, escape sequences and marks of direction stay out of
    messages, logs and terminals.
    """
    return "".join(character if character.isprintable() else "?" for character in text)[:most]


def mask_credentials(given: object) -> str:
    """Return a text without a user and password before an `@`, as in `http://user:password@host`."""
    return re.sub(r"(?s)(?<=//).*@|^(?!.*//).*@", "***@", str(given))
