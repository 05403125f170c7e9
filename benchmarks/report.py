# SPDX-License-Identifier: Apache-2.0
"""Write figures down: tables, a plot, and the raw figures as JSON."""

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
from benchmarks.multiplied import render_multiplied
from benchmarks.tables import render_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_BAR_PX, _LINE_PX, _NAME_PX = 360, 22, 300


# Page → the room whose figures it shows, None for those that no other page shows.
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
    path.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    render(docs)


def render(docs: Path) -> None:
    """Put tables and plot of the raw figures in `docs` beside them."""
    raw = json.loads((docs / "benchmarks.json").read_text(encoding="utf-8"))
    for name in PAGES:
        before, _begin, rest = (docs / name).read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        (docs / name).write_text(f"{before}{BEGIN}\n{render_page(raw, name)}\n{END}{after}", encoding="utf-8")
    (docs / "benchmarks.svg").write_text(render_plot(read_figures(raw)), encoding="utf-8")


def read_figures(raw: Mapping[str, Any]) -> list[Figure]:
    """Return raw figures."""
    return [Figure(**figure) for figure in raw["figures"]]


def choose_figures(raw: Mapping[str, Any], page: str) -> list[Figure]:
    """Return the figures that a page shows: no two pages show the same."""
    room = PAGES[page]
    figures = read_figures(raw)
    return [figure for figure in figures if (figure.room == room if room else figure.room not in PAGES.values())]


def render_page(raw: Mapping[str, Any], page: str) -> str:
    """Return what a page shows: where its rooms were measured, and tables of what is promised or is in no plot."""
    figures = choose_figures(raw, page)
    rooms, apart = {figure.room for figure in figures}, raw.get("machines", {})
    machines = {"": raw["machine"], **{room: apart[room] for room in apart if room in rooms}}
    if len(rooms) == 1:
        machines = {"": apart.get(*rooms, raw["machine"])}
    lines = [f"The room {room}: {machine}" if room else machine for room, machine in machines.items()]
    told = [figure for figure in figures if figure.most is not None or not figure.is_plotted]
    tables = "\n".join(filter(None, [render_tables(told), render_multiplied(figures) if rooms == {"fleet"} else ""]))
    return "\n\n".join([*lines, tables])


def render_plot(figures: Iterable[Figure]) -> str:
    """Return an SVG of the whole processes that were timed, one group of bars a room, each to its own scale."""
    timed = [figure for figure in figures if figure.is_plotted]
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
