# SPDX-License-Identifier: Apache-2.0
"""
Accept the keys of minions that prove to be virtual machines of your Azure subscriptions, and no others.

.. versionadded:: 0.1.0

.. code-block:: yaml

    engines:
      - azure_imds_accept:
          subscriptions:
            - 8d10da13-8125-4ba9-a717-bf7490507b3d

It runs on the master, with ``salt-api`` and its hook, to which the command ``azure-imds-facts enrol`` sends a minion's
key. It needs the package ``cryptography``.

subscriptions
    Subscriptions whose virtual machines are accepted, at least one.

skus
    Patterns for the image's SKU, such as ``22_04-lts*``. The default is any.

cloud
    The cloud whose IMDS signs. The default is ``AzureCloud``.

max_age
    The highest age of a document in seconds, and how long to wait for a proven minion's key. The default is 300.

trust
    Files with certificates to trust as roots, beside those that are shipped.

intermediates
    Files with intermediate certificates, beside those that are shipped.

offline
    Whether to fetch no intermediate certificate. The default is False.

again
    Whether a virtual machine may become a second minion, and a minion id another machine. The default is False:
    delete the first one's key to enrol again.

tag
    The path of the hook. The default is ``azure-imds/enrol``.

each
    Requests a second that are processed from one address. The default is 5.

total
    Requests a second that are processed in all. The default is 20.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure_imds_facts.salt.acceptance import Acceptor

    __opts__: dict[str, Any] = {}

__virtualname__ = "azure_imds_accept"

log = logging.getLogger(__name__)


def __virtual__() -> str | tuple[bool, str]:  # noqa: N807  Salt's name
    """Return the engine's name where it can run."""
    if __opts__.get("__role") != "master":
        return False, "azure_imds_accept runs on a master"
    try:
        import cryptography.x509.verification  # noqa: F401, PLC0415
    except ImportError:
        return False, "azure_imds_accept needs cryptography: pip install 'azure-imds-facts[attest]'"
    return __virtualname__


def start(**settings: Any) -> None:
    """
    Listen to the master's events until the master ends.

    .. versionadded:: 0.1.0

    settings
        Those above. With one that cannot be used no key is accepted, which is an error in the log.
    """
    import salt.utils.event  # noqa: PLC0415  it is there on a master alone

    from azure_imds_facts.salt.acceptance import Acceptor  # noqa: PLC0415  needs cryptography
    from azure_imds_facts.salt.acceptance_policy import PolicyError, parse_policy  # noqa: PLC0415
    from azure_imds_facts.salt.identity_store import IdentityStore, find_directory  # noqa: PLC0415
    from azure_imds_facts.salt.minion_keys import MinionKeys  # noqa: PLC0415

    try:
        policy = parse_policy(settings)
    except PolicyError as error:
        log.error("azure_imds_accept accepts no minion: %s", error)  # noqa: TRY400  a setting is wrong, not the program
        return
    store = IdentityStore(find_directory(__opts__))
    acceptor = Acceptor(policy, keys=MinionKeys(__opts__), store=store, log=log)
    hook = f"salt/netapi/hook/{policy.tag}"
    log.info("azure_imds_accept listens to %s", hook)
    with salt.utils.event.get_master_event(__opts__, __opts__["sock_dir"], listen=True) as bus:
        while True:
            event = bus.get_event(wait=1, tag="salt/", full=True, auto_reconnect=True)
            try:
                _take(acceptor, event, hook)
            except Exception as error:  # noqa: BLE001  one request must not end the engine for all others
                log.error("azure_imds_accept could not look at a request: %s: %s", type(error).__name__, error)  # noqa: TRY400


def _take(acceptor: Acceptor, event: dict[str, Any] | None, hook: str) -> None:
    """Hand one of the master's events on; None where there was none for a second."""
    acceptor.sum_up()
    if not event or not isinstance(event["data"], dict):
        return
    content = event["data"]
    if event["tag"] == hook:
        acceptor.take_request(content)
    elif event["tag"] == "salt/auth" and content.get("act") == "pend":
        acceptor.take_pending(str(content.get("id")))
