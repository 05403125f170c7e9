# SPDX-License-Identifier: Apache-2.0
"""What is told: the first, the last and each changed error, none for repeats; with -v every attempt."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from azure_imds_facts.emulator import Emulator

from tests.fire.test_matrix import FACTS

REQUEST_ID = re.compile(r"\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)")


def run(url: str, *arguments: str) -> tuple[int, list[str]]:
    """Run the command `facts` for two seconds against an endpoint; return its exit code and its lines of messages."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "azure_imds_facts",
            *arguments,
            "--endpoint",
            url,
            "--timeout",
            "4",
            "--api-version",
            "2021-02-01",
        ],
        env={"PYTHONPATH": str(FACTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("ok", 0, []),
        ("410*2", 0, ["410"]),
        ("410*3,429", 0, ["410", "429"]),
        ("503*forever", 6, ["503", "503"]),
        ("429*2,500*forever", 6, ["429", "500", "500"]),
        ("403*forever", 7, ["403"]),
    ],
)
def test_lines(script: str, code: int, told: list[str]) -> None:
    """A line for the first error, for a changed one and for the last; nothing for those in between."""
    with Emulator() as imds:
        imds.fault(script)
        ended, lines = run(imds.url, "facts")
    assert ended == code
    assert [re.search(r"came back: (\d{3})", line).group(1) for line in lines] == told, lines  # type: ignore[union-attr]


def test_verbose() -> None:
    """With -v each attempt has its line, with the status and the id by which Microsoft's support finds it."""
    seen: list[str] = []
    with Emulator() as imds:
        imds.fault("410*2,500")
        ended, lines = run(imds.url, "-v", "facts")
        asked = len(imds.requests)
    attempts = [line for line in lines if "GET " in line]
    assert ended == 0
    assert len(attempts) == asked == 4
    assert [re.search(r"\): (\d{3})", line).group(1) for line in attempts] == ["410", "410", "500", "200"]  # type: ignore[union-attr]
    for line in attempts:
        found = REQUEST_ID.search(line)
        assert found
        seen.append(found.group(1))
    assert len(set(seen)) == 4


def test_quiet() -> None:
    """Without -v no attempt is told."""
    with Emulator() as imds:
        assert run(imds.url, "facts") == (0, [])
