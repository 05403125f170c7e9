# SPDX-License-Identifier: Apache-2.0
"""What a larger fleet costs, by multiplication of the figures a host that were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.tables import render_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.figures import Figure

HOSTS = 10_000
# What a figure is called, but for its number of hosts → what the table says.
_ROWS = {
    "ping: a host": "time of Ansible's `ping` with `-f 10`",
    "the module: a host": "time of the module with `-f 10`",
    "the module: processor time a host": "processor time of that run, on controller and hosts",
    "fact cache, a host": "size of the fact cache",
    "the inventory with its groups: processor time a host": "processor time to load the inventory, in every run",
    "a grain, as it is sent": "size of all grains, as minions send them to the master",
}
_SIZES = {"bytes": (1, "bytes"), "ms": (0.001, "s"), "CPU ms": (0.001, "CPU s")}


def render_multiplied(figures: Iterable[Figure]) -> str:
    """Return a table of what ten thousand hosts cost, "" if no figure for one host was measured."""
    values = {figure.what.partition(": ")[2]: figure for figure in figures}
    rows = [[told, _measured(values[what])] for what, told in _ROWS.items() if what in values]
    if not rows:
        return ""
    heading = f"### Computed for {HOSTS:,} hosts\n\n"
    words = "Each figure for one host, multiplied. Controller and hosts share the cores of the machine above.\n\n"
    return heading + words + render_rows(["what", f"{HOSTS:,} hosts"], rows)


def _measured(figure: Figure) -> str:
    """Return a figure of one host for all hosts, in a unit for people."""
    factor, unit = _SIZES[figure.unit]
    value = figure.value * factor * HOSTS
    if unit == "bytes":
        return f"{value / 1e6:,.0f} MB"
    return f"{value / 60:,.0f} {unit.replace('s', 'min')}" if value >= 120 else f"{value:,.0f} {unit}"
