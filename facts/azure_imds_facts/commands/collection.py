# SPDX-License-Identifier: Apache-2.0
"""What the commands that collect share: flags, settings, and messages on standard error."""

from __future__ import annotations

import os

from azure_imds_facts.commands.streams import print_message
from azure_imds_facts.core.collector import collect, open_transport
from azure_imds_facts.core.document import SENSITIVE
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.settings import CATEGORIES, DEFAULT_GATHER, DEFAULT_TIMEOUT_S, build_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.settings import Settings

# Setting, metavar, help; a test compares the rows with the core's table of settings. The environment variable is
# AZURE_IMDS_ and the setting's name in upper case.
FLAGS = (
    (
        "endpoint",
        "URL",
        "where IMDS is: http://, an IP address or localhost, and perhaps a port (http://169.254.169.254)",
    ),
    ("api_version", "VERSION", "ask for only this api-version (the newest that IMDS and this program know)"),
    ("timeout", "SECONDS", "time for the whole collection (5; with local-facts --boot 300)"),
    ("detect", "auto|skip", "auto: ask only if the machine says that it is an Azure VM; skip: ask at once (auto)"),
    ("cache_ttl", "SECONDS", "how long a cached answer counts as fresh; 0 always asks IMDS (60)"),
    ("cache_dir", "DIR", "the directory of the cache (root: /run/azure-imds-facts; others: below $XDG_RUNTIME_DIR)"),
    (
        "gather",
        "LIST",
        f"{', '.join(CATEGORIES)}, all, '!network' or paths: compute.vmSize, tags.NAME ({','.join(DEFAULT_GATHER)})",
    ),
    ("reveal", "LIST", f"sensitive fields to include: {','.join(SENSITIVE)} (none)"),
)


class ErrorStreamReporter(Reporter):
    """A reporter that prints to standard error, every request only where `is_verbose`."""

    def __init__(self, *, is_verbose: bool) -> None:
        self._is_verbose = is_verbose

    def warn(self, message: str) -> None:
        """Print a warning."""
        print_message(f"azure-imds-facts: warning: {message}")

    def notice(self, message: str) -> None:
        """Print a line."""
        print_message(f"azure-imds-facts: {message}")

    def attempt(self, message: str) -> None:
        """Print a line where `is_verbose`."""
        if self._is_verbose:
            self.notice(message)


def add_settings(parser: argparse.ArgumentParser, *, leave_out: tuple[str, ...] = ()) -> None:
    """Add a flag for each setting, and -v."""
    group = parser.add_argument_group(
        "settings",
        "Each can also come from the environment, such as AZURE_IMDS_ENDPOINT. Defaults are in brackets.",
    )
    for setting, metavar, text in FLAGS:
        if setting not in leave_out:
            group.add_argument(spell_flag(setting), metavar=metavar, help=text)
    group.add_argument("-v", "--verbose", action="store_true", help="print every request")


def spell_flag(setting: str) -> str:
    """Return a setting's flag."""
    return f"--{setting.replace('_', '-')}"


def read_settings(
    arguments: argparse.Namespace,
    *,
    timeout: float = DEFAULT_TIMEOUT_S,
    spell: Callable[[str], str] = spell_flag,
) -> Settings:
    """Return settings from flags and the environment. Raises UsageError; `spell` says what it calls a setting."""
    explicit = {setting: getattr(arguments, setting, None) for setting, _metavar, _text in FLAGS}
    return build_settings(explicit, os.environ, timeout=timeout, spell=spell)


def collect_snapshot(settings: Settings, reporter: Reporter) -> Snapshot:
    """Collect with the core's own transport. Raises the ImdsError of the outcome."""
    return collect(settings, open_transport=open_transport, reporter=reporter)
