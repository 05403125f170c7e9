# SPDX-License-Identifier: Apache-2.0
"""What users read is short: pages, sentences, and plain words; in the help texts of all commands too."""

from __future__ import annotations

import argparse
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROSE = runpy.run_path(str(ROOT / "scripts/measure-prose.py"))
PAGES: dict[str, str] = {PROSE["name_page"](path): path.read_text(encoding="utf-8") for path in PROSE["find_pages"]()}
MEASURED: dict[str, Any] = {name: PROSE["measure"](text, name) for name, text in PAGES.items()}
# The collection's documentation in YAML, and its changelog, which are shown on its own pages.
OTHERS = {
    PROSE["name_page"](path): path.read_text(encoding="utf-8")
    for pattern in ("plugins/**/*.yml", "roles/*/meta/argument_specs.yml", "CHANGELOG.rst")
    for path in sorted(PROSE["COLLECTION"].glob(pattern))
}
MOST_WORDS = 1500
# Page → why it may be longer: it is looked things up in, and not read.
REFERENCE_PAGES = {
    "CHANGELOG.md": "grows with every release",
    "CONTRIBUTING.md": "tables of targets, folders and places in the code",
    "docs/benchmarks.md": "tables of measurements",
    "docs/emulator-reference.md": "all flags, scenario keys and changes of the emulator",
    "docs/faults.md": "a row for each fault that is tested",
    "docs/reference.md": "the stable interface: facts, outcomes, settings, commands",
    "docs/salt-reference.md": "an entry for each function of Salt",
}
# Of sentences over 25 words.
MOST_LONG = 0.05
MOST_LONG_ON_A_PAGE = 0.15
SENTENCES_OF_A_PAGE = 10


def list_help(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield program → text for each command, subcommands included: descriptions and what stands beside each flag."""
    texts = [parser.description, parser.epilog, *(action.help for action in parser._actions)]
    texts += [group.description for group in parser._action_groups]
    children = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    texts += [choice.help for action in children for choice in action._choices_actions]
    yield parser.prog, "\n".join(text for text in texts if text)
    for action in children:
        for child in action.choices.values():
            yield from list_help(child)


HELP = dict(list_help(runpy.run_path(str(ROOT / "scripts/render-prompt.py"))["build_parser"]()))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_short(name: str) -> None:
    """It has at most 1,500 words, unless it is a table to look things up in."""
    assert MEASURED[name].words <= MOST_WORDS or name in REFERENCE_PAGES


def test_reference_pages_are_there() -> None:
    """The table of exceptions names pages that there are."""
    assert set(REFERENCE_PAGES) <= set(PAGES)
    assert set(PROSE["GENERATED"]) <= set(PAGES)


@pytest.mark.parametrize("name", [name for name, prose in MEASURED.items() if prose.sentences >= SENTENCES_OF_A_PAGE])
def test_a_page_has_short_sentences(name: str) -> None:
    """At most 15 in a hundred are over 25 words."""
    assert MEASURED[name].share <= MOST_LONG_ON_A_PAGE, "\n".join(MEASURED[name].long)


def test_sentences_are_short() -> None:
    """Over all pages at most 5 in a hundred are over 25 words."""
    long = sum(len(prose.long) for prose in MEASURED.values())
    share = long / sum(prose.sentences for prose in MEASURED.values())
    worst = sorted(MEASURED, key=lambda name: len(MEASURED[name].long), reverse=True)[:10]
    assert share <= MOST_LONG, "\n".join(f"{name}: {len(MEASURED[name].long)} long" for name in worst)


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_a_page_has_plain_words(name: str) -> None:
    """No forbidden word stands on it."""
    assert PROSE["find_forbidden"]({**PAGES, **OTHERS}[name]) == []


@pytest.mark.parametrize("program", HELP)
def test_help_has_plain_words(program: str) -> None:
    """No forbidden word stands in a command's help."""
    assert HELP[program]
    assert PROSE["find_forbidden"](HELP[program]) == []


def test_every_command_was_read() -> None:
    """Commands, and what can be exported, have their help among the texts above."""
    commands = {program.removeprefix("azure-imds-facts").strip() for program in HELP}
    assert {"", "facts", "events", "emulate", "verify", "export", "export salt", "export systemd"} <= commands


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nobody asks.", ["nobody"]),
        ("A module of\nours, and where there\n  is none.", ["of ours", "where there is none"]),
        ("The user `nobody`, and strangerness.", []),
        ("```sh\nsudo -u nobody true  # for strangers\n```\n", ["strangers"]),
    ],
)
def test_forbidden_words_are_found(text: str, found: list[str]) -> None:
    """Across lines and cases, in comments of code, and not in code or inside of longer words."""
    assert PROSE["find_forbidden"](text) == found


def test_words_of_scripts_are_summed_apart() -> None:
    """Whole pages, and what stands between the marks of the benchmarks."""
    page = "One two.\n<!-- measured: begin -->\nthree four\n<!-- measured: end -->\n"
    assert (PROSE["measure"](page).words, PROSE["measure"](page).generated) == (12, 10)
    assert PROSE["measure"]("One two.", "docs/faults.md").generated == 2
