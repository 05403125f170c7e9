# SPDX-License-Identifier: Apache-2.0
"""Show this machine's facts to people: one line a fact, under its name among local facts."""

from __future__ import annotations

from azure_imds_facts.commands.collection import (
    ErrorStreamReporter,
    add_settings,
    collect_snapshot,
    read_settings,
)
from azure_imds_facts.commands.streams import is_terminal, print_answer
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.settings import CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "gather",
        nargs="?",
        choices=(*CATEGORIES, "all"),
        metavar="CATEGORY",
        help=f"{', '.join(CATEGORIES)} or all (the first three)",
    )
    add_settings(parser, leave_out=("gather",))


def run(arguments: argparse.Namespace) -> int:
    """Print the table. Raises the ImdsError of the outcome, and then has printed nothing."""
    settings = read_settings(arguments)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    facts = build_facts(collect_snapshot(settings, reporter), reporter=reporter)
    spelled = spell_local(facts, reporter=reporter, with_age=True)
    del spelled["available"]
    is_colourful = is_terminal()
    lines = []
    for category, content in spelled.items():
        rows = list(_rows("", content)) or [("", "-")]
        width = max(len(name) for name, _value in rows)
        lines.append(f"\033[1m{category}\033[0m" if is_colourful else category)
        lines += [f"  {name:<{width}}  {value}".rstrip() for name, value in rows]
    print_answer("\n".join(lines))
    return 0


def _rows(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield (name, text) for each leaf; lists of plain values stand on one line."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _rows(f"{name}.{_plain(key)}" if name else _plain(key), item)
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        for index, item in enumerate(value):
            yield from _rows(f"{name}[{index}]", item)
    elif isinstance(value, list):
        yield name, ", ".join(map(_plain, value)) or "-"
    else:
        yield name, _plain(value) or "-"


def _plain(value: object) -> str:
    """Return a value as text that is safe on a terminal: tags are written by others."""
    text = {None: "-", True: "yes", False: "no"}.get(value) if value is None or isinstance(value, bool) else str(value)
    return printable(text or "", most=None)
