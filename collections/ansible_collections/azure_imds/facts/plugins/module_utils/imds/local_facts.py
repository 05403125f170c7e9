# SPDX-License-Identifier: Apache-2.0
"""The writer of the local facts file `azure_imds.fact`, which Ansible reads, and of other programs' files of facts.

On Windows it is `azure_imds.json`, which Ansible reads as `ansible_azure_imds`.
"""

from __future__ import annotations

import gc
import sys

from . import errors, proxy_agent
from .clock import Clock
from .collector import collect
from .facts_file import FactsFile
from .file_formats import ANSIBLE, find_directory
from .host import Host, choose_host, require_enabled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .facts import Snapshot
    from .file_formats import FileFormat
    from .reporter import Reporter
    from .settings import Settings
    from .transport import Transport

# How long a boot waits for IMDS.
BOOT_TIMEOUT_S = 300.0
DIRECTORY = ANSIBLE.directory or ""


def write_local_facts(
    settings: Settings,
    *,
    directory: str | None = None,
    formats: Sequence[tuple[FileFormat, str]] = (),
    is_boot: bool = False,
    force: bool = False,
    reporter: Reporter,
    open_transport: Callable[[], Transport],
    host: Host | None = None,
    clock: Clock | None = None,
) -> None:
    """Collect and write the files. `is_boot`: before that, invalidate those of an earlier boot.

    `formats`: what to write and where, without it the local facts file into `directory` (None: the one that Ansible
    reads). Raises the ImdsError of the outcome; an old file is then marked stale, or removed where it is of another
    platform. A file that cannot be written keeps no other from being written; the first one's UsageError is raised at
    the end.
    """
    _require_private(settings)
    require_enabled(settings)
    host, clock = host or choose_host(), clock or Clock()
    places = formats or [(ANSIBLE, find_directory("ansible") or "" if directory is None else directory)]
    files = Files(places, clock=clock, force=force, reporter=reporter)
    # Looking for cycles among the half a million lists of a large document takes longer than all else.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        if is_boot:
            files.invalidate_earlier_boot(boot_id=host.read_boot_id(), dmi_uuid=host.read_product_uuid())
        try:
            snapshot = collect(
                settings,
                open_transport=open_transport,
                host=host,
                clock=clock,
                reporter=reporter,
                is_boot=is_boot,
                is_agent_pending=proxy_agent.BootPatience(clock).is_worth_asking if is_boot else bool,
            )
        except errors.ImdsError as error:
            files.invalidate_after(error)
            raise
        files.write(snapshot, is_revealing=bool(settings.reveal))
    finally:
        files.close()
        if was_collecting:
            gc.enable()


def _require_private(settings: Settings) -> None:
    """Raise UsageError where sensitive fields would stand in a file that every user may read."""
    if sys.platform == "win32" and settings.reveal:
        raise errors.UsageError(
            "On Windows every user may read the facts file, so nothing is revealed in it.",
            hint="Leave reveal out, or use azure-imds-facts facts --reveal.",
        )


def remove_local_facts(
    formats: Sequence[tuple[FileFormat, str]], *, force: bool = False, reporter: Reporter, clock: Clock | None = None
) -> None:
    """Remove the files, where there are any. Raises UsageError, without `force` for one of another program."""
    files = Files(formats, clock=clock or Clock(), force=force, reporter=reporter)
    try:
        files.remove()
    finally:
        files.close()


class Files:
    """The files of one run. One that cannot be used is left out; where none can, UsageError is raised at once."""

    def __init__(
        self, places: Sequence[tuple[FileFormat, str]], *, clock: Clock, force: bool, reporter: Reporter
    ) -> None:
        self._reporter = reporter
        self._problems: list[errors.UsageError] = []
        self._files: list[tuple[FileFormat, FactsFile]] = []
        for file_format, directory in places:
            try:
                file = FactsFile(directory, clock=clock, force=force, file_format=file_format)
            except errors.UsageError as refused:
                self._problems.append(refused)
            else:
                self._files.append((file_format, file))
        self._require_one()

    def close(self) -> None:
        """Close their directories."""
        for _format, file in self._files:
            file.close()

    def invalidate_earlier_boot(self, *, boot_id: str | None, dmi_uuid: str) -> None:
        """Invalidate what an earlier boot left; a file with which that fails is not written either."""
        for pair in [*self._files]:
            _format, file = pair
            try:
                _report(self._reporter, file.invalidate_earlier_boot(boot_id=boot_id, dmi_uuid=dmi_uuid))
            except errors.UsageError as refused:
                self._problems.append(refused)
                self._files.remove(pair)
                file.close()
        self._require_one()

    def invalidate_after(self, error: errors.ImdsError) -> None:
        """Invalidate all after a collection without facts, whose failure names the outcome."""
        for _format, file in self._files:
            try:
                _report(self._reporter, file.invalidate_after(error))
            except errors.UsageError as refused:
                self._problems.append(refused)
        for problem in self._problems:
            self._reporter.warn(str(problem))

    def remove(self) -> None:
        """Remove all."""
        for _format, file in self._files:
            try:
                _report(self._reporter, file.remove())
            except errors.UsageError as refused:
                self._problems.append(refused)
        self._raise_noted()

    def write(self, snapshot: Snapshot, *, is_revealing: bool) -> None:
        """Write the facts, or mark a file stale that has whole ones of this boot where these are partial.

        Raises the first UsageError of the run; the others are reported.
        """
        for file_format, file in self._files:
            content = file_format.build(snapshot, self._reporter)
            try:
                if content["snapshot"]["partial"] and file.holds_whole(boot_id=snapshot.boot_id):
                    self._reporter.warn("IMDS's answer lacks compute or network, so the whole facts of this boot stay.")
                    _report(self._reporter, file.mark_stale("could not be renewed"))
                else:
                    self._reporter.notice(f"Wrote {file.write(content, is_revealing=is_revealing)}.")
            except errors.UsageError as refused:
                self._problems.append(refused)
        self._raise_noted()

    def _raise_noted(self) -> None:
        """Raise the first problem; warn of the others."""
        for problem in self._problems[1:]:
            self._reporter.warn(str(problem))
        if self._problems:
            raise self._problems[0]

    def _require_one(self) -> None:
        """Raise UsageError where no file is left."""
        if not self._files:
            raise self._problems[0]


def _report(reporter: Reporter, message: str) -> None:
    if message:
        reporter.notice(message)
