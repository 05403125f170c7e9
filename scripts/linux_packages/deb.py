# SPDX-License-Identifier: Apache-2.0
"""The package for Debian and Ubuntu, by dpkg-deb."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from staging import ROOT

from linux_packages.manifest import Entry, fill, lay_out, read_manifest
from linux_packages.release import NAME

if TYPE_CHECKING:
    from linux_packages.release import Release

SCRIPTS = ("postinst", "prerm", "postrm")
_FOLDER = ROOT / "packages/deb"


def build_deb(release: Release, folder: Path) -> Path:
    """Build the package into a folder and return its path."""
    target = folder / f"{NAME}_{release.version}-{release.number}_all.deb"
    entries = read_manifest("deb", release.values)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        lay_out([*entries, *_build_control(entries, release)], root, time_s=release.time_s)
        # By one thread: how many there are shows in what xz writes.
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(release.time_s), "DPKG_DEB_THREADS_MAX": "1"}
        words = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(root), str(target)]
        subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
    return target


def _build_control(entries: list[Entry], release: Release) -> list[Entry]:
    """Return the files about the package."""
    contents = {entry.path: entry.content for entry in entries if entry.content is not None}
    size_kib = sum(len(content) // 1024 + 1 for content in contents.values()) + len(entries) - len(contents)
    sums = "".join(
        f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}  {path.lstrip('/')}\n"
        for path, content in contents.items()
    )
    control = fill((_FOLDER / "control").read_text(encoding="utf-8"), {**release.values, "SIZE": str(size_kib)})
    files = {
        "control": control.encode(),
        "conffiles": "".join(f"{entry.path}\n" for entry in entries if entry.kind == "config").encode(),
        "md5sums": sums.encode(),
    }
    return [
        *(Entry(f"/DEBIAN/{name}", 0o644, content=content) for name, content in files.items()),
        *(Entry(f"/DEBIAN/{name}", 0o755, content=(_FOLDER / name).read_bytes()) for name in SCRIPTS),
    ]
