# SPDX-License-Identifier: Apache-2.0
"""
Ask Azure's Instance Metadata Service (IMDS) about the virtual machine that this minion runs on.

.. versionadded:: 0.1.0

Settings are below the minion's key ``azure_imds:``, as for the grain ``azure_imds``; the default ``timeout`` is one
second. Without an answer a function fails with the outcome (``not_azure``, ``unreachable``, ``throttled``,
``unavailable``, ``rejected``, ``invalid`` or ``usage``), what was tried, and what to do.
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
    Return the facts of this VM in the form of the grain, from the cache if it is fresh.

    .. versionadded:: 0.1.0

    gather
        Categories or paths, or ``all``: a list, or names separated by commas. The default is the minion's setting
        ``azure_imds:gather``, or else ``compute``, ``network`` and ``tags``.

    timeout
        Seconds for the whole call. The default is the minion's setting, or else one.

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
    Return IMDS's raw answer for one path, neither cached nor redacted.

    .. versionadded:: 0.1.0

    path
        A path below ``/metadata/instance``, or with a leading ``/`` below the root. Access tokens are refused.

    format
        ``json`` or ``text``. The default is JSON, and text for a leaf.

    timeout
        Seconds for the whole call. The default is the minion's setting, or else one.

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
    Fetch fresh facts from IMDS, and have the minion reload its grains.

    .. versionadded:: 0.1.0

    It ignores the cache and earlier failures, and returns the category ``snapshot``: where the facts came from. Grains
    and pillar follow in a moment, as after ``saltutil.refresh_grains``. If IMDS does not answer, it fails, and the
    grains stay unchanged.

    timeout
        Seconds for asking. The default is the minion's setting, or else one.

    wait
        Whether to return only when the master has the new grain, so that the next step of an orchestration can target
        it. The call fails if that takes more than 30 seconds.

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

    Each of ``events`` has the keys that the beacon ``azure_imds_events`` sends, without ``change`` and ``reminder``.
    The first request switches scheduled events on for this VM, which can take two minutes.

    timeout
        Seconds for the whole call. The default is the minion's setting, or else one.

    CLI Example:

    .. code-block:: bash

        salt '*' azure_imds.events timeout=5
    """
    with _failing_as_salt_does():
        return execution.fetch_events(__opts__, timeout=timeout)


def approve(event_id: str, timeout: float | None = None) -> dict[str, Any]:
    """
    Let a scheduled event start now, before its ``notBefore``.

    .. versionadded:: 0.1.0

    Returns ``event_id``, ``approved`` and ``already_started``. It fails if IMDS no longer lists the event.

    event_id
        The ``event_id`` from ``azure_imds.events`` or the beacon ``azure_imds_events``. The event starts for every VM
        among its resources.

    timeout
        Seconds for the whole call. The default is the minion's setting, or else one.

    CLI Example:

    .. code-block:: bash

        salt web azure_imds.approve 602d9444-d2cd-49c7-8624-8643e7171297
    """
    with _failing_as_salt_does():
        return execution.approve_event(__opts__, str(event_id), timeout=timeout)


def acknowledge(event_id: str) -> bool:
    """
    Acknowledge a scheduled event, which ends the beacon's reminders of it.

    .. versionadded:: 0.1.0

    Returns True the first time. Later it returns False, with a return code that fails the step of an orchestration.
    So a second master, a second reactor or a late reminder starts no second drain.

    event_id
        The ``event_id`` from ``azure_imds.events`` or the beacon ``azure_imds_events``.

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

    The document is valid for minutes. It is in the job's return, for everyone who may read the job cache.

    nonce
        1 to 32 letters and digits to be signed too. Choose a new one each time.

    timeout
        Seconds for the whole call. The default is the minion's setting, or else one.

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
