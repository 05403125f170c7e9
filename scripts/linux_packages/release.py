# SPDX-License-Identifier: Apache-2.0
"""Which release a package is of: version, release number, time, and who maintains it."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone

from staging import CORE, ROOT

NAME = "azure-imds-facts"
MAINTAINER = "The azure-imds-facts contributors <azure-imds@users.noreply.github.com>"


class ReleaseError(Exception):
    """The sources do not say what a package has to."""


@dataclass(frozen=True)
class Release:
    """A version, the number of its packaging, and the time that every file gets, in seconds since 1970."""

    version: str
    number: int
    time_s: int

    @property
    def values(self) -> dict[str, str]:
        """What is filled in for `@NAME@` in the manifest's files, control and spec."""
        moment = datetime.fromtimestamp(self.time_s, tz=timezone.utc)
        return {
            "VERSION": self.version,
            "RELEASE": str(self.number),
            "MAINTAINER": MAINTAINER,
            "DATE": moment.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            "DAY": moment.strftime("%a %b %d %Y"),
        }


def read_release(number: int) -> Release:
    """Return the release that the checkout is at. Raises ReleaseError where nothing says its time."""
    (version,) = re.findall(r'(?m)^VERSION = "(.+)"$', (CORE / "versions.py").read_text(encoding="utf-8"))
    return Release(version, number, _read_time())


def _read_time() -> int:
    """Return SOURCE_DATE_EPOCH, or the time of the commit that is checked out: the same sources, the same bytes."""
    asked = ["git", "log", "-1", "--format=%ct"]
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        given = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    if not given.strip().isdigit():
        raise ReleaseError("Neither git nor SOURCE_DATE_EPOCH says the time of these sources, in seconds since 1970.")
    return int(given)
