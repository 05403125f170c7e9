# SPDX-License-Identifier: Apache-2.0
"""Show this machine on one screen: what, where, how big, network, disks, tags and maintenance.

With CATEGORY it shows only that one, with --all everything: one fact a line, under its name in local facts. A path,
such as compute.vmSize, is one fact.

For example:  azure-imds-facts show
              azure-imds-facts show tags
"""

from __future__ import annotations

import os
import sys

from azure_imds_facts.commands.collection import (
    ErrorStreamReporter,
    add_settings,
    collect_snapshot,
    read_settings,
    spell_flag,
)
from azure_imds_facts.commands.show_screen import list_lines
from azure_imds_facts.commands.streams import is_colourful, is_terminal, print_answer
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.core.settings import CATEGORIES, EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Iterator
    from typing import Any

    from azure_imds_facts.core.reporter import Reporter

_EVERYTHING = "all"
# What is there whatever was gathered.
_ALWAYS = ("available", "cloud", "snapshot")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "gather",
        nargs="?",
        metavar="CATEGORY",
        help=f"{', '.join(CATEGORIES)} or {_EVERYTHING}, or several with commas",
    )
    parser.add_argument("--all", action="store_true", help="every fact of every category")
    add_settings(parser, leave_out=("gather",))


def run(arguments: argparse.Namespace) -> int:
    """Print the screen or the list. Raises the ImdsError of the outcome, and then has printed nothing."""
    if arguments.all and arguments.gather is not None:
        raise UsageError("--all shows every category.", hint=f"Leave it or {printable(arguments.gather)} out.")
    is_screen = arguments.gather is None and not arguments.all
    arguments.gather = _EVERYTHING if arguments.all else arguments.gather
    settings = read_settings(arguments, spell=_spell)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    facts = build_facts(collect_snapshot(settings, reporter), reporter=reporter)
    if is_screen:
        lines = [*_lay_out(facts)]
    else:
        shown = _choose(facts, settings.gather, is_everything=arguments.gather == _EVERYTHING, reporter=reporter)
        lines = [*_list(shown)]
    print_answer("\n".join(map(_cut, lines)) if is_screen else "\n".join(lines))
    return 0


def _spell(setting: str) -> str:
    return "CATEGORY" if setting == "gather" else spell_flag(setting)


def _lay_out(facts: dict[str, Any]) -> Iterator[str]:
    """Yield the screen's lines in three columns: each group is named once."""
    rows = [(group, _plain(label), _plain(text)) for group, label, text in list_lines(facts)]
    width = min(24, max(len(label) for _group, label, _text in rows))
    before = ""
    for group, label, text in rows:
        name = "" if group == before else group
        before = group
        yield f"{_emphasize(f'{name:<11}')}  {label:<{width}}  {text}".rstrip()


def _cut(line: str) -> str:
    """Return a line of a screen that takes one line of the terminal."""
    if not is_terminal():
        return line
    columns = os.get_terminal_size(sys.stdout.fileno()).columns or 80
    hidden = line.count("\033") and len(_emphasize(""))
    return line if len(line) - hidden <= columns else f"{line[: columns + hidden - 1]}…"


def _choose(
    facts: dict[str, Any], gather: Collection[str], *, is_everything: bool, reporter: Reporter
) -> dict[str, Any]:
    """Return category → content in local facts' spelling: what was asked for, also where it could not be had."""
    spelled = spell_local(facts, reporter=reporter, with_age=True)
    del spelled["available"]
    if not is_everything:
        spelled = {category: content for category, content in spelled.items() if category not in _ALWAYS}
    absent = [name for name in EXTRA_CATEGORIES if name in gather and name not in spelled]
    return {**spelled, **dict.fromkeys(absent)}


def _list(spelled: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a list: a head for each category, then a line a fact."""
    for category, content in spelled.items():
        rows = [*_rows("", content)] if content else [("-", "")]
        width = max(len(name) for name, _value in rows)
        yield _emphasize(category)
        for name, value in rows:
            yield f"  {name:<{width}}  {value}".rstrip()


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


def _emphasize(text: str) -> str:
    return f"\033[1m{text}\033[0m" if is_colourful() else text


def _plain(value: object) -> str:
    """Return a value as text that is safe on a terminal: tags are written by others."""
    text = {None: "-", True: "yes", False: "no"}.get(value) if value is None or isinstance(value, bool) else str(value)
    return printable(text or "", most=None)
