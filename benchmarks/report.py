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
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_BAR_PX, _LINE_PX, _NAME_PX = 360, 22, 300


# Page → the room whose figures it shows, None for all.
PAGES: dict[str, str | None] = {"benchmarks.md": None, "fleets.md": "fleet"}


def write(figures: Sequence[Figure], docs: Path, *, is_part: bool, load: float) -> None:
    """Put tables, plot and raw figures beside each other in `docs`; the pages' own words stay.

    `is_part`: the other rooms' figures stay as well. `load`: the machine's load average before it began.
    """
    path = docs / "benchmarks.json"
    raw = json.loads(path.read_text(encoding="utf-8")) if is_part else {"figures": [], "machines": {}}
    machine = _describe_machine(load)
    rooms = {figure.room for figure in figures}
    kept = [figure for figure in raw["figures"] if figure["room"] not in rooms]
    raw["figures"] = kept + [asdict(figure) for figure in figures]
    if is_part:
        raw.setdefault("machines", {}).update(dict.fromkeys(sorted(rooms), machine))
    else:
        raw["machine"] = machine
    for name, room in PAGES.items():
        before, _begin, rest = (docs / name).read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        (docs / name).write_text(f"{before}{BEGIN}\n{render_page(raw, room)}\n{END}{after}", encoding="utf-8")
    path.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (docs / "benchmarks.svg").write_text(render_plot(read_figures(raw)), encoding="utf-8")


def read_figures(raw: Mapping[str, Any], room: str | None = None) -> list[Figure]:
    """Return raw figures, those of one room or all."""
    return [Figure(**figure) for figure in raw["figures"] if room in (None, figure["room"])]


def render_page(raw: Mapping[str, Any], room: str | None = None) -> str:
    """Return what a page shows: where it was measured, and the tables."""
    others = raw.get("machines", {})
    machines = [raw["machine"], *(f"The room {name}: {machine}" for name, machine in others.items())]
    lines = machines if room is None else [others.get(room, raw["machine"])]
    return "\n\n".join([*lines, render_table(read_figures(raw, room))])


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


def _describe_machine(load: float) -> str:
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
    cores = os.cpu_count() or 1
    # What else ran falls on a whole run: seconds are longer then, counts and bytes are what they are.
    busy = f" Other work ran beside it (load average {load:.1f} before it began)." if load > cores / 2 else ""
    return f"Measured on {time.strftime('%Y-%m-%d')}: {cores} cores ({model}), {', '.join(versions)}.{busy}"
