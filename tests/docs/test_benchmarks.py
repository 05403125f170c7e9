# SPDX-License-Identifier: Apache-2.0
"""Hold docs/benchmarks.md and its plot against the raw figures beside them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import ROOMS
from benchmarks.figures import Figure
from benchmarks.multiplied import render_multiplied
from benchmarks.tables import render_tables

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
RAW = json.loads((DOCS / "benchmarks.json").read_text(encoding="utf-8"))
FIGURES = report.read_figures(RAW)


@pytest.mark.parametrize("name", report.PAGES)
def test_tables(name: str) -> None:
    """A page shows the machine and every raw figure that it is about, as they were measured, unless the plot shows it."""
    page = (DOCS / name).read_text(encoding="utf-8")
    shown = page.partition(report.BEGIN)[2].partition(report.END)[0].strip()
    assert shown == report.render_page(RAW, name).strip()
    for figure in report.choose_figures(RAW, name):
        is_shown = all(part.replace("|", "\\|") in shown for part in figure.what.strip().split(": "))
        assert figure.is_plotted if not is_shown else figure.spread in shown or figure.is_plotted, figure


def test_pages_share_the_figures() -> None:
    """Each figure is on one page."""
    shown = [figure for name in report.PAGES for figure in report.choose_figures(RAW, name)]
    assert sorted(shown, key=repr) == sorted(FIGURES, key=repr)


def test_a_grid() -> None:
    """Figures that repeat the same measures of several subjects are a row for each subject."""
    figures = [
        Figure("many", f"{subject}: {measure}", value, "", "", most)
        for subject, value in (("one | two", 1), ("three", 2))
        for measure, most in (("requests", 1.0), ("failures", None))
    ]
    assert render_tables(figures) == (
        "| what | requests | failures |\n|---|---|---|\n"
        "| one \\| two | 1 (at most 1) | 1 |\n| three | 2 (at most 1: **not met**) | 2 |\n"
    )


def test_ten_thousand_hosts() -> None:
    """Figures for one host are multiplied, in units for people; other figures are left out, and so is an empty table."""
    figures = [
        Figure("fleet", "Ansible, 1000 hosts: ping: a host", 175, "ms"),
        Figure("fleet", "Ansible, 1000 hosts: the inventory with its groups: processor time a host", 4.4, "CPU ms"),
        Figure("fleet", "Ansible: fact cache, a host", 6723, "bytes"),
        Figure("fleet", "Ansible, 1000 hosts: the module / ping", 1.1, "x"),
    ]
    rows = re.findall(r"^\| .+ \| (\d.*) \|$", render_multiplied(figures), re.MULTILINE)
    assert rows == ["10,000 hosts", "29 min", "67 MB", "44 CPU s"]
    assert render_multiplied(figures[-1:]) == ""


def test_a_part_leaves_the_rest(tmp_path: Path) -> None:
    """Figures of some rooms replace those rooms' alone, and the pages say where these were measured."""
    for name in (*report.PAGES, "benchmarks.json"):
        shutil.copy(DOCS / name, tmp_path)
    new = [Figure("fleet", "what was measured anew", 1, "bytes", "", 2)]
    report.write(new, tmp_path, is_part=True, load=99)
    raw = json.loads((tmp_path / "benchmarks.json").read_text(encoding="utf-8"))
    assert report.choose_figures(raw, "fleets.md") == new
    others = [figure for figure in FIGURES if figure.room != "fleet"]
    assert [figure for figure in report.read_figures(raw) if figure.room != "fleet"] == others
    assert "Other work ran beside it (load average 99.0 before it began)." in raw["machines"]["fleet"]
    page = (tmp_path / "fleets.md").read_text(encoding="utf-8")
    assert raw["machines"]["fleet"] in page
    assert "| what was measured anew | 1.0 bytes | 2 bytes |" in page


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
    assert {"ping", "fleet"} <= set(re.findall(r"ONLY=(\w+)", PAGE)) <= set(ROOMS)
