# SPDX-License-Identifier: Apache-2.0
"""Standard output carries the answer and nothing else, standard error the messages; either may be closed or full."""

from __future__ import annotations

import json
import os
import sys

from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.reporter import printable


def repair_streams() -> None:
    """Open closed standard streams on /dev/null, so that no file opened later takes their place. To be called first."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    opened = os.open(os.devnull, os.O_RDWR)
    while opened < 3:
        opened = os.open(os.devnull, os.O_RDWR)
    os.close(opened)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def is_terminal() -> bool:
    """Return whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_colourful() -> bool:
    """Return whether standard output is a terminal on which colours are wanted (https://no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def print_message(message: str) -> None:
    """Print a line to standard error, if it can be written, without characters that act on a terminal."""
    try:
        print(printable(message, most=None), file=sys.stderr, flush=True)
    except OSError:
        silence(2)


def silence(descriptor: int) -> None:
    """Send all further output there to /dev/null: Python would complain at its end once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def print_answer(text: str) -> None:
    """Print UTF-8 whatever the locale, for programs. Raises as `write_output` does."""
    write_output(text.encode(errors="surrogateescape") + b"\n")  # paths may hold other bytes


def print_json(value: object, *, indent: int | None = None, sort_keys: bool = False) -> None:
    """Print JSON that is safe on a terminal. Raises as `write_output` does."""
    print_answer(dump_json(value, indent=indent, sort_keys=sort_keys))


def dump_json(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Return JSON in which every character that cannot be seen is escaped: tags are written by others.

    JSON itself escapes only control characters up to U+001F, neither those above U+007F nor marks of direction.
    """
    return escape_unseen(json.dumps(value, indent=indent, sort_keys=sort_keys, ensure_ascii=False))


def escape_unseen(text: str) -> str:
    """Return text with JSON's escape for each character that cannot be seen, line feeds excepted.

    JSON in which control characters are escaped already stays JSON with the same values.
    """
    if text.replace("\n", "").isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def write_output(content: bytes) -> None:
    """Write all of it to standard output: an unbuffered stream takes only as much as its pipe holds.

    Raises UsageError where it cannot be written, BrokenPipeError where the reader has gone.
    """
    if sys.stdout is None:
        raise UsageError("Standard output is closed.", hint="Leave it open, or send it to a file.")
    left = memoryview(content)
    try:
        sys.stdout.flush()
        while left:
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(1)
        problem = f"Standard output cannot be written: {(error.strerror or str(error)).lower()}."
        raise UsageError(problem, hint="Make room, or send the answer elsewhere.") from None
