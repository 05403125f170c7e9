# SPDX-License-Identifier: Apache-2.0
"""The writer of the local facts file, `azure_imds.fact`, which Ansible reads as `ansible_local.azure_imds`."""

from __future__ import annotations

from . import errors
from .clock import Clock
from .collector import collect
from .facts import build_facts
from .facts_file import FactsFile
from .host import Host, require_enabled
from .local_spelling import spell_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .reporter import Reporter
    from .settings import Settings
    from .transport import Transport

# How long a boot waits for IMDS.
BOOT_TIMEOUT_S = 300.0
DIRECTORY = "/etc/ansible/facts.d"


def write_local_facts(
    settings: Settings,
    *,
    directory: str = DIRECTORY,
    is_boot: bool = False,
    force: bool = False,
    reporter: Reporter,
    open_transport: Callable[[], Transport],
) -> None:
    """Collect and write the file. `is_boot`: before that, invalidate a file of an earlier boot.

    Raises the ImdsError of the outcome; the old file is then marked stale, or removed where it is of another platform.
    """
    require_enabled(settings)
    file = FactsFile(directory, clock=Clock(), force=force)
    try:
        if is_boot:
            host = Host()
            done = file.invalidate_earlier_boot(boot_id=host.read_boot_id(), dmi_uuid=host.read_product_uuid())
            _report(reporter, done)
        try:
            snapshot = collect(settings, open_transport=open_transport, reporter=reporter, is_boot=is_boot)
        except errors.ImdsError as error:
            try:
                _report(reporter, file.invalidate_after(error))
            except errors.UsageError as refused:
                reporter.warn(str(refused))  # the first failure names the outcome
            raise error from None
        facts = spell_local(build_facts(snapshot, reporter=reporter), reporter=reporter, with_age=False)
        if facts["snapshot"]["partial"] and file.holds_whole(boot_id=snapshot.boot_id):
            reporter.warn("IMDS's answer lacks compute or network, so the whole facts of this boot stay.")
            _report(reporter, file.mark_stale("could not be renewed"))
        else:
            reporter.notice(f"Wrote {file.write(facts, is_revealing=bool(settings.reveal))}.")
    finally:
        file.close()


def _report(reporter: Reporter, message: str) -> None:
    if message:
        reporter.notice(message)
