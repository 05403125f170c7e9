# SPDX-License-Identifier: Apache-2.0
"""Fuzz one target, guided by coverage: `python -m fuzz.run TARGET [options of libFuzzer]`. Needs atheris."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]  # installed by scripts/test-fuzz.sh

with atheris.instrument_imports(include=["azure_imds_facts", "json", "email", "http", "urllib3", "requests"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Run until libFuzzer's options say stop, or something is found."""
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
