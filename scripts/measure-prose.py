#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print, for each page of the documentation, its words, its sentences and the share of those over 25 words.

Code blocks, tables and headings are no sentences; a list's item is at least one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_WORDS = 25
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# A new list item or a blank line ends a sentence, as a full stop before a capital letter or a code span does.
_BREAK = re.compile(r"(?<=[.:?!])\s+(?=[A-Z`*\"(])|\n\s*\n|\n\s*(?:[-*]|\d+\.) ")


@dataclass(frozen=True)
class Prose:
    """How a page reads."""

    words: int
    sentences: int
    long: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of sentences that are too long, from 0 to 1."""
        return len(self.long) / self.sentences if self.sentences else 0.0


def find_pages() -> list[Path]:
    """Return the pages that people write: README.md and docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def measure(text: str) -> Prose:
    """Measure a page. `words` counts all of it, with code and tables."""
    plain = _LINK.sub(r"\1", _FENCE.sub("\n\n", text))
    plain = "\n".join("" if line.lstrip().startswith(("|", "#", "<!--")) else line for line in plain.splitlines())
    sentences = [one for one in (" ".join(part.split()) for part in _BREAK.split(plain)) if one]
    return Prose(
        words=len(text.split()),
        sentences=len(sentences),
        long=tuple(one for one in sentences if len(one.split()) > MOST_WORDS),
    )


def main() -> None:
    """Print the table, and the sum of it."""
    measured = {path: measure(path.read_text(encoding="utf-8")) for path in find_pages()}
    for path, prose in measured.items():
        print(
            f"{path.relative_to(ROOT)!s:28} {prose.words:6} words {prose.sentences:4} sentences {prose.share:6.1%} long"
        )
    words, sentences, long = (
        sum(each) for each in zip(*((one.words, one.sentences, len(one.long)) for one in measured.values()))
    )
    print(f"{'all':28} {words:6} words {sentences:4} sentences {long / sentences:6.1%} long")


if __name__ == "__main__":
    main()
