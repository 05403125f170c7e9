# SPDX-License-Identifier: Apache-2.0
"""
Ask Azure's Instance Metadata Service (IMDS) about the virtual machine that this minion runs on.

.. versionadded:: 0.1.0

Settings come from the minion's key ``azure_imds:``, as for the grain ``azure_imds``; ``timeout`` is one second unless
set otherwise. Where there is no answer, each function fails with the outcome (``not_azure``, ``unreachable``,
``throttled``, ``unavailable``, ``rejected``, ``invalid`` or ``usage``), what was tried, and what to do about it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from salt.exceptions import CommandExecutionError

from azure_imds_facts.core.errors import ImdsError, UsageError
from azure_imds_facts.salt import acknowledgements, execution, grain, reloading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    __opts__: dict[str, Any] = {}
    __salt__: dict[str, Callable[..., Any]] = {}
    __context__: dict[str, Any] = {}

__virtualname__ = "azure_imds"

_WAIT_S = 30.0


def __virtual__() -> str | tuple[bool, str]:  # noqa: N807  the name that Salt calls
    """Load on every minion but a proxy."""
    if grain.is_proxy(__opts__):
        return False, "A proxy minion would return the facts of the VM that it runs on, not of its device."
    return __virtualname__


def facts(gather: str | list[str] | None = None, timeout: float | None = None) -> dict[str, Any]:
    """
    Return the facts of this VM, as the grain has them, from the machine's cache where that is fresh.

    .. versionadded:: 0.1.0

    gather
        The categories or paths, as in the minion's key ``azure_imds:gather``, or ``all``; a list, or names separated by
        commas.
        The minion's setting, else ``compute``, ``network`` and ``tags``.

    timeout
        Seconds for all of it. The minion's setting, else one.

    CLI Example:

    .. code-block:: bash

        salt '*' azure_imds.facts
        salt '*' azure_imds.facts gather=tags,load_balancer timeout=5
        salt '*' azure_imds.facts gather=compute.vmSize,network.privateIpv4
    """
    with _failing_as_salt_does():
        return execution.collect_facts(__opts__, gather=gather, timeout=timeout)


def get(path: str, format: str | None = None, timeout: float | None = None) -> Any:  # noqa: A002  as on the command line
    """
    Ask IMDS one question and return its answer: neither cached nor redacted, since you asked for that path.

    .. versionadded:: 0.1.0

    path
        A path under ``/metadata/instance``; with a leading ``/`` it is from the root. Access tokens cannot be
        fetched with it.

    format
        ``json`` or ``text``. JSON unless set, and for a leaf text.

    timeout
        Seconds for all of it. The minion's setting, else one.

    CLI Example:

    .. code-block:: bash

        salt '*' azure_imds.get compute/vmId
        salt '*' azure_imds.get /metadata/versions
    """
    with _failing_as_salt_does():
        if format not in (None, "json", "text"):
            raise UsageError(f"format cannot be {format!r}.", hint="Give json or text, or nothing.")
        return execution.fetch_raw(__opts__, str(path), format, timeout=timeout)


def refresh(timeout: float | None = None, wait: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  as Salt calls it
    """
    Ask IMDS anew, whatever is cached and whatever failed before, and have the minion load its grains again.

    .. versionadded:: 0.1.0

    Returns how the facts were got. The grains follow in a moment, as after ``saltutil.refresh_grains``, and so does
    the pillar. Where IMDS does not answer it fails, and the grains stay as they are.

    timeout
        Seconds for asking. The minion's setting, else one.

    wait
        Return once the master has the new grain, so that the next step of an orchestration can target by it. It fails
        where that takes more than 30 seconds.

    CLI Example:

    .. code-block:: bash

        salt '*' azure_imds.refresh
        salt '*' azure_imds.refresh wait=True
    """
    with _failing_as_salt_does():
        how = execution.fetch_anew(__opts__, timeout=timeout)
    if not wait:
        __salt__["saltutil.refresh_grains"]()
    elif not reloading.load_grains_again(__opts__, timeout_s=_WAIT_S):
        raise CommandExecutionError(f"IMDS was asked, but the minion did not load its grains in {_WAIT_S:.0f} s.")
    return how


def events(timeout: float | None = None) -> dict[str, Any]:
    """
    Return the scheduled events: ``incarnation``, ``events``, ``pending``, ``nextNotBefore`` and ``nextType``.

    .. versionadded:: 0.1.0

    Each of ``events`` has the keys that the beacon ``azure_imds_events`` sends, but ``change`` and ``reminder``.

    The first request ever switches scheduled events on for this VM, which can take two minutes.

    timeout
        Seconds for all of it. The minion's setting, else one.

    CLI Example:

    .. code-block:: bash

        salt '*' azure_imds.events timeout=5
    """
    with _failing_as_salt_does():
        return execution.fetch_events(__opts__, timeout=timeout)


def approve(event_id: str, timeout: float | None = None) -> dict[str, Any]:
    """
    Let a scheduled event start now instead of at its ``notBefore``, once the machine is ready for it.

    .. versionadded:: 0.1.0

    Returns ``event_id``, ``approved`` and ``already_started``. It fails where IMDS does not list the event any more.

    event_id
        The event's id, as ``azure_imds.events`` and the beacon ``azure_imds_events`` return it. Every VM among the
        event's resources is affected.

    timeout
        Seconds for all of it. The minion's setting, else one.

    CLI Example:

    .. code-block:: bash

        salt web azure_imds.approve 602d9444-d2cd-49c7-8624-8643e7171297
    """
    with _failing_as_salt_does():
        return execution.approve_event(__opts__, str(event_id), timeout=timeout)


def acknowledge(event_id: str) -> bool:
    """
    Say that a scheduled event is being dealt with, which ends the beacon's reminders of it.

    .. versionadded:: 0.1.0

    Returns True the first time, and afterwards False, with a return code that fails the step of an orchestration: so a
    second master, a second reactor or a reminder that was under way starts no second drain.

    event_id
        The event's id, as ``azure_imds.events`` and the beacon ``azure_imds_events`` return it.

    CLI Example:

    .. code-block:: bash

        salt web azure_imds.acknowledge 602d9444-d2cd-49c7-8624-8643e7171297
    """
    with _failing_as_salt_does():
        is_first = acknowledgements.acknowledge(__opts__, event_id)
    if not is_first:
        __context__["retcode"] = 1
    return is_first


def attested(nonce: str | None = None, timeout: float | None = None) -> dict[str, Any]:
    """
    Return the document that IMDS signs about this VM, with ``encoding`` and ``signature``, for the master to verify.

    .. versionadded:: 0.1.0

    Who asks for it sees it in the job's return, and so does everybody who may read the job cache: it holds for minutes.

    nonce
        1 to 32 letters and digits to be signed too. Choose a new one each time.

    timeout
        Seconds for all of it. The minion's setting, else one.

    CLI Example:

    .. code-block:: bash

        salt web azure_imds.attested nonce=1f0c9a7be2
    """
    with _failing_as_salt_does():
        return execution.fetch_attested(__opts__, None if nonce is None else str(nonce), timeout=timeout)


@contextlib.contextmanager
def _failing_as_salt_does() -> Iterator[None]:
    """Turn an outcome into what Salt shows as one line, with the minion's return code."""
    try:
        yield
    except ImdsError as error:
        raise CommandExecutionError(f"{error.outcome}: {error}") from None
