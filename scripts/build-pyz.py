#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build dist/azure-imds-facts.pyz: the command line in one file that runs wherever there is a python3 of 3.8 or later.

The same sources make the same bytes, so that a sha256 can be published.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import zipapp
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "facts/azure_imds_facts"
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
CORE = COLLECTION / "plugins/module_utils/imds"
COMMANDS = ("facts", "show", "get", "local-facts", "events", "attest", "verify", "doctor", "export")
# They write out sources, which are no files in there.
LEFT_OUT = ("export_salt.py", "export_ansible_path.py")
MAIN = f"""\
# SPDX-License-Identifier: Apache-2.0
import sys

from azure_imds_facts import cli

# The others need packages that one file cannot bring.
cli.COMMANDS = {{name: cli.COMMANDS[name] for name in {COMMANDS!r}}}
sys.exit(cli.main())
"""
# What zip can hold; a date of today would make other bytes every day.
EPOCH = 315532800 + 24 * 3600
MAX_SIZE = 200 * 1024


def main() -> int:
    """Build the file and print its path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, nargs="?", default=ROOT / "dist/azure-imds-facts.pyz")
    target: Path = parser.parse_args().target
    target.parent.mkdir(parents=True, exist_ok=True)
    # zip keeps local time.
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        zipapp.create_archive(folder, target, interpreter="/usr/bin/env python3", compressed=True)
    target.chmod(0o755)
    if target.stat().st_size > MAX_SIZE:
        print(f"{target} has {target.stat().st_size} bytes, more than {MAX_SIZE}", file=sys.stderr)
        return 1
    print(target)
    return 0


def stage(folder: Path) -> None:
    """Lay the sources out as they lie inside the file: the core is a plain package there."""
    package = folder / "azure_imds_facts"
    package.mkdir()
    for name in ("__init__.py", "cli.py"):
        shutil.copyfile(PACKAGE / name, package / name)
    no_compiled = shutil.ignore_patterns("__pycache__", *LEFT_OUT)
    shutil.copytree(CORE, package / "core", ignore=no_compiled)
    for folder_name in ("attestation", "boot", "commands", "doctor", "formats"):
        shutil.copytree(PACKAGE / folder_name, package / folder_name, ignore=no_compiled)
    for unit in sorted((COLLECTION / "roles/local_facts/files").glob("azure-imds-facts*")):
        shutil.copyfile(unit, package / "boot" / unit.name)
    (folder / "__main__.py").write_text(MAIN, encoding="utf-8")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (EPOCH, EPOCH))


if __name__ == "__main__":
    sys.exit(main())
