# SPDX-License-Identifier: Apache-2.0
"""Messages of a watch on standard error, for which nothing waits either: a full pipe would hold up the next Preempt."""

from __future__ import annotations

import contextlib
import io
import sys

from ..reporter import Reporter
from .output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class _Unblocking(io.RawIOBase):
    """A stream that takes everything, and passes on what the reader takes."""

    def __init__(self, descriptor: int) -> None:
        self._output = Output(descriptor, reporter=Reporter())

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]  # buffers of other kinds do not come here
        """Take some lines; those that find no place are dropped."""
        self._output.print_line(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Pass on what the reader takes now."""
        self._output.flush()


@contextlib.contextmanager
def unblocked_messages() -> Iterator[None]:
    """Let standard error of this process wait for no reader. Commands still get the stream as it is."""
    stream = sys.stderr
    try:
        raw = _Unblocking(stream.fileno())
    except (AttributeError, OSError, ValueError):
        yield  # it is closed, or no stream of the system
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    sys.stderr = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", line_buffering=True)  # type: ignore[type-var,unused-ignore]
    try:
        yield
    finally:
        flush_messages()
        sys.stderr = stream


def flush_messages() -> None:
    """Pass on what waits for the reader of standard error."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
