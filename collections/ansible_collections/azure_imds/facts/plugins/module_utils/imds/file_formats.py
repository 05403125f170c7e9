# SPDX-License-Identifier: Apache-2.0
"""The files of facts that other programs read: one row a format, and what it writes in a module of its own."""

from __future__ import annotations

import json
import os
import sys

from . import errors, facter_spelling, prometheus_spelling, records
from .facts import build_facts
from .local_spelling import spell_local
from .reporter import printable
from .settings import ABSOLUTE, parse_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .facts import Snapshot
    from .records import JsonObject
    from .reporter import Reporter

# Larger facts are written without indentation, which can take several times as much.
_MOST_INDENTED = 256 * 1024


@records.record
class FileFormat:
    """A file for one reader. `directory`: where that looks for it, None where its users choose.

    `build` makes the content, an object with `available` and `snapshot` as the local facts have them; `dump` makes its
    text, of which `load` makes the content again. `load` raises ValueError, LookupError or TypeError for another text.
    """

    file_name: str
    directory: str | None
    build: Callable[[Snapshot, Reporter], JsonObject]
    dump: Callable[[JsonObject], str]
    load: Callable[[bytes], Any]


def dump_json(value: JsonObject) -> str:
    """Return JSON for people to read too, unless it is large."""
    content = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(content) < _MOST_INDENTED:
        content = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1)
    return f"{content}\n"


def _build_local(snapshot: Snapshot, reporter: Reporter) -> JsonObject:
    return spell_local(build_facts(snapshot, reporter=reporter), reporter=reporter, with_age=False)


def _build_facter(snapshot: Snapshot, reporter: Reporter) -> JsonObject:
    facts: JsonObject = facter_spelling.replace_nul(_build_local(snapshot, reporter))
    return facts


FORMATS = {
    # Ansible's setup reads it as ansible_local.azure_imds; on Windows, where it takes *.json, as ansible_azure_imds.
    "ansible": FileFormat(
        file_name="azure_imds.json" if sys.platform == "win32" else "azure_imds.fact",
        directory="/etc/ansible/facts.d",
        build=_build_local,
        dump=dump_json,
        load=json.loads,
    ),
    # An external fact of Facter and OpenVox, read as azure_imds.
    "facter": FileFormat(
        file_name="azure_imds.json",
        directory="/etc/facter/facts.d",
        build=_build_facter,
        dump=lambda content: dump_json({facter_spelling.FACT: content}),
        load=lambda text: json.loads(text)[facter_spelling.FACT],
    ),
    # For the textfile collector of node_exporter, whose packages have it look in different places.
    "prometheus": FileFormat(
        file_name="azure_imds.prom",
        directory=None,
        build=prometheus_spelling.build_info,
        dump=prometheus_spelling.dump_info,
        load=prometheus_spelling.load_info,
    ),
}
ANSIBLE = FORMATS["ansible"]
# What may be given, in words.
ALLOWED = f"a list of {', '.join(FORMATS)}, each perhaps with a colon and a directory of its own"
# The environment variable of the same meaning as the flag.
VARIABLE = "AZURE_IMDS_LOCAL_FACTS_FORMAT"


def read_formats(
    given: str | None, environ: Mapping[str, str], *, directory: str | None = None
) -> list[tuple[FileFormat, str]]:
    """Return what to write and where, from a flag (None: not given), the environment (empty: not given) or the default.

    A text such as `ansible,prometheus:/var/lib/node_exporter`; `directory` is for one format without its own. Raises
    UsageError.
    """
    origin, text = ("--format", given) if given is not None else (VARIABLE, environ.get(VARIABLE) or "ansible")
    words = [word.strip().partition(":") for word in text.split(",")]
    names = [name for name, _colon, _own in words]
    _check_names(names, origin, text)
    if directory is not None and (len(names) > 1 or words[0][1]):
        problem = f"--directory is for one format without its own, and {origin} is {printable(text)!r}."
        raise errors.UsageError(problem, hint="Give each its own: ansible:DIR,facter:DIR.")
    return [(FORMATS[name], _find_place(name, own if colon else directory)) for name, colon, own in words]


def _check_names(names: list[str], origin: str, text: str) -> None:
    """Raise UsageError for names that are no formats, or stand there twice, or are not for Windows."""
    if len(set(names)) < len(names) or not set(names) <= set(FORMATS):
        raise errors.UsageError(f"{origin} cannot be {printable(text)!r}.", hint=f"Give {ALLOWED}.")
    if sys.platform == "win32" and names != ["ansible"]:
        raise errors.UsageError(
            f"{origin} cannot be {printable(text)!r} on Windows.", hint="Only ansible is written there."
        )


def find_directory(name: str) -> str | None:
    """Return the directory in which a format's reader looks, None where its users choose.

    Raises UsageError where Windows names none.
    """
    if sys.platform == "win32":
        from .windows import facts_folder  # noqa: PLC0415  no other system has it

        return facts_folder.find_directory(os.environ)
    return FORMATS[name].directory


def _find_place(name: str, given: str | None) -> str:
    place = find_directory(name) if given is None else given
    if place is None:
        problem = f"The format {name} needs a directory, for its reader is told where to look."
        raise errors.UsageError(problem, hint=f"Give --directory, or {name}:DIR among the formats.")
    try:
        return parse_directory(place)
    except ValueError:
        problem = f"The directory of {name} cannot be {printable(place)!r}."
        raise errors.UsageError(problem, hint=f"Give {ABSOLUTE}.") from None
