# SPDX-License-Identifier: Apache-2.0
"""The writer of the local facts file, `azure_imds.fact`, which Ansible reads as `ansible_local.azure_imds`.

On Windows it is `azure_imds.json`, which Ansible reads as `ansible_azure_imds`.
"""

from __future__ import annotations

import gc
import os
import sys

from . import errors, proxy_agent
from .clock import Clock
from .collector import collect
from .facts import build_facts
from .facts_file import FactsFile
from .host import Host, choose_host, require_enabled
from .local_spelling import spell_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .facts import Snapshot
    from .reporter import Reporter
    from .settings import Settings
    from .transport import Transport

# How long a boot waits for IMDS.
BOOT_TIMEOUT_S = 300.0
DIRECTORY = "/etc/ansible/facts.d"


def write_local_facts(
    settings: Settings,
    *,
    directory: str | None = None,
    is_boot: bool = False,
    force: bool = False,
    reporter: Reporter,
    open_transport: Callable[[], Transport],
    host: Host | None = None,
    clock: Clock | None = None,
) -> None:
    """Collect and write the file. `is_boot`: before that, invalidate a file of an earlier boot.

    `directory` None: the one that Ansible reads. Raises the ImdsError of the outcome; the old file is then marked
    stale, or removed where it is of another platform.
    """
    directory = find_directory() if directory is None else directory
    _require_private(settings)
    require_enabled(settings)
    host, clock = host or choose_host(), clock or Clock()
    # Looking for cycles among the half a million lists of a large document takes longer than all else.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        file = FactsFile(directory, clock=clock, force=force)
        try:
            if is_boot:
                done = file.invalidate_earlier_boot(boot_id=host.read_boot_id(), dmi_uuid=host.read_product_uuid())
                _report(reporter, done)
            snapshot = _collect_for(
                file,
                lambda: collect(
                    settings,
                    open_transport=open_transport,
                    host=host,
                    clock=clock,
                    reporter=reporter,
                    is_boot=is_boot,
                    is_agent_pending=proxy_agent.BootPatience(clock).is_worth_asking if is_boot else bool,
                ),
                reporter,
            )
            _write(file, snapshot, reporter, is_revealing=bool(settings.reveal))
        finally:
            file.close()
    finally:
        if was_collecting:
            gc.enable()


def find_directory() -> str:
    """Return the directory that Ansible reads. Raises UsageError where Windows names none."""
    if sys.platform == "win32":
        from .windows import facts_folder  # noqa: PLC0415  no other system has it

        return facts_folder.find_directory(os.environ)
    return DIRECTORY


def _require_private(settings: Settings) -> None:
    """Raise UsageError where sensitive fields would stand in a file that every user may read."""
    if sys.platform == "win32" and settings.reveal:
        raise errors.UsageError(
            "On Windows every user may read the facts file, so nothing is revealed in it.",
            hint="Leave reveal out, or use azure-imds-facts facts --reveal.",
        )


def _collect_for(file: FactsFile, collect_it: Callable[[], Snapshot], reporter: Reporter) -> Snapshot:
    """Collect; after a failure invalidate the file. Raises the ImdsError of the outcome."""
    try:
        return collect_it()
    except errors.ImdsError as error:
        try:
            _report(reporter, file.invalidate_after(error))
        except errors.UsageError as refused:
            reporter.warn(str(refused))  # the first failure names the outcome
        raise error from None


def _write(file: FactsFile, snapshot: Snapshot, reporter: Reporter, *, is_revealing: bool) -> None:
    """Write the facts, or mark the file stale where it has whole ones of this boot and these are partial."""
    facts = spell_local(build_facts(snapshot, reporter=reporter), reporter=reporter, with_age=False)
    if facts["snapshot"]["partial"] and file.holds_whole(boot_id=snapshot.boot_id):
        reporter.warn("IMDS's answer lacks compute or network, so the whole facts of this boot stay.")
        _report(reporter, file.mark_stale("could not be renewed"))
    else:
        reporter.notice(f"Wrote {file.write(facts, is_revealing=is_revealing)}.")


def _report(reporter: Reporter, message: str) -> None:
    if message:
        reporter.notice(message)
