# SPDX-License-Identifier: Apache-2.0
"""Write figures down: a table of all and one of what is promised, a plot, and the raw figures as JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.figures import Figure

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_BAR_PX, _LINE_PX, _NAME_PX = 360, 22, 300


def write(figures: Sequence[Figure], docs: Path) -> None:
    """Put table, plot and raw figures beside each other in `docs`; the page's own words stay."""
    page = docs / "benchmarks.md"
    before, _begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(
        f"{before}{BEGIN}\n{_describe_machine()}\n\n{render_table(figures)}\n{END}{after}", encoding="utf-8"
    )
    raw = {"machine": _describe_machine(), "figures": [asdict(figure) for figure in figures]}
    (docs / "benchmarks.json").write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (docs / "benchmarks.svg").write_text(render_plot(figures), encoding="utf-8")


def render_table(figures: Iterable[Figure]) -> str:
    """Return Markdown: what is promised, and all that was measured."""
    figures = list(figures)
    promised = [figure for figure in figures if figure.most is not None]
    lines = ["| promised | measured | at most | |", "|---|---|---|---|"]
    for figure in promised:
        most = f"{figure.most:g} {figure.unit}".strip()
        lines.append(f"| {figure.room}: {_cell(figure.what)} | {_number(figure)} | {most} | {_verdict(figure)} |")
    lines += ["", "| room | what | median | half of the runs |", "|---|---|---|---|"]
    lines += [f"| {figure.room} | {_cell(figure.what)} | {_number(figure)} | {figure.spread} |" for figure in figures]
    return "\n".join(lines) + "\n"


def render_plot(figures: Iterable[Figure]) -> str:
    """Return an SVG of the whole processes that were timed, one group of bars a room, each to its own scale."""
    timed = [figure for figure in figures if figure.unit == "ms" and figure.spread]
    parts: list[str] = []
    y = 10
    for room, group in groupby(timed, key=lambda figure: figure.room):
        bars = list(group)
        longest = max(bar.value for bar in bars)
        y += _LINE_PX
        parts.append(f'<text x="4" y="{y}" font-weight="bold">{room}</text>')
        for bar in bars:
            y += _LINE_PX
            width = max(1, round(bar.value / longest * _BAR_PX))
            name = bar.what.strip().replace("&", "&amp;").replace("<", "&lt;")
            color = "#0b6e4f" if any(word in bar.what for word in ("facts,", "module", "with it")) else "#8a8a8a"
            parts.append(f'<text x="{_NAME_PX - 8}" y="{y}" text-anchor="end">{name}</text>')
            parts.append(f'<rect x="{_NAME_PX}" y="{y - 12}" width="{width}" height="14" fill="{color}"/>')
            parts.append(f'<text x="{_NAME_PX + width + 6}" y="{y}">{bar.value:.0f} ms</text>')
    size = f'width="{_NAME_PX + _BAR_PX + 90}" height="{y + 14}"'
    style = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n' + "\n".join(parts) + "\n</svg>\n"


def _cell(text: str) -> str:
    """Return a text as a table's cell may hold it."""
    return text.strip().replace("|", "\\|")


def _number(figure: Figure) -> str:
    digits = 2 if figure.unit == "x" or (figure.unit == "ms" and figure.value < 10) else 0 if figure.value >= 10 else 1
    if figure.unit == "" and float(figure.value).is_integer():
        digits = 0
    return f"{figure.value:,.{digits}f} {figure.unit}".strip()


def _verdict(figure: Figure) -> str:
    return "met" if figure.is_met else "**not met**"


def _describe_machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    versions = [f"Python {platform.python_version()} with compiled bytecode"]
    for name in ("ansible-core", "salt"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"Measured on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores ({model}), {', '.join(versions)}."
