# SPDX-License-Identifier: Apache-2.0
"""Test what Facter's spelling changes of local facts."""

from __future__ import annotations

from azure_imds_facts.core.facter_spelling import replace_nul


def test_nul_is_replaced() -> None:
    """A NUL, for which Facter would drop the whole fact, becomes U+FFFD, in names, values and lists, at any depth."""
    facts = {"a\0": "b\0c", "list": ["\0", ["x\0"], {"y\0": 1}], "n": None, "f": 1.5, "empty": {}, "tags": {"": ""}}
    assert replace_nul(facts) == {
        "a\ufffd": "b\ufffdc",
        "list": ["\ufffd", ["x\ufffd"], {"y\ufffd": 1}],
        "n": None,
        "f": 1.5,
        "empty": {},
        "tags": {"": ""},
    }


def test_nothing_else_is_changed() -> None:
    """Other control characters, marks and letters stay as they are."""
    facts = {"tags": {"größe": "\x1b[1m\n\u202e日本", "a.b": "c:d"}, "available": True}
    assert replace_nul(facts) == facts
