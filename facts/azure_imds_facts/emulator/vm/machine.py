# SPDX-License-Identifier: Apache-2.0
"""The machine that is described: its document, and the changes that a test makes to it while it is served."""

from __future__ import annotations

import abc
import json
import threading
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError

from .document_paths import parse_path, put
from .projection import check_document, find_node, shape_document
from .tags import Tag, join_tags, list_tags, read_tags, with_tag, without_tag, write_tags

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FilteredMachine", "Machine", "RawMachine", "write_json"]


def write_json(value: object, *, sort: bool = True) -> bytes:
    """Write JSON as IMDS does: compact, UTF-8, keys sorted (recorded); a lone surrogate stays an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), sort_keys=sort).encode()


class Machine(abc.ABC):
    """A machine and its document.

    Thread-safe: readers take the current document, writers put a changed copy in its place.
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
        """The compute section, for the endpoints that quote from it; empty where there is none."""
        found = self._document.get("compute") if isinstance(self._document, dict) else None
        return found if isinstance(found, dict) else {}

    @abc.abstractmethod
    def view(self, version: str, *, extended: bool) -> Any:
        """Return the document that a version shows; not to be changed by the caller."""

    @abc.abstractmethod
    def whole(self, version: str, *, extended: bool) -> bytes:
        """Return the body of /metadata/instance."""

    @abc.abstractmethod
    def _put(self, document: Any, path: str, value: object) -> None:
        """Set one place of a copy of the document."""

    def set(self, path: str, value: object) -> None:
        """Set a field, such as `compute.zone` or `network.interface[0].macAddress`.

        Raises:
            EmulatorError: there can be no such field, or not with such a value.
        """
        self._change(lambda document: self._put(document, path, value))

    def tag(self, name: str, value: str) -> None:
        """Add or change a tag."""
        self._retag(lambda tags: with_tag(tags, name, value))

    def untag(self, name: str) -> None:
        """Remove a tag, if it is there."""
        self._retag(lambda tags: without_tag(tags, name))

    def resize(self, size: str) -> None:
        """Change the size of the machine."""
        self.set("compute.vmSize", size)

    def _retag(self, change: Callable[[list[Tag]], list[Tag]]) -> None:
        def apply(document: Any) -> None:
            if not isinstance(document.get("compute"), dict):
                raise EmulatorError("compute.tags: this machine has no compute section")
            write_tags(document["compute"], change(read_tags(document["compute"])))

        self._change(apply)

    def _change(self, apply: Callable[[Any], None]) -> None:
        with self._lock:
            if not isinstance(self._document, dict):
                raise EmulatorError("a raw document that is no JSON object cannot be changed in part")
            document = deepcopy(self._document)
            apply(document)
            self._replace(document)

    def _replace(self, document: Any) -> None:
        self._document = document


class FilteredMachine(Machine):
    """A machine whose complete document is filtered to the version that is asked for.

    `where` names the document in messages, a file for instance.
    """

    def __init__(self, document: object, *, where: str = "document") -> None:
        super().__init__(_with_both_tags(check_document(deepcopy(document), where=where)))
        self._views: dict[tuple[str, bool], Any] = {}
        self._bodies: dict[tuple[str, bool], bytes] = {}

    def view(self, version: str, *, extended: bool) -> Any:
        """Return exactly the fields that the version has."""
        with self._lock:
            key = (version, extended)
            if key not in self._views:
                self._views[key] = shape_document(self._document, version, extended=extended)
            return self._views[key]

    def whole(self, version: str, *, extended: bool) -> bytes:
        """Return the filtered document, sorted and compact."""
        view = self.view(version, extended=extended)
        with self._lock:
            key = (version, extended)
            # The view that was taken may have been replaced by a writer meanwhile; then its body is not kept.
            if self._views.get(key) is not view:
                return write_json(view)
            if key not in self._bodies:
                self._bodies[key] = write_json(view)
            return self._bodies[key]

    def _put(self, document: Any, path: str, value: object) -> None:
        steps = parse_path(path)
        put(document, steps, _parse_value(value, find_node(steps).kind, path))
        compute = document.get("compute")
        if steps[:2] == ("compute", "tags"):
            compute.pop("tagsList", None)
        elif steps[:2] == ("compute", "tagsList"):
            compute.pop("tags", None)
        _with_both_tags(check_document(document, where=path))

    def _replace(self, document: Any) -> None:
        super()._replace(document)
        self._views.clear()
        self._bodies.clear()


class RawMachine(Machine):
    """A machine whose document is served as it was given, whatever it is, in every known version.

    `document`: bytes or text are served unparsed until the first change; anything else is written as JSON.
    """

    def __init__(self, document: object) -> None:
        self._bytes: bytes | None = None
        if isinstance(document, (bytes, str)):
            self._bytes = document if isinstance(document, bytes) else document.encode("utf-8", "surrogatepass")
            super().__init__(_parse_or_none(self._bytes))
        else:
            super().__init__(deepcopy(document))

    def view(self, version: str, *, extended: bool) -> Any:  # noqa: ARG002
        """Return the document, whatever the version; None where it is no JSON."""
        return self._document

    def whole(self, version: str, *, extended: bool) -> bytes:  # noqa: ARG002
        """Return the document's own bytes, or the document in its own key order."""
        return self._bytes if self._bytes is not None else write_json(self._document, sort=False)

    def _put(self, document: Any, path: str, value: object) -> None:
        put(document, parse_path(path), value)

    def _replace(self, document: Any) -> None:
        super()._replace(document)
        self._bytes = None


def _with_both_tags(document: dict[str, Any]) -> dict[str, Any]:
    """Fill in the form of the tags that is missing, and leave the other as it is."""
    compute = document.get("compute")
    if isinstance(compute, dict):
        tags = read_tags(compute)
        if compute.get("tagsList") is None:
            compute["tagsList"] = list_tags(tags)
        if compute.get("tags") is None:
            compute["tags"] = join_tags(tags)
    return document


def _parse_value(value: object, kind: str, path: str) -> object:
    """Read the text of --set where the field is no string; Python callers give the value itself."""
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
