# SPDX-License-Identifier: Apache-2.0
"""What the tests of reports share: the command line in this process, without settings of the environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from azure_imds_facts.cli import main

from tests.reported.command_line import Ended


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no setting of the environment in, and have the cache in the temporary directory."""
    for name in list(os.environ):
        if name.startswith("AZURE_IMDS_") or name == "NO_COLOR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_IMDS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ended]:
    """Run the command line in this process."""

    def run_it(*arguments: str) -> Ended:
        code = main(arguments)
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return Ended(code=code, out=out.decode(), err=err.decode())

    return run_it
