# SPDX-License-Identifier: Apache-2.0
"""The outcomes of a collection that brought no facts, one class an outcome.

ImdsError
├── UsageError        usage        2  bad flags or settings
├── NotAzureError     not_azure    3  not an Azure VM, or the adapters are disabled
├── UnreachableError  unreachable  4  no complete answer before the deadline
├── ThrottledError    throttled    5  429 until the deadline
├── UnavailableError  unavailable  6  404, 408, 410, 421 or 5xx until the deadline
├── RejectedError     rejected     7  400 and every other 4xx
└── InvalidError      invalid      8  the answer is not IMDS's, or not this VM's
"""

from __future__ import annotations

OK = "ok"
# What to do about an answer that is not IMDS's, and about a document that is damaged.
HINT_NOT_IMDS = "Something else answers at this address: look for a captive portal, a proxy or a wrong endpoint."
HINT_BROKEN = (
    "Look for something between this machine and IMDS; if the document itself is at fault, report it to Azure support."
)


class ImdsError(Exception):
    """The base of all outcomes but `ok`: what went wrong (`problem`) and what to do (`hint`), in whole sentences."""

    outcome = "error"
    exit_code = 1

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{problem} {hint}".rstrip())
        self.problem = problem
        self.hint = hint


class UsageError(ImdsError):
    """A flag or setting is wrong: nothing was asked and nothing was touched."""

    outcome = "usage"
    exit_code = 2


class NotAzureError(ImdsError):
    """This machine is not an Azure VM, found out without the network, or the adapters are disabled.

    `is_other_platform`: DMI names another platform, rather than saying nothing.
    """

    outcome = "not_azure"
    exit_code = 3

    def __init__(self, problem: str, *, hint: str = "", is_other_platform: bool = False) -> None:
        super().__init__(problem, hint=hint)
        self.is_other_platform = is_other_platform


class UnreachableError(ImdsError):
    """No complete answer came before the deadline."""

    outcome = "unreachable"
    exit_code = 4


class ThrottledError(ImdsError):
    """IMDS answered 429 until the deadline."""

    outcome = "throttled"
    exit_code = 5


class UnavailableError(ImdsError):
    """IMDS is there and cannot answer."""

    outcome = "unavailable"
    exit_code = 6


class RejectedError(ImdsError):
    """IMDS refused the request; asking again cannot help."""

    outcome = "rejected"
    exit_code = 7


class InvalidError(ImdsError):
    """The answer is not IMDS's or not this VM's.

    `is_broken_json`: the body may have been cut short, so that asking again may bring a whole document.
    """

    outcome = "invalid"
    exit_code = 8

    def __init__(self, problem: str, *, hint: str = HINT_NOT_IMDS, is_broken_json: bool = False) -> None:
        super().__init__(problem, hint=hint)
        self.is_broken_json = is_broken_json


# After these an older answer may be used: they say nothing against IMDS itself.
TRANSIENT = (UnreachableError, ThrottledError, UnavailableError)
