# SPDX-License-Identifier: Apache-2.0
"""A Python with everything that this one has, azure-imds-facts excepted: a minion where nothing was installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_OURS = re.compile(r"azure[_-]imds|^ansible_collections$")
_SALT = """\
#!{python}
import sys
from salt.scripts import {function}
sys.exit({function}())
"""


def build_bare_python(folder: Path) -> Path:
    """Make a virtual environment in `folder` and return the directory of its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next((folder / "lib").glob("python3*/site-packages"))
    for entry in sys.path:
        if Path(entry).name == "site-packages":
            for package in Path(entry).iterdir():
                if not _OURS.search(package.name) and not (site / package.name).exists():
                    (site / package.name).symlink_to(package)
    for program in ("salt-minion", "salt-call"):
        path = folder / "bin" / program
        path.write_text(_SALT.format(python=folder / "bin/python", function=program.replace("-", "_")))
        path.chmod(0o755)
    return folder / "bin"
