# SPDX-License-Identifier: Apache-2.0
"""Collect a machine's metadata: from the cache, IMDS, a stale answer, cloud-init's copy, in that order."""

from __future__ import annotations

from . import cache, document, errors, facts, records, versions
from .clock import Clock, Deadline, format_time
from .host import Host, detect_azure, verify_vm_id
from .settings import DEFAULT_ENDPOINT, DISABLED, EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import asking, client, settings, transport


_INSTANCE = "/metadata/instance"


def collect(
    settings: settings.Settings,
    *,
    open_transport: Callable[[], transport.Transport],
    host: Host | None = None,
    clock: Clock | None = None,
    reporter: errors.Reporter | None = None,
    failures: Any = None,
) -> facts.Snapshot:
    """Return the machine's metadata inside `settings.timeout` seconds, with one request as a rule.

    `open_transport` is called when a request is needed and not before. `failures`: a `failures.Failures` (whose import
    would travel to targets), which remembers one and keeps IMDS from being asked again for a while. Raises the
    ImdsError of the outcome; nothing else.
    """
    if settings.is_disabled:
        raise errors.NotAzureError(f"{DISABLED} is set, so nothing was asked.", hint="Unset it to have facts.")
    collection = Collection(settings, open_transport, host or Host(), clock or Clock(), reporter or errors.Reporter())
    try:
        return collection.run(failures)
    finally:
        collection.close()


def open_transport() -> transport.HttpTransport:
    """Return the core's own transport, imported only where the cache does not answer."""
    from .transport import HttpTransport  # noqa: PLC0415  said above

    return HttpTransport()


class Collection:
    """One run: what it goes by, and the connection its requests share. Raises NotAzureError, without the network."""

    def __init__(
        self,
        settings: settings.Settings,
        open_transport: Callable[[], transport.Transport],
        host: Host,
        clock: Clock,
        reporter: errors.Reporter,
    ) -> None:
        self.deadline = Deadline(settings.timeout, clock)
        self.settings = settings
        self._open_transport = open_transport
        self.host = host
        self.clock = clock
        self.reporter = reporter
        dmi_uuid = detect_azure(host) if settings.detect == "auto" else ""
        # Another endpoint may well stand for another VM; at Azure's own only this VM can be meant.
        self._dmi_uuid = dmi_uuid if settings.endpoint == DEFAULT_ENDPOINT else ""
        self._boot_id = host.read_boot_id()
        # Without a boot id nothing tells an answer of this boot from an older one.
        self.cache = cache.Cache(settings.cache_dir if self._boot_id else None, clock=clock, reporter=reporter)
        self._opened: asking.Asking | None = None

    def run(self, failures: Any) -> facts.Snapshot:
        """Collect. Raises the ImdsError of the outcome."""
        fresh = self._read_fresh()
        if fresh:
            return self._add_extras(fresh)
        if failures:
            failures.bind(self.settings.endpoint, cache=self.cache, boot_id=self._boot_id, clock=self.clock)
        known = failures.recall() if failures else None
        try:
            if known:
                known.is_remembered = True
                raise known
            fetched = self._fetch_instance()
            if failures:
                failures.forget()
            return self._add_extras(fetched)
        except errors.ImdsError as error:
            if failures and not known:
                failures.remember(error)
            return self._fall_back(error, is_known=known is not None)

    def close(self) -> None:
        """Close what was opened."""
        if self._opened:
            self._opened.client.close()

    def key(self, path: str) -> cache.Key:
        """Return the name under which an answer for this path is kept."""
        asked = self.settings.api_version or "negotiated"
        return cache.Key(endpoint=self.settings.endpoint, path=path, asked=asked, boot_id=self._boot_id or "")

    def asking(self) -> asking.Asking:
        """Return the client, opened with the first request."""
        if self._opened is None:
            from .asking import Asking  # noqa: PLC0415  a cached answer needs no client
            from .client import Client  # noqa: PLC0415  nor this

            client = Client(
                self.settings.endpoint, self._open_transport(), deadline=self.deadline, reporter=self.reporter
            )
            self._opened = Asking(client, self.cache)
        return self._opened

    def _snapshot(self, entry: cache.Entry, source: str) -> facts.Snapshot:
        """Return what this run has collected. Raises InvalidError where the document is another VM's."""
        return facts.Snapshot(
            source=source,
            endpoint=self.settings.endpoint,
            boot_id=self._boot_id,
            vm_id_verified=verify_vm_id(document.read_vm_id(entry.document), self._dmi_uuid),
            gather=self.settings.gather,
            extras={},
            **entry.__dict__,
        )

    def use(self, entry: cache.Entry, source: str) -> facts.Snapshot | None:
        """Return what was kept as collected now, None where it does not stand the checks of a new answer."""
        try:
            whole = document.validate_document(entry.document)
            return self._snapshot(records.replace(entry, document=whole), source)
        except errors.InvalidError:
            return None

    def read_kept(self, source: str, *, max_age_s: float) -> facts.Snapshot | None:
        """Return a kept answer below that age, None where there is none to use."""
        entry = self.cache.read(self.key(_INSTANCE))
        return self.use(entry, source) if entry and entry.age_s < max_age_s else None

    def entry(self, content: Any, answer: client.Answer) -> cache.Entry:
        """Return what an answer brought, as it is kept."""
        return cache.Entry(
            document=content,
            api_version=answer.version,
            fetched_at=format_time(self.clock.time()),
            local_address=answer.local_address,
        )

    def reads_fresh(self) -> bool:
        """Return whether a kept answer may do; what is to be revealed is never kept."""
        return self.settings.cache_ttl > 0 and not self.settings.reveal

    def _read_fresh(self) -> facts.Snapshot | None:
        return self.read_kept("cache", max_age_s=self.settings.cache_ttl) if self.reads_fresh() else None

    def _fetch_instance(self) -> facts.Snapshot:
        entry = self.cache.read(self.key(_INSTANCE))
        remembered = entry.api_version if entry and entry.api_version in versions.KNOWN else None
        asking = self.asking()
        client = asking.client
        return asking.ask(
            lambda: client.negotiate(
                lambda version: client.fetch(_INSTANCE, version), self.settings.api_version, remembered=remembered
            ),
            key=self.key(_INSTANCE),
            look=self._read_fresh,
            accept=self._accept_instance,
        )

    def _accept_instance(self, answer: client.Answer) -> facts.Snapshot:
        whole = document.validate_document(answer.value)
        entry = self.entry(whole, answer)
        snapshot = self._snapshot(entry, "imds")
        self.cache.write(self.key(_INSTANCE), entry)
        return records.replace(snapshot, document=document.redact(whole, reveal=self.settings.reveal))

    def _fall_back(self, error: errors.ImdsError, *, is_known: bool) -> facts.Snapshot:
        """Return an older answer where the failure says nothing against one. Raises the failure where there is none."""
        if not isinstance(error, errors.TRANSIENT) or self.settings.reveal:
            raise error
        from .substitutes import read_substitute  # noqa: PLC0415  IMDS answers as a rule

        substitute = read_substitute(self)
        if substitute is None:
            raise error
        tell = self.reporter.notice if is_known else self.reporter.warn
        tell(f"{error} Using {substitute.source} facts of {substitute.fetched_at} instead.")
        return self._add_extras(substitute)

    def _add_extras(self, snapshot: facts.Snapshot) -> facts.Snapshot:
        if not set(EXTRA_CATEGORIES).intersection(self.settings.gather):
            return snapshot
        from .extras import gather_extras  # noqa: PLC0415  few ask for what is beside the instance

        return records.replace(snapshot, extras=gather_extras(self, snapshot))
