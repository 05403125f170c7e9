# SPDX-License-Identifier: Apache-2.0
"""The ways in which a collection can end without facts, one class an outcome; and who hears what happens on the way.

ImdsError
├── UsageError        usage        2  bad flags or settings
├── NotAzureError     not_azure    3  no Azure VM, or switched off
├── UnreachableError  unreachable  4  no complete answer before the deadline
├── ThrottledError    throttled    5  429 until the deadline
├── UnavailableError  unavailable  6  404, 408, 410 or 5xx until the deadline
├── RejectedError     rejected     7  400 and every other 4xx
└── InvalidError      invalid      8  what answered is not IMDS, or not this VM's
"""

from __future__ import annotations

OK = "ok"


class ImdsError(Exception):
    """Say what went wrong (`problem`) and what to do about it (`hint`), both whole sentences."""

    outcome = "error"
    exit_code = 1
    # Told before: it was remembered from an earlier collection, and IMDS was not asked again.
    is_remembered = False

    # Of NotAzureError: DMI names another platform. Of InvalidError: asking again may bring a whole document.
    is_positive = False
    is_broken_json = False

    def __init__(self, problem: str, *, hint: str = "", **marks: bool) -> None:
        super().__init__(f"{problem} {hint}".rstrip())
        self.problem = problem
        self.hint = hint
        self.__dict__.update(marks)


class UsageError(ImdsError):
    """A flag or setting is wrong: nothing was asked and nothing was touched."""

    outcome = "usage"
    exit_code = 2


class NotAzureError(ImdsError):
    """This machine is no Azure VM, found out without the network; `is_positive` where DMI names another platform."""

    outcome = "not_azure"
    exit_code = 3


class UnreachableError(ImdsError):
    """No complete answer came before the deadline."""

    outcome = "unreachable"
    exit_code = 4


class ThrottledError(ImdsError):
    """IMDS answered 429 until the deadline."""

    outcome = "throttled"
    exit_code = 5


class UnavailableError(ImdsError):
    """IMDS is there and cannot answer: 404 on the instance, 408, 410 or 5xx until the deadline."""

    outcome = "unavailable"
    exit_code = 6


class RejectedError(ImdsError):
    """IMDS refused the request; asking again cannot help."""

    outcome = "rejected"
    exit_code = 7


class InvalidError(ImdsError):
    """What answered is not IMDS or not this VM's; `is_broken_json` where asking again may bring a whole document."""

    outcome = "invalid"
    exit_code = 8


# After these a stale answer, or cloud-init's copy, may stand in: they say nothing against IMDS itself.
TRANSIENT = (UnreachableError, ThrottledError, UnavailableError)


class Reporter:
    """Hear nothing. Adapters override what their tool has a place for; messages are sentences without secrets."""

    def warn(self, message: str) -> None:
        """Something is not as it should be, and the collection goes on."""

    def notice(self, message: str) -> None:
        """A first or a changed problem on the way, worth a line where somebody is waiting."""

    def attempt(self, message: str) -> None:
        """One request and what came of it, for those who asked for every detail."""


def printable(text: str, *, most: int = 80) -> str:
    """Return what a stranger wrote as it may stand in a message: without control characters, and not too long."""
    return "".join(character if character.isprintable() else "?" for character in text)[:most]
