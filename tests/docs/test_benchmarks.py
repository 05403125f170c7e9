# SPDX-License-Identifier: Apache-2.0
"""Hold docs/benchmarks.md and its plot against the raw figures beside them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks import report
from benchmarks.__main__ import ROOMS
from benchmarks.figures import Figure

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
RAW = json.loads((DOCS / "benchmarks.json").read_text(encoding="utf-8"))
FIGURES = [Figure(**figure) for figure in RAW["figures"]]


def test_tables() -> None:
    """The page shows the machine and every raw figure, as they were measured."""
    shown = PAGE.partition(report.BEGIN)[2].partition(report.END)[0].strip()
    assert shown == f"{RAW['machine']}\n\n{report.render_table(FIGURES)}".strip()


def test_plot() -> None:
    """So does the plot."""
    assert (DOCS / "benchmarks.svg").read_text(encoding="utf-8") == report.render_plot(FIGURES)


def test_promises() -> None:
    """What was measured last keeps every promise."""
    promised = [figure for figure in FIGURES if figure.most is not None]
    assert len(promised) > 20
    assert [figure.what for figure in promised if not figure.is_met] == []


def test_peers() -> None:
    """The table of what is compared names what stands in the figures, and the page the rooms that there are."""
    compared = PAGE.partition("## What is compared")[2].partition("\n## ")[0]
    names = [name.replace("\\|", "|") for name in re.findall(r"^\| (.+?) \| ", compared, re.MULTILINE)][1:]
    told = " ".join(figure.what for figure in FIGURES)
    assert len(names) >= 7
    assert [name for name in names if name not in told] == []
    assert {"ping"} <= set(re.findall(r"ONLY=(\w+)", PAGE)) <= set(ROOMS)
