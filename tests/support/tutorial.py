# SPDX-License-Identifier: Apache-2.0
"""A tutorial: a page of docs/ as the steps that its reader takes.

| on the page | is |
|---|---|
| a `sh` block | commands: all blocks of a page run in order, in one shell, in an empty folder |
| a `text` block after it | lines of their output, in this order; `…` stands for any text, and alone for any lines |
| a block whose first line is a comment with a file's name, `# play.yml` | that file, as the reader saves it |
| a `sh` block after `<!-- installs -->` | what installs: it is not run, but what it names exists |
| a `sh` block after `<!-- fails -->` | commands of which one fails; all others succeed |
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

_FENCE = re.compile(r"(\s*)```(.*)")
_FILE_NAME = re.compile(r"# ((?:[\w.-]+/)*[\w.-]+\.\w+)")
_MARK = re.compile(r"<!-- (\w+) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block: its first line on the page, its language, the comment above it, and its text."""

    line: int
    language: str
    mark: str
    text: str


@dataclass(frozen=True)
class Commands:
    """What the reader types, and lines that it prints. `fails`: one of the commands does."""

    line: int
    text: str
    fails: bool = False
    expected: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavedFile:
    """What the reader saves in the working folder."""

    line: int
    text: str
    name: str


@dataclass(frozen=True)
class Installation:
    """What the reader types to install something."""

    line: int
    text: str

    def list_packages(self, program: str) -> list[str]:
        """Return what `pip install`, or `apt install`, is given here, without its options."""
        commands = self.text.replace("\\\n", " ").splitlines()
        typed = [shlex.split(command, comments=True) for line in commands for command in line.split("&&")]
        given = [words[words.index("install") + 1 :] for words in typed if program in words and "install" in words]
        return [word for words in given for word in words if not word.startswith("-")]


Step = Union[Commands, SavedFile, Installation]


def parse_tutorial(page: str) -> list[Step]:
    """Return the steps of a page. Raises ValueError where a block is none."""
    steps: list[Step] = []
    for block in _list_blocks(page):
        if block.language == "text":
            steps[-1:] = [_expect(steps[-1:], block)]
        else:
            steps.append(_build_step(block))
    return steps


def _list_blocks(page: str) -> Iterator[Block]:
    lines = page.splitlines()
    mark, end = "", 0
    for number, line in enumerate(lines):
        if number < end:
            continue
        fence = _FENCE.fullmatch(line)
        if fence:
            indent, language = fence.groups()
            if indent or not language:
                raise ValueError(f"line {number + 1}: a block of a tutorial starts its line and has a language")
            end = lines.index("```", number + 1) + 1
            yield Block(number + 1, language, mark, "".join(f"{inner}\n" for inner in lines[number + 1 : end - 1]))
        if line:
            found = _MARK.fullmatch(line)
            mark = found[1] if found else ""


def _build_step(block: Block) -> Step:
    name = _FILE_NAME.fullmatch(block.text.partition("\n")[0])
    if name:
        return SavedFile(block.line, block.text, name[1])
    if block.language != "sh":
        raise ValueError(f"line {block.line}: a block of {block.language} begins with a comment, the file's name")
    if block.mark == "installs":
        return Installation(block.line, block.text)
    return Commands(block.line, block.text, fails=block.mark == "fails")


def _expect(steps: list[Step], block: Block) -> Commands:
    if not steps or not isinstance(steps[0], Commands) or steps[0].expected:
        raise ValueError(f"line {block.line}: output follows the commands that print it")
    commands = steps[0]
    return Commands(commands.line, commands.text, commands.fails, tuple(block.text.splitlines()))
