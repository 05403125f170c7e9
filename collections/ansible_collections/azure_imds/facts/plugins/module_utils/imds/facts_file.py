# SPDX-License-Identifier: Apache-2.0
"""The local facts file on disk: replaced as a whole, marked stale, or removed.

The file is static JSON, never executable: one execute bit on it would fail all fact gathering of the host.
"""

from __future__ import annotations

import calendar
import os
import sys
import time

from . import errors, records
from .cache import STALE_S
from .facts_folder import FactsFolder
from .file_formats import ANSIBLE
from .host import is_same_machine
from .safe_files import UnsafeFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .clock import Clock
    from .file_formats import FileFormat
    from .windows.facts_folder import WindowsFactsFolder

NAME = ANSIBLE.file_name
# Facts of over 4 MiB are refused; JSON adds to them.
_LIMIT = 8 * 1024 * 1024


@records.record
class Existing:
    """The file as it was found: `snapshot` None where it is missing, or not from this program (`is_foreign`).

    `content` is held only while it is marked: a document of 1 MiB takes half of the memory that there may be for two.
    """

    snapshot: dict[str, Any] | None
    content: dict[str, Any] | None = None
    mode: int = 0o600
    is_foreign: bool = False
    reason: str = ""


class FactsFile:
    """The file in one directory, which was looked at before IMDS is asked."""

    def __init__(self, directory: str, *, clock: Clock, force: bool = False, file_format: FileFormat = ANSIBLE) -> None:
        """Read the file. Raises UsageError where the folder cannot be used, or without `force` for a foreign file."""
        self._clock = clock
        self._format = file_format
        self._folder = directory
        self._path = os.path.join(directory, file_format.file_name)
        try:
            if not directory:
                raise UnsafeFileError("it has no name")
            # In `link/` and `link/.` the link would be followed.
            self._folder = os.path.abspath(directory)
            self._opened = _open_folder(self._folder)
        except OSError as error:
            raise self._refuse_folder(error) from None
        self._existing = records.replace(self._read(), content=None)
        if self._existing.is_foreign and not force:
            self.close()
            raise errors.UsageError(
                f"{self._path} was not written by azure-imds-facts ({self._existing.reason}), so it stays as it is.",
                hint="Move it away, or give --force to replace it.",
            )

    def close(self) -> None:
        """Close the directory."""
        self._opened.close()

    def write(self, facts: dict[str, Any], *, is_revealing: bool) -> str:
        """Replace the file with new facts, in its format's form, readable by all unless it reveals something.

        Returns the file's path. Raises UsageError where it cannot be written; then the old one stays.
        """
        self._write(facts, 0o600 if is_revealing else 0o644)
        return self._path

    def holds_whole(self, *, boot_id: str | None) -> bool:
        """Return whether the file has a whole document's facts, of this boot and less than a day old."""
        snapshot = self._existing.snapshot or {}
        if snapshot.get("partial") is not False or not boot_id or snapshot["boot_id"] != boot_id:
            return False
        try:
            fetched = calendar.timegm(time.strptime(str(snapshot["fetched_at"]), "%Y-%m-%dT%H:%M:%SZ"))
        except (ValueError, OverflowError):
            return False
        return self._clock.time() - fetched < STALE_S

    def invalidate_earlier_boot(self, *, boot_id: str | None, dmi_uuid: str) -> str:
        """Mark a file of an earlier boot stale, or remove it where it is another VM's.

        Returns what was done, for a message, or `""`.
        """
        snapshot = self._existing.snapshot
        if not snapshot or (boot_id and snapshot.get("boot_id") == boot_id):
            return ""
        # Azure Arc's ids are not DMI's.
        vm_id = None if snapshot.get("platform") == "arc" else snapshot.get("vm_id")
        if isinstance(vm_id, str) and dmi_uuid and not is_same_machine(vm_id, dmi_uuid):
            self._remove()
            return f"{self._path} described another VM ({vm_id}) and was removed."
        try:
            return self.mark_stale("is of an earlier boot")
        except errors.UsageError:
            # A full disk, most likely. No facts are better than old ones that pass for current.
            self._remove()
            return f"{self._path} is of an earlier boot, could not be marked stale and was removed."

    def invalidate_after(self, error: errors.ImdsError) -> str:
        """Mark the file stale after a collection without facts, or remove it where this is not Azure any more.

        Returns what was done, for a message, or `""`.
        """
        if not self._existing.snapshot or isinstance(error, errors.UsageError):
            return ""
        if not isinstance(error, errors.NotAzureError):
            return self.mark_stale("could not be renewed")
        if error.is_other_platform:
            self._remove()
            return f"{self._path} was written when this machine was on Azure and was removed."
        return ""

    def mark_stale(self, why: str) -> str:
        """Set the source of the file that was found to `stale`, and return what was done, for a message, or `""`."""
        snapshot = self._existing.snapshot
        if not snapshot or snapshot.get("source") == "stale":
            return ""
        found = self._read()
        if not found.content or found.snapshot != snapshot:
            return ""  # another writer was there meanwhile
        marked = {**found.content, "snapshot": {**found.content["snapshot"], "source": "stale"}}
        self._write(marked, found.mode & 0o644)
        self._existing = records.replace(found, content=None, snapshot=marked["snapshot"])
        return f"{self._path} {why} and is marked stale."

    def remove(self) -> str:
        """Remove the file that was found, and return what was done, for a message, or `""` without one."""
        if not (self._existing.snapshot or self._existing.is_foreign):
            return ""
        self._remove()
        return f"Removed {self._path}."

    def _remove(self) -> None:
        try:
            self._opened.remove(self._format.file_name)
        except OSError as error:
            raise self._refuse(error) from None
        self._existing = Existing(snapshot=None)

    def _refuse_folder(self, error: OSError) -> errors.UsageError:
        return errors.UsageError(
            f"The directory for local facts cannot be used: {self._folder or repr('')}: {_reason(error)}.",
            hint="Name a directory (not a link to one) that you may write to with --directory.",
        )

    def _read(self) -> Existing:
        try:
            found = self._opened.read(self._format.file_name, limit=_LIMIT)
            if found and len(found[0]) > _LIMIT:
                raise UnsafeFileError(f"over {_LIMIT} bytes")
        except OSError as error:
            return Existing(snapshot=None, is_foreign=True, reason=_reason(error))
        if not found:
            return Existing(snapshot=None)
        content, mode = found
        try:
            value = self._format.load(content)
        except (ValueError, RecursionError):
            return Existing(snapshot=None, is_foreign=True, reason="not JSON")
        except (LookupError, TypeError):
            value = None
        if not _is_local_facts(value):
            return Existing(snapshot=None, is_foreign=True, reason="of another form")
        return Existing(snapshot=value["snapshot"], content=value, mode=mode)

    def _write(self, facts: dict[str, Any], mode: int) -> None:
        name, content = self._format.file_name, self._format.dump(facts)
        try:
            self._opened.make()
        except OSError as error:
            raise self._refuse_folder(error) from None
        try:
            self._opened.write(name, content.encode(errors="replace"), mode=mode, now=self._clock.time())
        except OSError as error:
            raise self._refuse(error) from None

    def _refuse(self, error: OSError) -> errors.UsageError:
        return errors.UsageError(
            f"{self._path} cannot be written: {_reason(error)}; it is unchanged.",
            hint="Make room or correct the permissions, then run this again.",
        )


def _open_folder(path: str) -> FactsFolder | WindowsFactsFolder:
    """Open a directory as this system can. Raises OSError."""
    if sys.platform == "win32":
        from .windows.facts_folder import WindowsFactsFolder  # noqa: PLC0415  no other system has it

        return WindowsFactsFolder(path)
    return FactsFolder(path)


def _is_local_facts(value: object) -> bool:
    if not isinstance(value, dict) or value.get("available") is not True:
        return False
    snapshot = value.get("snapshot")
    return isinstance(snapshot, dict) and {"source", "boot_id", "fetched_at"}.issubset(snapshot)


def _reason(error: OSError) -> str:
    return error.strerror.lower() if error.strerror else str(error)
