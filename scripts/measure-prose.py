#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print, for each page that users read, its words, its sentences and the share of those over 25 words.

Words that a script writes are summed apart: whole pages, and the tables between the marks of the benchmarks. Code
blocks, tables and headings are no sentences; a list's item is at least one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
MOST_WORDS = 25
# Words of another century, or of a view from inside the project.
FORBIDDEN = ("whoever", "nobody", "stranger", "strangers", "of ours", "where there is none", "one's own", "all told")
# Pages that a script writes, docs/commands.md when the site is built.
GENERATED = ("docs/faults.md", "docs/salt-reference.md", "docs/commands.md")
_MEASURED = re.compile(r"<!-- measured: begin -->.*?<!-- measured: end -->", re.DOTALL)
_FORBIDDEN = re.compile(rf"\b(?:{'|'.join(FORBIDDEN)})\b", re.IGNORECASE)
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(?<!\S)# .*")
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# A new list item or a blank line ends a sentence, as a full stop before a capital letter or a code span does.
_BREAK = re.compile(r"(?<=[.:?!])\s+(?=[A-Z`*\"(])|\n\s*\n|\n\s*(?:[-*]|\d+\.) ")


@dataclass(frozen=True)
class Prose:
    """How a page reads. `generated`: those of its words that a script writes."""

    words: int
    generated: int
    sentences: int
    long: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of sentences that are too long, from 0 to 1."""
        return len(self.long) / self.sentences if self.sentences else 0.0


def find_pages() -> list[Path]:
    """Return the pages that users read: those at the root, docs/ with its folders, and the collection's."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted(COLLECTION.rglob("*.md"))]


def name_page(path: Path) -> str:
    """Return what a page is called in tables: its path in the checkout."""
    return path.relative_to(ROOT).as_posix()


def measure(text: str, name: str = "") -> Prose:
    """Measure a page. `words` counts all of it, with code and tables."""
    plain = _LINK.sub(r"\1", _FENCE.sub("\n\n", text))
    plain = "\n".join("" if line.lstrip().startswith(("|", "#", "<!--")) else line for line in plain.splitlines())
    sentences = [one for one in (" ".join(part.split()) for part in _BREAK.split(plain)) if one]
    made = [text] if name in GENERATED else _MEASURED.findall(text)
    return Prose(
        words=len(text.split()),
        generated=sum(len(one.split()) for one in made),
        sentences=len(sentences),
        long=tuple(one for one in sentences if len(one.split()) > MOST_WORDS),
    )


def find_forbidden(text: str) -> list[str]:
    """Return the forbidden words of a text, in its order. Code is left out, but for its comments."""
    plain = _FENCE.sub(lambda block: "\n".join(_COMMENT.findall(block[0])), text)
    plain = " ".join(_CODE.sub("", plain).split())
    return [found.lower() for found in _FORBIDDEN.findall(plain)]


def main() -> None:
    """Print the table, and the sums of it."""
    pages = [(name_page(path), path.read_text(encoding="utf-8")) for path in find_pages()]
    measured = {name: measure(text, name) for name, text in pages}
    width = max(map(len, measured))
    for name, prose in measured.items():
        print(f"{name:{width}} {prose.words:6} words {prose.sentences:4} sentences {prose.share:6.1%} long")
    words = sum(one.words for one in measured.values())
    generated = sum(one.generated for one in measured.values())
    sentences = sum(one.sentences for one in measured.values())
    long = sum(len(one.long) for one in measured.values())
    print(f"{'written by hand':{width}} {words - generated:6} words")
    print(f"{'made by scripts':{width}} {generated:6} words")
    print(f"{'all':{width}} {words:6} words {sentences:4} sentences {long / sentences:6.1%} long")


if __name__ == "__main__":
    main()
