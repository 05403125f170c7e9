# SPDX-License-Identifier: Apache-2.0
"""The grain of a minion that came up while IMDS did not answer: it comes by itself, without a restart.

Nothing is asked while all is well. Salt has no means for this: the scheduler and beacons cost a process or a call a
second, whether anything is missing or not.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.errors import ImdsError, NotAzureError
from azure_imds_facts.salt.reloading import load_grains_again
from azure_imds_facts.salt.starting import is_minion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

PAUSE_S = 10.0
# Of the one thread in a process, whichever version of this package began it.
_NAME = "azure-imds-facts: a grain is missing"


def heal_later(opts: Mapping[str, Any], ask: Callable[[], bool], *, pause_s: float = PAUSE_S) -> None:
    """Call `ask` every ten seconds until it raises no ImdsError; if it returns True then, have the grains loaded again.

    It returns at once: a minion stands still while its grains load. Any other process than a minion gets no second try.
    """
    if not is_minion(opts):
        return
    if any(thread.name == _NAME for thread in threading.enumerate()):
        return
    # A copy: what Salt hands to a grain may mean something else in another thread.
    kept = {name: opts[name] for name in opts}
    threading.Thread(target=_wait, args=(kept, ask, pause_s), name=_NAME, daemon=True).start()


def _wait(opts: Mapping[str, Any], ask: Callable[[], bool], pause_s: float) -> None:
    """Ask until there is an answer. The next load finds it in the cache; where that fails, it begins this anew."""
    while True:
        time.sleep(pause_s)
        try:
            is_missing = ask()
        except NotAzureError:
            return
        except ImdsError:
            continue
        except Exception:  # a thread that raises writes to the minion's standard error
            log.warning("azure_imds: no grain: an error inside azure-imds-facts, please report it", exc_info=True)
            return
        if is_missing:
            log.warning("azure_imds: IMDS answers now; loading the grains again")
            load_grains_again(opts)
        return
