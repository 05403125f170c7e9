# SPDX-License-Identifier: Apache-2.0
"""Standard output on Windows, where no pipe can be asked whether it has room: a thread waits for the reader."""

from __future__ import annotations

import os
import threading

from ..events.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..reporter import Reporter

_PIECE = 4096
# How long what is left waits for its reader in the end.
_LAST_S = 1.0


class WindowsOutput(Output):
    """Lines for a reader that may be slow. Raises BrokenPipeError where it is gone: the watch serves nothing else."""

    def __init__(self, descriptor: int, *, reporter: Reporter) -> None:
        super().__init__(None, reporter=reporter, is_needed=True)
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._failure: OSError | None = None
        threading.Thread(target=self._write_on, args=(descriptor,), daemon=True).start()

    @property
    def waiting_for(self) -> list[int]:
        """Nothing: no descriptor of a pipe can be waited for."""
        return []

    def print_line(self, line: bytes) -> None:
        """Print a line that is spelled already. Raises as `flush` does."""
        with self._changed:
            super().print_line(line)

    def flush(self) -> None:
        """Let the thread go on. Raises BrokenPipeError where nothing can be written any more."""
        with self._changed:
            if self._failure is not None:
                raise BrokenPipeError from self._failure
            self._changed.notify()

    def close(self) -> None:
        """Wait for the reader, not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._failure is not None, _LAST_S)

    def _write_on(self, descriptor: int) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                piece = bytes(self._waiting[:_PIECE])
            try:
                written = os.write(descriptor, piece)
            except OSError as error:  # EINVAL, where a pipe has lost its reader
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                del self._waiting[:written]
                self._changed.notify_all()
