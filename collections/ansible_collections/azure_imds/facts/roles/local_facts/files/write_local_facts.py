# SPDX-License-Identifier: Apache-2.0
"""Write the local facts file, as `azure-imds-facts local-facts` does, with the core inside this one file.

Usage: azure-imds-facts local-facts [--boot]. Settings come from the environment (AZURE_IMDS_ENDPOINT and so on). Exit
codes: 0 ok, 2 usage, 3 not an Azure VM, 4 unreachable, 5 throttled, 6 unavailable, 7 rejected, 8 invalid.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

# Module of the core → its source. The role local_facts fills it in: one file is one transfer, and renewed as a whole.
SOURCES: dict[str, str] = {}


class _Inside(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """A finder and loader of the package `imds` in SOURCES."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Return how to load a module of the core."""
        known = name == "imds" or name.partition("imds.")[2] in SOURCES
        return importlib.util.spec_from_loader(name, self, is_package=name == "imds") if known else None

    def get_source(self, fullname: str) -> str:
        """Return a module's source."""
        return SOURCES["__init__" if fullname == "imds" else fullname.partition("imds.")[2]]

    def is_package(self, fullname: str) -> bool:
        """Return whether a name is the core's package, the only one here."""
        return fullname == "imds"


def main(arguments: list[str]) -> int:
    """Write the file and return the outcome's exit code."""
    sys.meta_path.insert(0, _Inside())
    from imds.collector import open_transport  # noqa: PLC0415  found from now on
    from imds.errors import ImdsError, UsageError  # noqa: PLC0415
    from imds.local_facts import BOOT_TIMEOUT_S, write_local_facts  # noqa: PLC0415
    from imds.reporter import Reporter, printable  # noqa: PLC0415
    from imds.settings import DEFAULT_TIMEOUT_S, build_settings  # noqa: PLC0415

    class Journal(Reporter):
        """A reporter that prints to standard error, which is the journal's for a service."""

        def warn(self, message: str) -> None:
            self.notice(f"warning: {message}")

        def notice(self, message: str) -> None:
            print(f"azure-imds-facts: {printable(message, most=None)}", file=sys.stderr)

    try:
        if arguments not in (["local-facts"], ["local-facts", "--boot"]):
            raise UsageError(f"Cannot do {' '.join(arguments) or 'nothing'}.", hint="Give: local-facts [--boot].")
        is_boot = "--boot" in arguments
        settings = build_settings({}, os.environ, timeout=BOOT_TIMEOUT_S if is_boot else DEFAULT_TIMEOUT_S)
        write_local_facts(settings, is_boot=is_boot, reporter=Journal(), open_transport=open_transport)
    except ImdsError as error:
        Journal().notice(f"{error.outcome}: {error}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
