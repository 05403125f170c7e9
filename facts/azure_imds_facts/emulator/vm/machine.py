# SPDX-License-Identifier: Apache-2.0
"""The emulated machine: its document, and the changes that a test makes to it at run time."""

from __future__ import annotations

import abc
import json
import threading
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

from azure_imds_facts.emulator.errors import EmulatorError

from .document_paths import Segment, copy_along, get_value, parse_path, set_value
from .followers import FOLLOWERS, update_followers
from .projection import check_document, find_field, project_document
from .tags import Tag, add_tag, complete_tags, get_tags, remove_tag, set_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Machine", "ProjectedMachine", "RawMachine", "encode_json"]

# So many answers are kept of a machine: a client asks in one version or two, a fleet has thousands of machines.
_MOST_KEPT = 4
T = TypeVar("T")


def encode_json(value: object, *, sort: bool = True) -> bytes:
    """Encode JSON as IMDS does: compact, UTF-8, keys sorted (recorded). A lone surrogate stays an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), sort_keys=sort).encode()


class Machine(abc.ABC):
    """A machine and its document.

    Thread-safe: readers use the current document, writers replace it by a changed copy.
    """

    def __init__(self, document: Any) -> None:
        self._lock = threading.Lock()
        self._document = document

    @property
    def document(self) -> Any:
        """A copy of the complete document, as it is now."""
        return deepcopy(self._document)

    @property
    def compute(self) -> dict[str, Any]:
        """The compute section, which several endpoints quote; empty if the document has none."""
        found = self._document.get("compute") if isinstance(self._document, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def interfaces(self) -> list[Any]:
        """The network interfaces; empty if the document has none."""
        found = get_value(self._document, ("network", "interface"))
        return found if isinstance(found, list) else []

    @property
    def name(self) -> str:
        """The name of the machine in scheduled events."""
        return str(self.compute.get("name") or "machine")

    @abc.abstractmethod
    def project(self, version: str, *, extended: bool) -> Any:
        """Return the document as a version serves it. The caller must not change it."""

    @abc.abstractmethod
    def encode(self, version: str, *, extended: bool) -> bytes:
        """Return the body of /metadata/instance."""

    @abc.abstractmethod
    def _set_in(self, document: Any, path: str, value: object) -> None:
        """Set a field in a copy of the document."""

    def set(self, path: str, value: object) -> None:
        """Set a field, such as `compute.zone` or `network.interface[0].macAddress`.

        Raises:
            EmulatorError: there is no such field, or the value has the wrong type.
        """
        self._change(lambda document: self._set_in(document, path, value))

    def tag(self, name: str, value: str) -> None:
        """Add or change a tag."""
        self._change_tags(lambda tags: add_tag(tags, name, value))

    def untag(self, name: str) -> None:
        """Remove a tag, if present."""
        self._change_tags(lambda tags: remove_tag(tags, name))

    def resize(self, size: str) -> None:
        """Change the VM size."""
        self.set("compute.vmSize", size)

    def _change_tags(self, change: Callable[[list[Tag]], list[Tag]]) -> None:
        def apply(document: Any) -> None:
            if not isinstance(document.get("compute"), dict):
                raise EmulatorError("compute.tags: this machine has no compute section")
            set_tags(document["compute"], change(get_tags(document["compute"])))

        self._change(apply)

    def _change(self, apply: Callable[[Any], None]) -> None:
        with self._lock:
            if not isinstance(self._document, dict):
                raise EmulatorError("a raw document that is not a JSON object has no fields to change")
            document = deepcopy(self._document)
            apply(document)
            self._replace(document)

    def _replace(self, document: Any) -> None:
        self._document = document


class ProjectedMachine(Machine):
    """A machine whose complete document is projected to the requested version.

    `source` names the document in messages, for instance a file. `platform`: whose fields it has, `vm` or `arc`.
    `keep_unknown`: fields that no version has are served in every version.
    """

    def __init__(
        self, document: object, *, source: str = "document", platform: str = "vm", keep_unknown: bool = False
    ) -> None:
        self._platform = platform
        self._keep_unknown = keep_unknown
        super().__init__(_complete(check_document(deepcopy(document), source=source, platform=platform)))
        self._projections: dict[tuple[str, bool], Any] = {}
        self._bodies: dict[tuple[str, bool], bytes] = {}
        # Paths below `compute` that were set: these follow no other field.
        self._fixed: set[tuple[Segment, ...]] = set()

    def derive(self, changes: Iterable[tuple[str, object]], tags: Iterable[Tag]) -> ProjectedMachine:
        """Return another machine with some other fields and further tags. What both have in common exists once.

        Raises:
            EmulatorError: there is no such field, or a value has the wrong type.
        """
        machine = copy(self)
        machine.become(changes, tags)
        return machine

    def become(self, changes: Iterable[tuple[str, object]], tags: Iterable[Tag]) -> None:
        """Take other fields and further tags, without touching what this copy of a machine shares with it."""
        self._lock, self._fixed, self._projections, self._bodies = threading.Lock(), set(self._fixed), {}, {}
        before, document = self.compute, copy(self._document)
        for follower in FOLLOWERS:
            copy_along(document, ("compute", *follower))
        for path, value in changes:
            copy_along(document, parse_path(path))
            self._write(document, path, value)
        compute = document["compute"]
        update_followers(before, compute, fixed=self._fixed)
        named = get_tags(compute)
        for name, text in tags:
            named = add_tag(named, name, text)
        set_tags(compute, named)
        self._document = document

    def project(self, version: str, *, extended: bool) -> Any:
        """Return exactly the fields of the version."""
        with self._lock:
            return _keep(self._projections, (version, extended), self._project)

    def encode(self, version: str, *, extended: bool) -> bytes:
        """Return the projected document, sorted and compact."""
        with self._lock:
            return _keep(self._bodies, (version, extended), lambda *key: encode_json(self._project(*key)))

    def _project(self, version: str, extended: bool) -> Any:  # noqa: FBT001 - the key of what is kept
        return project_document(
            self._document, version, extended=extended, platform=self._platform, keep_unknown=self._keep_unknown
        )

    def _set_in(self, document: Any, path: str, value: object) -> None:
        before = deepcopy(self.compute)
        self._write(document, path, value)
        _complete(check_document(document, source=path, platform=self._platform))
        segments = parse_path(path)
        if segments[0] == "compute":
            self._fixed.add(segments[1:])
            update_followers(before, document.get("compute") or {}, fixed=self._fixed)

    def _write(self, document: Any, path: str, value: object) -> None:
        """Set a field, without those that follow it."""
        segments = parse_path(path)
        field = find_field(segments, platform=self._platform, keep_unknown=self._keep_unknown)
        set_value(document, segments, _parse_value(value, field.kind, path))
        compute = document.get("compute")
        if segments[:2] == ("compute", "tags"):
            compute.pop("tagsList", None)
        elif segments[:2] == ("compute", "tagsList"):
            compute.pop("tags", None)

    def _replace(self, document: Any) -> None:
        super()._replace(document)
        self._projections.clear()
        self._bodies.clear()


class RawMachine(Machine):
    """A machine whose document is served unchanged in every version, even if it is not JSON.

    `document`: bytes or text are served unparsed until the first change; any other value is encoded as JSON.
    """

    def __init__(self, document: object) -> None:
        self._bytes: bytes | None = None
        if isinstance(document, (bytes, str)):
            self._bytes = document if isinstance(document, bytes) else document.encode("utf-8", "surrogatepass")
            super().__init__(_parse_or_none(self._bytes))
        else:
            super().__init__(deepcopy(document))

    def project(self, version: str, *, extended: bool) -> Any:  # noqa: ARG002
        """Return the document, whatever the version; None if it is not JSON."""
        return self._document

    def encode(self, version: str, *, extended: bool) -> bytes:  # noqa: ARG002
        """Return the original bytes, or the document with its keys in their own order."""
        return self._bytes if self._bytes is not None else encode_json(self._document, sort=False)

    def _set_in(self, document: Any, path: str, value: object) -> None:
        set_value(document, parse_path(path), value)

    def _replace(self, document: Any) -> None:
        super()._replace(document)
        self._bytes = None


def _keep(kept: dict[tuple[str, bool], T], key: tuple[str, bool], build: Callable[[str, bool], T]) -> T:
    """Return what is kept under a key, built where it is not; all else goes where that is much."""
    if key not in kept:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[key] = build(*key)
    return kept[key]


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add the missing form of the tags."""
    compute = document.get("compute")
    if isinstance(compute, dict):
        complete_tags(compute)
    return document


def _parse_value(value: object, kind: str, path: str) -> object:
    """Parse the JSON of a flag for a field that is not a string. Values from Python are used as they are."""
    if kind == "string" or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise EmulatorError(f"{path}: expected JSON for {kind}, not {value!r} ({error})") from error


def _parse_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
