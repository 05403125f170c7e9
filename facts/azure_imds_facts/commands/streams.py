# SPDX-License-Identifier: Apache-2.0
"""Standard output carries the answer and nothing else, standard error the messages; either may be closed or full."""

from __future__ import annotations

import json
import os
import sys

from azure_imds_facts.core.errors import UsageError


def repair_streams() -> None:
    """Let nothing that is opened later take the place of a standard stream that was closed. To be called first."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    opened = os.open(os.devnull, os.O_RDWR)
    while opened < 3:
        opened = os.open(os.devnull, os.O_RDWR)
    os.close(opened)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def is_terminal() -> bool:
    """Return whether a person reads the answer as it comes, who may like colours."""
    return sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def tell(message: str) -> None:
    """Print a line to standard error, where there is somebody to read it."""
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        silence(2)


def silence(descriptor: int) -> None:
    """Have what is written there from now on go nowhere: at its end Python would complain of it once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def print_answer(text: str) -> None:
    """Print UTF-8, whatever the locale says: what reads this is a program. Raises as `write_output` does."""
    write_output(text.encode(errors="surrogateescape") + b"\n")  # paths may hold other bytes


def print_json(value: object, *, indent: int | None = None, sort_keys: bool = False) -> None:
    """Print JSON that is the same to every program and does nothing to a terminal. Raises as `write_output` does."""
    print_answer(dump_json(value, indent=indent, sort_keys=sort_keys))


def dump_json(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Return JSON in which only characters that can be seen stand as they are: strangers wrote some of it.

    Others are escaped: control characters above U+007F, line ends that are none to JSON, marks that turn text round.
    """
    text = json.dumps(value, indent=indent, sort_keys=sort_keys, ensure_ascii=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def plain(text: str) -> str:
    """Return a text that does nothing to a terminal: strangers wrote some of it."""
    return "".join(character if character.isprintable() else "?" for character in text)


def write_output(content: bytes) -> None:
    """Write all of it to standard output: unbuffered, a stream takes as much as its pipe holds and says how much.

    Raises UsageError where it cannot be written, BrokenPipeError where nobody reads any more.
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
