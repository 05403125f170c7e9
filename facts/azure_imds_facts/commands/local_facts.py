# SPDX-License-Identifier: Apache-2.0
"""Write the local facts file azure_imds.fact, which Ansible's setup reads as ansible_local.azure_imds.

The file is replaced as a whole. Where there are no new facts the old ones stay, marked stale. With --boot it waits up
to 300 seconds for IMDS, and first of all lets nothing of an earlier boot pass for current.
"""

from __future__ import annotations

from azure_imds_facts.commands.collecting import ErrorStreamReporter, add_settings, collect_snapshot, read_settings
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.local_facts import DIRECTORY, LocalFacts
from azure_imds_facts.core.nested import spell_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from azure_imds_facts.core.errors import Reporter
    from azure_imds_facts.core.settings import Settings

_BOOT_TIMEOUT_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--directory", metavar="DIR", default=DIRECTORY, help=f"where to write ({DIRECTORY})")
    parser.add_argument(
        "--boot", action="store_true", help="wait up to 300 s for IMDS; mark facts of an earlier boot stale"
    )
    parser.add_argument(
        "--force", action="store_true", help="replace the file even where this program did not write it"
    )
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the file. Raises the ImdsError of the outcome, the old file marked stale where that is the right thing."""
    settings = read_settings(arguments, timeout=_BOOT_TIMEOUT_S if arguments.boot else 5.0)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    if settings.is_disabled:
        collect_snapshot(settings, reporter)  # says so, and touches nothing
    file = LocalFacts(arguments.directory, clock=Clock(), force=arguments.force)
    try:
        return _write(file, settings, reporter, is_boot=arguments.boot)
    finally:
        file.close()


def _write(file: LocalFacts, settings: Settings, reporter: Reporter, *, is_boot: bool) -> int:
    if is_boot:
        host = Host()
        _tell(reporter, file.settle_boot(boot_id=host.read_boot_id(), dmi_uuid=host.read_product_uuid()))
    try:
        snapshot = collect_snapshot(settings, reporter)
    except ImdsError as error:
        _tell(reporter, file.settle_failure(error))
        raise
    facts = spell_local(build_facts(snapshot, reporter=reporter), reporter=reporter, with_age=False)
    reporter.notice(f"Wrote {file.write(facts, is_revealing=bool(settings.reveal))}.")
    return 0


def _tell(reporter: Reporter, message: str) -> None:
    if message:
        reporter.notice(message)
