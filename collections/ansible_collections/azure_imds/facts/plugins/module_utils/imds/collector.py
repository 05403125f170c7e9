# SPDX-License-Identifier: Apache-2.0
"""The collection of a machine's metadata: from the cache, IMDS, a stale answer, cloud-init's copy, in that order."""

from __future__ import annotations

from . import cache, document, errors, records
from .clock import Clock, Deadline
from .facts import Snapshot
from .host import Host, choose_host, find_imds, verify_vm_id
from .reporter import Reporter
from .settings import EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .cache import Entry
    from .client import Answer
    from .retry import Retrier
    from .settings import Settings
    from .transport import HttpTransport, Transport

# How long a boot waits for the sections that a partial document lacks.
_BOOT_PATIENCE_S = 10.0


def collect(
    settings: Settings,
    *,
    open_transport: Callable[[], Transport],
    host: Host | None = None,
    clock: Clock | None = None,
    reporter: Reporter | None = None,
    allow_fallback: bool = True,
    is_boot: bool = False,
    is_agent_pending: Callable[[], bool] = bool,
) -> Snapshot:
    """Return the machine's metadata inside `settings.timeout` seconds, with one request as a rule.

    `open_transport` is called when the first request is needed. `allow_fallback` False: no older answer is used.
    `is_boot`: be patient; `is_agent_pending` says then whether Azure's metadata proxy agent may still change a refusal.
    Raises the ImdsError of the outcome, and no other error.
    """
    deadline = Deadline(settings.timeout, clock or Clock())
    collection = Collection(settings, open_transport, host or choose_host(), deadline, reporter or Reporter())
    collection.is_boot, collection.allow_fallback = is_boot, allow_fallback
    collection.is_agent_pending = is_agent_pending
    try:
        return collection.run()
    finally:
        collection.close()


def open_transport() -> HttpTransport:
    """Return the core's own transport, imported only where the cache does not answer."""
    from .transport import HttpTransport  # noqa: PLC0415  said above

    return HttpTransport()


class Collection:
    """One run, and the connection that its requests share. Raises NotAzureError before anything is read or asked."""

    def __init__(
        self,
        settings: Settings,
        open_transport: Callable[[], Transport],
        host: Host,
        deadline: Deadline,
        reporter: Reporter,
    ) -> None:
        settings, self._dmi_uuid = find_imds(settings, host)
        self._settings = settings
        self._open_transport = open_transport
        self._host = host
        self._deadline = deadline
        self._clock = deadline.clock
        self._reporter = reporter
        self._boot_id = host.read_boot_id()
        # Without a boot id nothing distinguishes an answer of this boot from an older one.
        cache_dir = settings.cache_dir if self._boot_id else None
        self._cache = cache.Cache(cache_dir, clock=self._clock, reporter=reporter)
        self._key = cache.build_key(settings, cache.INSTANCE, self._boot_id)
        self._began = self._clock.boottime()
        self.is_boot, self.allow_fallback = False, True
        self.is_agent_pending: Callable[[], bool] = bool
        self._is_passed_over = False
        self._retrier: Retrier | None = None

    def run(self) -> Snapshot:
        """Collect. Raises the ImdsError of the outcome."""
        found = self._read_fresh() or self._fetch()
        if not set(EXTRA_CATEGORIES).intersection(self._settings.gather):
            return found
        from .extra_categories import ExtraCategories  # noqa: PLC0415  few ask for them

        gathering = ExtraCategories(
            settings=self._settings,
            cache=self._cache,
            boot_id=self._boot_id,
            deadline=self._deadline,
            open_retrier=self._open_retrier,
        )
        extra, failures = gathering.gather(
            api_version=found.api_version,
            vm_name=document.parse_compute_text(found.document, "name"),
            is_live=found.source in ("imds", "cache"),
        )
        return records.replace(found, extra=extra, failures=failures)

    def _fetch(self) -> Snapshot:
        """Ask IMDS; where it gives no answer, return an older one."""
        try:
            return self._fetch_instance()
        except errors.ImdsError as error:
            older = self._read_older(error)
            if not older:
                raise
            self._reporter.warn(f"{error} Using {older.source} facts of {older.fetched_at} instead.")
            return older

    def close(self) -> None:
        """Close the connection."""
        if self._retrier:
            self._retrier.client.close()

    def _open_retrier(self) -> Retrier:
        """Return the client with its retries, opened with the first request."""
        if self._retrier is None:
            from .client import Client  # noqa: PLC0415  a cached answer needs no client
            from .retry import Retrier  # noqa: PLC0415  nor this

            client = Client(
                self._settings.endpoint, self._open_transport(), deadline=self._deadline, reporter=self._reporter
            )
            if self._settings.platform == "arc":
                client.refuse_stranger = self._host.refuse_stranger
            client.agent, client.is_agent_pending = self._host.proxy_agent, self.is_agent_pending
            self._retrier = Retrier(client, self._cache)
        return self._retrier

    def _snapshot(self, entry: Entry, source: str, revealed: object = None) -> Snapshot:
        """Return an answer as a snapshot. Raises InvalidError where the document is broken or another VM's."""
        whole = document.validate_document(revealed or entry.document)
        return Snapshot(
            document=whole,
            source=source,
            endpoint=self._settings.endpoint,
            platform=self._settings.platform,
            api_version=entry.api_version,
            fetched_at=entry.fetched_at,
            age_s=entry.age_s,
            boot_id=self._boot_id,
            local_address=entry.local_address,
            proxy_agent=entry.proxy_agent,
            vm_id_verified=verify_vm_id(whole.get("compute"), self._dmi_uuid),
            gather=self._settings.gather,
            extra={},
            failures={},
        )

    def _check(self, entry: Entry, source: str) -> Snapshot | None:
        """Return an older answer as a snapshot, None with a warning where it fails the checks of a new one."""
        try:
            return self._snapshot(entry, source)
        except errors.InvalidError as error:
            if not self._is_passed_over:
                self._reporter.warn(f"The {source} answer of {entry.fetched_at} is not used: {error.problem}")
            self._is_passed_over = True
            return None

    def _read_fresh(self) -> Snapshot | None:
        """Return a fresh answer, or a whole one that outlived another process's partial one meanwhile."""
        entry = self._cache.read(self._key) if self._settings.reads_cache else None
        if entry and entry.lacked_boottime > self._began:
            return self._use_whole(entry)
        return self._check(entry, "cache") if entry and entry.age_s < self._settings.cache_ttl else None

    def _fetch_instance(self) -> Snapshot:
        from .client import Negotiation  # noqa: PLC0415  a cached answer needs none
        from .retry import wait_for_whole  # noqa: PLC0415  nor this

        retrier = self._open_retrier()
        client = retrier.client
        guessed_boottime: float | None = None

        def fetch(version: str) -> Answer:
            return client.fetch(cache.INSTANCE, version)

        def attempt() -> Answer:
            nonlocal guessed_boottime
            remembered, guessed, lacking = self._cache.read_findings(self._key)
            negotiation = Negotiation(
                client.fetch_versions,
                pinned=self._settings.api_version,
                remembered=remembered,
                platform=self._settings.platform,
            )
            patience = self._deadline.within(_BOOT_PATIENCE_S if self.is_boot else self._deadline.remaining / 2)
            answer = client.negotiate(fetch, negotiation)
            now = self._clock.boottime() if negotiation.is_guess else None
            guessed_boottime = guessed if negotiation.version == remembered else now
            if self._settings.platform == "arc":
                return answer  # it has no interfaces, and no other answer to wait for
            return wait_for_whole(answer, fetch, patience, unexpected=lacking, needs_vm_id=bool(self._dmi_uuid))

        return retrier.run(
            attempt,
            key=self._key,
            read_shared=self._read_fresh,
            accept=lambda answer: self._accept_instance(answer, guessed_boottime),
        )

    def _accept_instance(self, answer: Answer, guessed: float | None) -> Snapshot:
        entry = cache.build_entry(answer.value, answer, self._clock)
        revealed = document.redact(answer.value, reveal=self._settings.reveal) if self._settings.reveal else None
        snapshot = self._snapshot(entry, "imds", revealed)
        lacking = document.list_missing(snapshot.document)
        entry = records.replace(entry, guessed_boottime=guessed, lacking=lacking)
        whole = self._cache.read(self._key) if lacking else None
        if whole and not document.list_missing(whole.document) and whole.age_s < cache.STALE_S:
            # It stays; others who wait now need not ask either.
            whole = records.replace(whole, lacking=lacking, lacked_boottime=self._clock.boottime())
            self._cache.write(self._key, whole)
            used = self._use_whole(whole) if self.allow_fallback and not self._settings.reveal else None
            if used:
                return used
        else:
            self._cache.write(self._key, entry)
        return snapshot

    def _use_whole(self, entry: Entry) -> Snapshot | None:
        """Return a whole answer that a partial one could not replace."""
        used = self._check(entry, "stale")
        if used:
            lacking = " and ".join(entry.lacking)
            self._reporter.warn(f"IMDS's answer lacks {lacking}. Using stale facts of {entry.fetched_at} instead.")
        return used

    def _read_older(self, failure: errors.ImdsError) -> Snapshot | None:
        """Return an older answer where the failure says nothing against one."""
        if not isinstance(failure, errors.TRANSIENT) or self._settings.reveal or not self.allow_fallback:
            return None
        from .fallback import read_older_answers  # noqa: PLC0415  IMDS answers as a rule

        cached = self._cache.read(self._key)
        found = read_older_answers(self._settings, cached, self._host, self._reporter, now=self._clock.time())
        return next(filter(None, (self._check(entry, source) for source, entry in found)), None)
