# SPDX-License-Identifier: Apache-2.0
"""The pictures of the documentation are what the script draws, legible, and shown."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/render-drawings.py"
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("render_drawings", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["render_drawings"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRAWINGS = _load().DRAWINGS


@pytest.mark.parametrize("script", [SCRIPT, ROOT / "scripts/render-session.py"], ids=["drawings", "session"])
def test_files_are_up_to_date(script: Path) -> None:
    """Nothing was drawn by hand, and the session at a terminal is what the program prints today."""
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, ""), checked


@pytest.mark.parametrize("name", DRAWINGS)
def test_text_fits(name: str) -> None:
    """A line is no longer than its box, and a box no larger than the picture, at the width of an average letter."""
    drawing = DRAWINGS[name]
    for box in (part for part in drawing.parts if hasattr(part, "title")):
        assert 8 * len(box.title) <= box.width - 12, box
        assert all(6.5 * len(line) <= box.width - 12 for line in box.lines), box
        assert box.x + box.width <= drawing.size[0], box
        assert box.y + box.height <= drawing.size[1], box


@pytest.mark.parametrize("name", DRAWINGS)
def test_is_described_and_shown(name: str) -> None:
    """For those who hear pages, each file says what it shows; a page shows it, with words in its place."""
    title = ET.parse(ROOT / f"docs/images/{name}.svg").getroot().find("{http://www.w3.org/2000/svg}title")  # noqa: S314  our own
    assert title is not None
    assert title.text == DRAWINGS[name].description
    shown = [line for page in PAGES for line in page.read_text("utf-8").splitlines() if f"images/{name}.svg)" in line]
    assert shown
    assert all(line.startswith("![") and len(line.partition("](")[0]) > 12 for line in shown)
