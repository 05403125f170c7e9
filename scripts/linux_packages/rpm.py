# SPDX-License-Identifier: Apache-2.0
"""The package for Enterprise Linux, by rpmbuild."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from staging import ROOT

from linux_packages.manifest import Entry, fill, lay_out, read_manifest
from linux_packages.release import NAME

if TYPE_CHECKING:
    from linux_packages.release import Release

_SPEC = f"packages/rpm/{NAME}.spec"
_MARKS = {"config": "%config(noreplace) ", "doc": "%doc ", "license": "%license ", "": ""}
# Where it is built, when, and by which distribution shows in nothing.
_MACROS = {
    "_buildhost": "localhost",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "_binary_payload": "w6.xzdio",
    "_rpmfilename": "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm",
}


def build_rpm(release: Release, folder: Path) -> Path:
    """Build the package into a folder and return its path."""
    name = f"{NAME}-{release.version}-{release.number}.noarch.rpm"
    entries = read_manifest("rpm", release.values)
    with tempfile.TemporaryDirectory() as scratch:
        tree, top, spec = (Path(scratch) / part for part in ("tree", "top", f"{NAME}.spec"))
        lay_out(entries, tree, time_s=release.time_s)
        values = {**release.values, "TREE": str(tree), "FILES": "\n".join(map(_list_entry, entries))}
        spec.write_text(fill((ROOT / _SPEC).read_text(encoding="utf-8"), values), encoding="utf-8")
        macros = {"_topdir": str(top), "_rpmdir": scratch, "_dbpath": str(top / "db"), **_MACROS}
        defines = [word for macro, value in macros.items() for word in ("--define", f"{macro} {value}")]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(release.time_s), "LC_ALL": "C"}
        done = subprocess.run(
            ["rpmbuild", "-bb", "--target", "noarch-linux", *defines, str(spec)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout)
        shutil.copyfile(Path(scratch) / name, folder / name)
    return folder / name


def _list_entry(entry: Entry) -> str:
    """Return an entry's line in the spec's list of files."""
    mark = "%dir " if entry.content is None else _MARKS[entry.kind]
    return f"{mark}%attr({entry.mode:04o}, root, root) {entry.path}"
