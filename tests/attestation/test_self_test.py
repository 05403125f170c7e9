# SPDX-License-Identifier: Apache-2.0
"""The test that users run on their installation."""

from __future__ import annotations

import pytest
from azure_imds_facts.attestation import self_test
from azure_imds_facts.attestation.errors import AttestationError

from tests.support.command_line import Run, run

__all__ = ["run"]


def test_holds() -> None:
    """A document of an emulator's root holds in this installation, and forged ones do not."""
    assert self_test.run_self_test().spell()["proof"]["root"] == "Emulated IMDS root"


def test_command(run: Run) -> None:
    """The command prints its claims."""
    ended = run("verify", "--self-test")
    assert (ended.code, ended.err) == (0, "")
    assert '"vmId"' in ended.out


def test_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a rule is not kept, the self-test says which."""
    monkeypatch.setattr("azure_imds_facts.attestation.policy.Policy.check_content", lambda self, content: None)
    with pytest.raises(AttestationError, match="nonce"):
        self_test.run_self_test()
