# SPDX-License-Identifier: Apache-2.0
"""The program without what needs other Python packages, as the single file and the Linux packages hold it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "facts/azure_imds_facts"
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
CORE = COLLECTION / "plugins/module_utils/imds"
COMMANDS = (
    "facts",
    "show",
    "get",
    "local-facts",
    "events",
    "attest",
    "enrol",
    "verify",
    "doctor",
    "export",
    "completion",
)
ELSEWHERE = {"emulate": "Install the Python package with: pip install 'azure-imds-facts[emulator]'"}
# They write out sources, which are no files in the single file.
LEFT_OUT = ("export_salt.py", "export_ansible_path.py")
# What binds a key to a signed document; verifying one takes cryptography.
BINDING = ("__init__.py", "errors.py", "nonces.py")
LICENCES = ("LICENSE", "COPYING")
MAIN = f"""\
# SPDX-License-Identifier: Apache-2.0
import sys

if sys.version_info < (3, 8):
    found = ".".join(map(str, sys.version_info[:3]))
    sys.stderr.write("azure-imds-facts: usage: Python 3.8 or later is needed, and this is %s. " % found)
    sys.stderr.write("Name another one: /usr/bin/python3.11 -I %s\\n" % sys.argv[0])
    sys.exit(2)

from azure_imds_facts import cli

# The others need Python packages that do not come along.
cli.COMMANDS = {{name: cli.COMMANDS[name] for name in {COMMANDS!r}}}
cli.ELSEWHERE = {ELSEWHERE!r}
sys.exit(cli.main())
"""


def stage(folder: Path) -> None:
    """Lay the sources out below an empty folder, which Python then runs: the core is a plain package there."""
    package = folder / "azure_imds_facts"
    package.mkdir()
    for name in ("__init__.py", "cli.py"):
        shutil.copyfile(PACKAGE / name, package / name)
    no_compiled = shutil.ignore_patterns("__pycache__", *LEFT_OUT)
    shutil.copytree(CORE, package / "core", ignore=no_compiled)
    for folder_name in ("boot", "commands", "doctor", "formats", "prompt"):
        shutil.copytree(PACKAGE / folder_name, package / folder_name, ignore=no_compiled)
    (package / "attestation").mkdir()
    for name in BINDING:
        shutil.copyfile(PACKAGE / "attestation" / name, package / "attestation" / name)
    for unit in sorted((COLLECTION / "roles").glob("*/files/azure-imds-*")):
        shutil.copyfile(unit, package / "boot" / unit.name)
    (folder / "__main__.py").write_text(MAIN, encoding="utf-8")
    for name in LICENCES:
        shutil.copyfile(ROOT / name, folder / name)
