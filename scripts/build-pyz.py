#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build dist/azure-imds-facts.pyz: the command line in one file that runs wherever there is a python3 of 3.8 or later.

The same sources make the same bytes in any folder and with any Python from 3.8 on, so that a sha256 can be published.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import zipfile
from pathlib import Path

from staging import ROOT, stage

# A zip may have anything before it. The shell starts Python isolated: as root it must not run what lies in the HOME or
# the folder of an unprivileged user. An older Python is told apart before it meets syntax that it does not know.
PREFIX = b"""\
#!/bin/sh
# azure-imds-facts in one file: Python reads the zip below. SPDX-License-Identifier: Apache-2.0 AND GPL-3.0-or-later
command -v python3 >/dev/null || {
    echo 'azure-imds-facts: usage: there is no python3 on PATH; version 3.8 or later is needed.' >&2
    exit 2
}
exec python3 -I "$0" "$@"
"""
# The first that a zip can hold; a date of today would make other bytes every day.
DATE = (1980, 1, 1, 0, 0, 0)
MAX_SIZE = 300 * 1024


def main() -> int:
    """Build the file and print its path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, nargs="?", default=ROOT / "dist/azure-imds-facts.pyz")
    target: Path = parser.parse_args().target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        target.write_bytes(PREFIX + pack(Path(folder)))
    target.chmod(0o755)
    if target.stat().st_size > MAX_SIZE:
        print(f"{target} has {target.stat().st_size} bytes, more than {MAX_SIZE}", file=sys.stderr)
        return 1
    print(target)
    return 0


def pack(folder: Path) -> bytes:
    """Return a zip of the files below a folder, by name, without dates, owners and rights of this machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((path for path in folder.rglob("*") if path.is_file()), key=Path.as_posix):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())
