# SPDX-License-Identifier: Apache-2.0
"""Print a cloud-config for a VM's custom data that installs and enables azure-imds-facts at first boot.

It installs this program's own version from PyPI, as wheels with fixed sha256 sums; --sha256 adds that of its own wheel.
With --url it downloads the single file azure-imds-facts.pyz instead, which needs only python3.

For example:  azure-imds-facts export cloud-init >custom-data.yaml
"""

from __future__ import annotations

import re

from azure_imds_facts.boot import PROGRAM, read_template
from azure_imds_facts.commands.streams import print_answer
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.versions import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

_INDENT = "      "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this export's flags."""
    parser.add_argument("--url", metavar="URL", help="download the single file from here instead of PyPI")
    parser.add_argument(
        "--sha256", metavar="HEX", help="the sum of the file at URL, or without --url of the wheel on PyPI"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the cloud-config. Raises UsageError."""
    print_answer(build_cloud_config(arguments.url, arguments.sha256).rstrip("\n"))
    return 0


def build_cloud_config(url: str | None, sha256: str | None) -> str:
    """Return a cloud-config that installs from a URL, or without one from PyPI. Raises UsageError."""
    _check(url, sha256)
    digest = (sha256 or "").lower()
    if url is None:
        script = read_template("install-from-pypi.sh").replace(
            "@REQUIREMENTS@", read_template("requirements.txt").strip()
        )
    else:
        script = read_template("install-from-url.sh")
    values = {
        "@INSTALL@": _indent(script),
        "@PROGRAM@": PROGRAM,
        "@VERSION@": VERSION,
        "@SHA256@": digest,
        "@HASH@": f" --hash=sha256:{digest}" if digest else "",
        # The last: what is in it stays as it is.
        "@URL@": url or "",
    }
    text = read_template("cloud-config.yaml")
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _check(url: str | None, sha256: str | None) -> None:
    """Check what is quoted for a shell inside YAML: nothing that means something to either. Raises UsageError."""
    if url is not None and sha256 is None:
        raise UsageError("--url takes --sha256.", hint="Give both, or no --url to install from PyPI.")
    if url is not None and not re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%\[\]-]+", url):
        raise UsageError(f"--url cannot be {url!r}.", hint="Give http:// or https://, odd characters percent-encoded.")
    if sha256 is not None and not re.fullmatch(r"[0-9A-Fa-f]{64}", sha256):
        raise UsageError(f"--sha256 cannot be {sha256!r}.", hint="Give the 64 digits that sha256sum prints.")


def _indent(script: str) -> str:
    return script.rstrip("\n").replace("\n", f"\n{_INDENT}")
