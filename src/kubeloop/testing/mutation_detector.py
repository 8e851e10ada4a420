"""`MutationDetector`: finds code that changes the objects of a cache, for tests.

Reference: client-go `tools/cache/mutation_detector.go`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.informer.shared_informer import SharedInformer
from kubeloop.errors import EncodeError, NotKept
from kubeloop.meta.keys import object_key
from kubeloop.objects.change import Change
from kubeloop.unstructured import Unstructured
from kubeloop.wire.documents import encode

__all__ = ["CacheMutated", "MutationDetector"]

_SAID = {"add": "added", "remove": "removed", "replace": "replaced"}


class CacheMutated(AssertionError):
    """Objects of a cache were changed.

    Attributes:
        mutations: One line per object: the informer, the key of the object, and the changed paths without their values.
    """

    def __init__(self, mutations: Sequence[str]) -> None:
        self.mutations = tuple(mutations)
        super().__init__("\n".join(["objects of a cache are shared, change a draft() instead:", *self.mutations]))


class MutationDetector:
    """Compares the objects of informers with their state when the informer received them.

        with MutationDetector(informer) as detector:
            ...                                         # detector.check() at any time

    All readers of a cache share its objects. Models refuse assignments at run time, but maps from a server and the
    content of an `Unstructured` are plain dictionaries, which only type checkers protect. The detector reports which
    object of which informer was changed, and where in the object.

    Attach the detector before other handlers: it does not see changes by an earlier handler, nor changes of an object
    after its update or deletion. It encodes each object once per event and once per check, so do not use it in
    production.

    Args:
        sources: Informers and factories, as for `watch`.

    Concurrency: One event loop, that of the informers. `check` and the end of the block also work after the loop has
        ended.

    Intended difference: client-go compares every second and panics. This detector compares objects when they are
        updated or deleted, in `check`, and at the end of the block.
    """

    def __init__(self, *sources: SharedInformer[Any] | SharedInformerFactory) -> None:
        self._found: list[str] = []
        self._watches: list[_Watch] = []
        self.watch(*sources)

    def __repr__(self) -> str:
        names = ", ".join(watch.informer.name for watch in self._watches)
        return f"<MutationDetector of {names or 'nothing'}: {len(self._found)} found>"

    def watch(self, *sources: SharedInformer[Any] | SharedInformerFactory) -> None:
        """Add informers, and the existing informers of factories.

        Raises:
            RuntimeError: An informer has stopped.
        """
        for source in sources:
            informers = source.informers if isinstance(source, SharedInformerFactory) else (source,)
            self._watches += [_Watch(informer, self._found) for informer in informers]

    def check(self) -> None:
        """Compare all objects. Each change is reported once.

        Raises:
            CacheMutated: Objects have changed since the informer received them.
        """
        for watch in self._watches:
            watch.compare_all()
        if self._found:
            found = CacheMutated(self._found)
            self._found.clear()
            raise found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Run `check` and release all objects. If the block raised an exception, the changes become a note of it."""
        try:
            self.check()
        except CacheMutated as found:
            if error is None:
                raise
            error.add_note(str(found))
        finally:
            for watch in self._watches:
                watch.end()
            self._watches.clear()


class _Watch:
    """The objects of one informer, each with its encoded form."""

    def __init__(self, informer: SharedInformer[Any], found: list[str]) -> None:
        self.informer = informer
        self._found = found
        self._kept: dict[str, tuple[Any, bytes]] = {}
        self._registration = informer.add_event_handler(
            on_add=self._keep, on_update=self._on_update, on_delete=self._on_delete
        )

    def compare_all(self) -> None:
        for name in list(self._kept):
            self._compare(name)

    def end(self) -> None:
        self.informer.remove_event_handler(self._registration)
        self._kept.clear()

    def _keep(self, obj: Any) -> None:
        self._kept[object_key(obj)] = obj, _text_of(obj)

    def _on_update(self, _old: Any, new: Any) -> None:
        self._compare(object_key(new))
        self._keep(new)

    def _on_delete(self, obj: Any) -> None:
        name = object_key(obj)
        if name not in self._kept:  # it was renamed: it is kept under the name that it had
            name = next((other for other, (kept, _) in self._kept.items() if kept is obj), name)
        self._compare(name)
        self._kept.pop(name, None)

    def _compare(self, name: str) -> None:
        if name not in self._kept:
            return
        obj, was = self._kept[name]
        try:
            now = _text_of(obj)
        except EncodeError as error:
            del self._kept[name]
            self._found.append(f"{self.informer.name}: {name}: cannot be written any more: {error}")
            return
        if now != was:
            self._kept[name] = obj, now
            self._found.append(f"{self.informer.name}: {name}: {_difference(was, now)}")


def _text_of(obj: Any) -> bytes:
    """Return the JSON of an object; of its kept fields, if its informer has dropped others."""
    try:
        return encode(obj)
    except NotKept:
        body: bytes = obj.__reduce__()[1][-1]
        return body


def _difference(was: bytes, now: bytes) -> str:
    change = Change(Unstructured(json.loads(was)), Unstructured(json.loads(now)))
    return ", ".join(f"{_SAID[op['op']]} {op['path']}" for op in change.json_patch()) or "the order of keys changed"
