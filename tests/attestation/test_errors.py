# SPDX-License-Identifier: Apache-2.0
"""The tree of reasons."""

from __future__ import annotations

import re

from azure_imds_facts.attestation import errors
from azure_imds_facts.attestation.errors import AttestationError, printable


def test_tree_is_drawn() -> None:
    """The drawing names every class with its reason, and no other."""
    drawn = dict(re.findall(r"(\w+Error)\s{2,}(\w+)", errors.__doc__ or ""))
    classes: list[type[AttestationError]] = [*AttestationError.__subclasses__(), errors.IntermediateError]
    assert drawn == {one.__name__: one.reason for one in classes}


def test_reasons_are_told_apart() -> None:
    """No two classes have one reason."""
    classes: list[type[AttestationError]] = [*AttestationError.__subclasses__(), errors.IntermediateError]
    reasons = [one.reason for one in classes]
    assert len(reasons) == len(set(reasons))


def test_sentence() -> None:
    """What is wrong and what to do make the message."""
    error = errors.StaleError("It is old.", hint="Ask again.")
    assert (str(error), error.problem, error.hint) == ("It is old. Ask again.", "It is old.", "Ask again.")


def test_printable() -> None:
    """Names in certificates do nothing to a terminal."""
    assert printable("a\x1b[2J\u202eb" + "x" * 100, most=8) == "a?[2J?bx"
