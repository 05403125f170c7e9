# SPDX-License-Identifier: Apache-2.0
"""What a package installs: the table packages/manifest.toml, as paths with their content and mode."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tomllib
from staging import LICENCES, ROOT, stage

PROGRAM = "/usr/bin/azure-imds-facts"
KINDS = ("config", "doc", "license")
DIRECTORY_MODE = 0o755


@dataclass(frozen=True)
class Entry:
    """One path of a package: `content` None is a directory, `kind` one of KINDS or `""`."""

    path: str
    mode: int
    kind: str = ""
    content: bytes | None = None


def read_manifest(package: str, values: dict[str, str]) -> list[Entry]:
    """Return what a package, `deb` or `rpm`, installs, by path; `values` are filled in for their `@NAME@`."""
    table = tomllib.loads((ROOT / "packages/manifest.toml").read_text(encoding="utf-8"))
    folders = table["folders"]
    found = [
        entry
        for row in table["entries"]
        if row.get("for", package) == package
        for entry in _read_row(row, folders, {**values, "PROGRAM": PROGRAM})
    ]
    return sorted(found, key=lambda entry: entry.path)


def fill(text: str, values: dict[str, str]) -> str:
    """Return a text with `@NAME@` replaced by the value of that name."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def pack(content: bytes) -> bytes:
    """Return content as gzip -9n packs it."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()


def lay_out(entries: list[Entry], root: Path, *, time_s: int) -> None:
    """Write the entries below a root that does not exist yet, every path with its mode and the same time."""
    root.mkdir(parents=True)
    for entry in entries:
        place = root / entry.path.lstrip("/")
        if entry.content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(entry.content)
    modes = {str(root / entry.path.lstrip("/")): entry.mode for entry in entries}
    for place in [root, *root.rglob("*")]:
        place.chmod(modes.get(str(place), DIRECTORY_MODE))
        os.utime(place, (time_s, time_s))


def _read_row(row: dict[str, str], folders: dict[str, str], values: dict[str, str]) -> list[Entry]:
    mode, kind = int(row["mode"], 8), row.get("kind", "")
    if "from" not in row:
        return [Entry(row["to"], mode)]
    if row["from"] == "staged":
        return [Entry(row["to"], DIRECTORY_MODE), *_read_staged(row["to"], mode)]
    source = ROOT / fill(row["from"], folders)
    content = fill(source.read_text(encoding="utf-8"), values).encode()
    return [Entry(row["to"], mode, kind, pack(content) if row["to"].endswith(".gz") else content)]


def _read_staged(to: str, mode: int) -> list[Entry]:
    """Return the program's tree, without the licences, which have their own places in a package."""
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        return [
            Entry(f"{to}/{path.relative_to(folder).as_posix()}", mode if path.is_file() else DIRECTORY_MODE,
                  content=path.read_bytes() if path.is_file() else None)
            for path in sorted(Path(folder).rglob("*"))
            if path.name not in LICENCES
        ]  # fmt: skip
