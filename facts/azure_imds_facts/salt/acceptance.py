# SPDX-License-Identifier: Apache-2.0
"""The acceptance of minions by proof: a request is verified, and the pending key accepted if it is the one it binds.

The key may be pending before the request comes or after it: who is proven and has no pending key yet is waited for.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from azure_imds_facts.attestation import AttestationError, bind_key, verify
from azure_imds_facts.attestation.nonces import is_bound
from azure_imds_facts.salt.hook_request import RequestError, find_address, parse_event
from azure_imds_facts.salt.minion_keys import ACCEPTED, PENDING
from azure_imds_facts.salt.rate_limits import RateLimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger
    from typing import Any

    from azure_imds_facts.attestation import Claims
    from azure_imds_facts.salt.acceptance_policy import AcceptancePolicy
    from azure_imds_facts.salt.hook_request import EnrolRequest
    from azure_imds_facts.salt.identity_store import IdentityStore
    from azure_imds_facts.salt.minion_keys import MinionKeys

_MOST_WAITING = 500
# How often the log tells of requests that were dropped.
_SUMMARY_S = 10.0
# How often keys that are waited for are looked for, where a master tells no event of them (`auth_events: False`).
_LOOK_S = 5.0


class Refusal(Exception):  # noqa: N818  what it is called where people read of it
    """A minion is not accepted, and why."""


@dataclass(frozen=True)
class Candidate:
    """A minion that is proven: the nonce that binds its key, its claims, and until when its key is waited for."""

    minion_id: str
    key: str
    claims: Claims
    until: float


class Acceptor:
    """Accepts the keys of proven minions on one master, and says in the log why it does not."""

    def __init__(
        self,
        policy: AcceptancePolicy,
        *,
        keys: MinionKeys,
        store: IdentityStore,
        log: Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._keys = keys
        self._store = store
        self._log = log
        self._clock = clock
        self._limits = RateLimits(each=policy.each, total=policy.total, clock=clock)
        self._waiting: OrderedDict[str, Candidate] = OrderedDict()
        self._dropped = 0
        self._summed_up = self._looked = clock()

    @property
    def waiting(self) -> int:
        """How many proven minions have no pending key yet."""
        return len(self._waiting)

    def take_request(self, event: Mapping[str, Any]) -> None:
        """Look at a request as the hook's event brings it."""
        address = find_address(event)
        if not self._limits.allow(address):
            self._dropped += 1
            self.sum_up()
            return
        name = "a minion"
        try:
            request = parse_event(event)
            name = f"minion {request.minion_id!r}"
            self._settle(self._prove(request))
        except (RequestError, Refusal, AttestationError) as error:
            reason = f"{error.reason}: {error}" if isinstance(error, AttestationError) else str(error)
            self._log.warning("azure_imds_accept refused %s at %s: %s", name, address or "an unknown address", reason)

    def take_pending(self, minion_id: str) -> None:
        """Look at a key that has become pending."""
        candidate = self._waiting.pop(minion_id, None)
        if candidate is None:
            return
        try:
            self._settle(candidate)
        except Refusal as refusal:
            self._log.warning("azure_imds_accept refused minion %r: %s", minion_id, refusal)

    def sum_up(self) -> None:
        """Look for keys that are waited for, forget who waited in vain, and tell how many requests were dropped.

        To be called about once a second.
        """
        now = self._clock()
        if now - self._looked >= _LOOK_S:
            self._looked = now
            for minion_id in [name for name in self._waiting if self._keys.read(name)[0]]:
                self.take_pending(minion_id)
        while self._waiting and next(iter(self._waiting.values())).until < now:
            minion_id, _candidate = self._waiting.popitem(last=False)
            self._log.warning("azure_imds_accept: minion %r is proven, but its key did not come", minion_id)
        if self._dropped and now - self._summed_up >= _SUMMARY_S:
            self._log.warning("azure_imds_accept dropped %d requests, which came too fast", self._dropped)
            self._dropped, self._summed_up = 0, now

    def _prove(self, request: EnrolRequest) -> Candidate:
        """Verify a request. Raises AttestationError or Refusal."""
        policy, nonce = self._policy, bind_key(request.key)
        claims = verify(
            request.document,
            nonce=nonce,
            max_age=policy.max_age,
            cloud=policy.cloud,
            subscriptions=policy.subscriptions,
            trust=policy.anchors,
            is_offline=policy.offline,
        )
        if not policy.allows_sku(claims):
            raise Refusal(f"sku: {claims.sku!r} is not one that is accepted")
        until = self._clock() + policy.max_age
        return Candidate(minion_id=request.minion_id, key=nonce, claims=claims, until=until)

    def _settle(self, candidate: Candidate) -> None:
        """Accept a proven minion's key, or wait for it. Raises Refusal."""
        self._check_others(candidate)
        state, pem = self._keys.read(candidate.minion_id)
        if not state:
            self._wait(candidate)
            return
        if not is_bound(pem, candidate.key):
            raise Refusal(f"key: the {state} key is not the one that the document binds")
        try:
            self._store.write(candidate.minion_id, key=candidate.key, claims=candidate.claims.spell())
        except OSError as error:
            raise Refusal(f"store: what was proven cannot be written: {error.strerror or error}") from None
        if state == PENDING:
            self._accept(candidate)

    def _accept(self, candidate: Candidate) -> None:
        self._keys.accept(candidate.minion_id)
        state, pem = self._keys.read(candidate.minion_id)
        if state == ACCEPTED and not is_bound(pem, candidate.key):
            # Somebody removed the key that was looked at, and another came, within a moment.
            self._keys.reject(candidate.minion_id)
            self._store.remove(candidate.minion_id)
            raise Refusal("key: it changed while it was looked at")
        if state != ACCEPTED:
            self._store.remove(candidate.minion_id)
            raise Refusal("key: Salt did not accept it")
        said = (candidate.minion_id, candidate.claims.vm_id, candidate.claims.subscription_id)
        self._log.info("azure_imds_accept accepted minion %r: VM %s of subscription %s", *said)

    def _check_others(self, candidate: Candidate) -> None:
        """Raise Refusal where the VM has proven another minion, or the minion belongs to another VM."""
        if self._policy.again:
            return
        vm_id = candidate.claims.vm_id.lower()
        for record in self._store.records():
            other, other_vm = str(record["minion"]), str(record["claims"].get("vmId", "")).lower()
            is_other = (other == candidate.minion_id) != (other_vm == vm_id)
            if not is_other or not self._is_current(other, str(record["key"])):
                continue
            if other == candidate.minion_id:
                raise Refusal("vm: this minion is another VM, whose key is accepted")
            raise Refusal(f"vm: this VM is minion {other!r} already")

    def _is_current(self, minion_id: str, key: str) -> bool:
        """Return whether a record's key is still accepted: one that was deleted frees its VM and its id."""
        state, pem = self._keys.read(minion_id)
        return state == ACCEPTED and is_bound(pem, key)

    def _wait(self, candidate: Candidate) -> None:
        if candidate.minion_id not in self._waiting and len(self._waiting) >= _MOST_WAITING:
            raise Refusal("key: too many proven minions have no pending key; send it again")
        self._waiting[candidate.minion_id] = candidate
        self._waiting.move_to_end(candidate.minion_id)
        self._log.info("azure_imds_accept: minion %r is proven, its key is waited for", candidate.minion_id)
