# SPDX-License-Identifier: Apache-2.0
"""Figures as tables in Markdown, one a room. What is promised has its limit beside it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.figures import Figure

_ESCAPED = "\\|"


def render_tables(figures: Iterable[Figure]) -> str:
    """Return a table for each room, with the room's name above it where there are several."""
    rooms = [(room, list(group)) for room, group in groupby(figures, key=lambda figure: figure.room)]
    titles = [f"### {room[:1].upper()}{room[1:]}\n\n" if len(rooms) > 1 else "" for room, _figures in rooms]
    return "\n".join(title + _render_room(group) for title, (_room, group) in zip(titles, rooms))


def _render_room(figures: Sequence[Figure]) -> str:
    return _render_grid(figures) if _is_grid(figures) else _render_list(figures)


def _is_grid(figures: Sequence[Figure]) -> bool:
    """Return whether each figure is `subject: measure`, and measures repeat."""
    parts = [figure.what.split(": ") for figure in figures]
    measures = {part[-1] for part in parts}
    return all(len(part) == 2 for part in parts) and 2 * len(measures) <= len(figures)


def _render_grid(figures: Sequence[Figure]) -> str:
    """Return a row for each subject and a column for each measure."""
    cells: dict[str, dict[str, str]] = {}
    for figure in figures:
        subject, measure = figure.what.split(": ")
        limit = f" (at most {_limit(figure)})" if figure.most is not None else ""
        cells.setdefault(subject, {})[measure] = _measured(figure) + limit
    measures = list(dict.fromkeys(measure for row in cells.values() for measure in row))
    rows = [[subject, *(row.get(measure, "") for measure in measures)] for subject, row in cells.items()]
    return render_rows(["what", *measures], rows)


def _render_list(figures: Sequence[Figure]) -> str:
    """Return a row for each figure; a column of limits where there are any."""
    rows = [[figure.what, _measured(figure), _limit(figure)] for figure in figures]
    is_promised = any(figure.most is not None for figure in figures)
    return render_rows(["what", "measured", *["at most"] * is_promised], [row[: 2 + is_promised] for row in rows])


def render_rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    first, *others = [
        f"| {' | '.join(cell.strip().replace('|', _ESCAPED) for cell in line)} |\n" for line in (head, *rows)
    ]
    return "".join([first, "|---" * len(head) + "|\n", *others])


def _measured(figure: Figure) -> str:
    return _number(figure) + (f" ({figure.spread})" if figure.spread else "")


def _limit(figure: Figure) -> str:
    """Return what is promised, marked where it was not kept; "" where nothing is promised."""
    if figure.most is None:
        return ""
    limit = f"{figure.most:g} {figure.unit}".strip()
    return limit if figure.is_met else f"{limit}: **not met**"


def _number(figure: Figure) -> str:
    digits = 2 if figure.unit == "x" or (figure.unit == "ms" and figure.value < 10) else 0 if figure.value >= 10 else 1
    if figure.unit == "" and float(figure.value).is_integer():
        digits = 0
    return f"{figure.value:,.{digits}f} {figure.unit}".strip()
