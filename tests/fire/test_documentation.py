# SPDX-License-Identifier: Apache-2.0
"""The page about faults is the matrix."""

from __future__ import annotations

import subprocess
import sys

from tests.fire.test_matrix import ROOT

PAGE = ROOT / "docs" / "faults.md"


def test_up_to_date() -> None:
    """docs/faults.md says what the matrix says."""
    done = subprocess.run(
        [sys.executable, "scripts/render-faults.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_empty_cell() -> None:
    """Every cell of every table has something in it, and every row as many as its table."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row[1:-1].split("|")] for row in rows]
    assert len(rows) > 120
    assert {len(row) for row in cells} == {4, 5}
    assert all(all(row) for row in cells)
