#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of the documentation into docs/images: scripts/render-drawings.py [--check].

A drawing is a table of boxes and arrows, so that a changed word is a changed line. The files follow the colour
scheme of the browser that shows them.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs/images"
LINE, PADDING = 18, 12
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1f2328}.small{font-size:12px;fill:#57606a}"
    "rect{fill:#f6f8fa;stroke:#8c959f}.core{fill:#ddeeff;stroke:#0b57d0}path{stroke:#57606a;fill:none}"
    "marker path{fill:#57606a}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9da7b3}rect{fill:#161b22;stroke:#6e7681}"
    ".core{fill:#0c2d57;stroke:#79b8ff}path{stroke:#9da7b3}marker path{fill:#9da7b3}}"
)


@dataclass(frozen=True)
class Box:
    """A box: its corner, its width, its title, smaller lines below; `is_core` for what the drawing is about."""

    x: int
    y: int
    width: int
    title: str
    lines: tuple[str, ...] = ()
    is_core: bool = False

    @property
    def height(self) -> int:
        """As high as its lines."""
        return 2 * PADDING + LINE * (1 + len(self.lines)) - 4


@dataclass(frozen=True)
class Arrow:
    """A straight arrow."""

    start: tuple[int, int]
    end: tuple[int, int]


@dataclass(frozen=True)
class Drawing:
    """A picture, and the sentence that says what it shows to those who do not see it."""

    size: tuple[int, int]
    description: str
    parts: tuple[Box | Arrow, ...]


DRAWINGS = {
    "architecture": Drawing(
        (800, 300),
        "IMDS, or Azure Arc's agent, or the emulator answers one fetcher. The Ansible modules, the Salt grain, the "
        "local facts file and the command line read its answer.",
        (
            Box(10, 20, 170, "IMDS", ("169.254.169.254",)),
            Box(10, 120, 170, "Azure Arc's agent", ("127.0.0.1:40342",)),
            Box(10, 220, 170, "the emulator", ("any address",)),
            Box(
                280,
                80,
                190,
                "one fetcher",
                (
                    "detects Azure",
                    "negotiates the api-version",
                    "retries, within a timeout",
                    "caches for this boot",
                    "redacts secrets",
                ),
                is_core=True,
            ),
            Box(570, 10, 220, "Ansible modules", ("azure_imds_compute_vm_size",)),
            Box(570, 85, 220, "Salt grain", ("azure_imds:compute:vmSize",)),
            Box(570, 160, 220, "local facts file", ("ansible_local.azure_imds",)),
            Box(570, 235, 220, "command line, Python", ("facts, show, get, events",)),
            Arrow((180, 49), (278, 110)),
            Arrow((180, 149), (278, 149)),
            Arrow((180, 249), (278, 188)),
            Arrow((470, 110), (568, 39)),
            Arrow((470, 140), (568, 114)),
            Arrow((470, 165), (568, 189)),
            Arrow((470, 190), (568, 264)),
        ),
    ),
    "event": Drawing(
        (760, 250),
        "The life of a scheduled event: Azure announces it as Scheduled, the command drains the machine, an approval "
        "or NotBefore starts it, and when it is gone from IMDS the command is told that it is completed.",
        (
            Box(10, 40, 150, "Scheduled", ("notBefore: minutes", "seen within seconds")),
            Box(205, 40, 150, "your command", ("drains this machine", "exit code 0"), is_core=True),
            Box(400, 40, 150, "approved", ("or notBefore comes",)),
            Box(600, 40, 150, "Started", ("Azure's own work",)),
            Box(600, 165, 150, "gone from IMDS", ("also when cancelled",)),
            Box(205, 165, 150, "your command", ("change: completed", "back into service"), is_core=True),
            Arrow((160, 77), (203, 77)),
            Arrow((355, 77), (398, 77)),
            Arrow((550, 77), (598, 77)),
            Arrow((675, 98), (675, 163)),
            Arrow((600, 195), (357, 195)),
        ),
    ),
    "sources": Drawing(
        (760, 250),
        "Where a fact comes from, in order: an answer in the cache that is younger than its time to live, IMDS, an "
        "answer of this boot marked as stale, cloud-init's copy of this boot, and else no fact.",
        (
            Box(10, 30, 165, "cache", ("younger than cache_ttl", "snapshot.source: cache")),
            Box(205, 30, 165, "IMDS", ("within timeout", "snapshot.source: imds"), is_core=True),
            Box(400, 30, 165, "kept answer", ("of this boot and VM", "snapshot.source: stale")),
            Box(590, 30, 165, "cloud-init's copy", ("of this boot and VM", "source: cloud-init")),
            Box(590, 160, 165, "no facts", ("the outcome says why",)),
            Arrow((175, 67), (203, 67)),
            Arrow((370, 67), (398, 67)),
            Arrow((565, 67), (588, 67)),
            Arrow((672, 104), (672, 158)),
        ),
    ),
}


def main() -> int:
    """Write what differs, or with --check name it and return 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where a file is out of date")
    is_check = parser.parse_args().check
    is_out_of_date = False
    for name, drawing in DRAWINGS.items():
        path, text = FOLDER / f"{name}.svg", render(drawing)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            is_out_of_date = True
            print(f"{path} is out of date" if is_check else path)
            if not is_check:
                path.write_text(text, encoding="utf-8")
    return 1 if is_check and is_out_of_date else 0


def render(drawing: Drawing) -> str:
    """Return the SVG of a drawing."""
    width, height = drawing.size
    parts = "\n".join(_render_box(part) if isinstance(part, Box) else _render_arrow(part) for part in drawing.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="description">\n'
        "<!-- Drawn by scripts/render-drawings.py. -->\n"
        f'<title id="description">{escape(drawing.description)}</title>\n<style>{STYLE}</style>\n'
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z"/></marker></defs>\n{parts}\n</svg>\n'
    )


def _render_box(box: Box) -> str:
    lines = [f'<text x="{box.x + PADDING}" y="{box.y + PADDING + 12}">{escape(box.title)}</text>']
    lines += [
        f'<text class="small" x="{box.x + PADDING}" y="{box.y + PADDING + 12 + LINE * number}">{escape(line)}</text>'
        for number, line in enumerate(box.lines, start=1)
    ]
    kind = ' class="core"' if box.is_core else ""
    return f'<rect{kind} x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6"/>' + "".join(lines)


def _render_arrow(arrow: Arrow) -> str:
    (x, y), (to_x, to_y) = arrow.start, arrow.end
    return f'<path d="M{x} {y}L{to_x} {to_y}" marker-end="url(#end)"/>'


if __name__ == "__main__":
    sys.exit(main())
