#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build the collection's tarball into a folder, by ansible-galaxy, and make it the same bytes for the same sources.

ansible-galaxy lists files as the file system does and dates them; here they are in order, without dates and owners.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
# Galaxy reads the first two before anything else.
FIRST = ("MANIFEST.json", "FILES.json")


def main() -> int:
    """Build the tarball and print its path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        galaxy = [str(Path(sys.executable).parent / "ansible-galaxy"), "collection", "build", "--output-path", made]
        subprocess.run([*galaxy, str(COLLECTION)], env={"HOME": made, "PATH": "/usr/bin:/bin"}, check=True, stdout=2)
        (built,) = Path(made).glob("*.tar.gz")
        target = folder / built.name
        target.write_bytes(normalize(built))
    print(target)
    return 0


def normalize(path: Path) -> bytes:
    """Return a tarball of the same files whose bytes depend on their contents alone."""
    contents, entries = {}, {}
    with tarfile.open(path) as tar:
        for member in tar:
            file = tar.extractfile(member)
            contents[member.name] = file.read() if file else b""
            entries[member.name] = _describe(member)
    contents.update(_put_in_order(contents))
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in [*FIRST, *sorted(set(entries).difference(FIRST))]:
            entries[name].size = len(contents[name])
            tar.addfile(entries[name], io.BytesIO(contents[name]))
    return packed.getvalue()


def _describe(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return an entry without date and owner, whose mode says only whether it may be run."""
    entry = tarfile.TarInfo(member.name)
    entry.type = member.type
    entry.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return entry


def _put_in_order(contents: dict[str, bytes]) -> dict[str, bytes]:
    """Return the list of files by name, and the manifest that holds the list's sum."""
    listed: dict[str, Any] = json.loads(contents["FILES.json"])
    listed["files"].sort(key=lambda entry: entry["name"])
    manifest: dict[str, Any] = json.loads(contents["MANIFEST.json"])
    files = _dump(listed)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(files).hexdigest()
    return {"FILES.json": files, "MANIFEST.json": _dump(manifest)}


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True).encode()


if __name__ == "__main__":
    sys.exit(main())
