# SPDX-License-Identifier: Apache-2.0
"""The command line, run in this process or in one of its own, and a server for it; a conftest imports the fixtures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import azure_imds_facts
import pytest
from azure_imds_facts.cli import main

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

ROOT = Path(azure_imds_facts.__file__).parents[1]


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no setting of the environment in, and have the cache in the temporary directory."""
    for name in list(os.environ):
        if name.startswith("AZURE_IMDS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_IMDS_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def imds() -> Iterator[RawServer]:
    """A server that answers every question with the example document."""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        yield server


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line in this process."""

    def run_it(*arguments: str) -> Ended:
        try:
            code = main(arguments)
        except SystemExit as error:
            code = int(error.code or 0)
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in err
        return Ended(code, out.decode(), err.decode())

    return run_it


def start(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    """Start the command line as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "azure_imds_facts", *arguments]
    return subprocess.Popen(command, env=environment, **options)  # type: ignore[call-overload,no-any-return]
