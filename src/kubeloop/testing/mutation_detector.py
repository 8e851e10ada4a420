"""MutationDetector: finds code that changes objects which a cache holds.

Objects of a cache are shared by everybody who reads it. Models refuse assignments, and so do lists and the maps of
constructed objects; but maps that were read from a server are plain dicts at run time, and `Unstructured` is made of
nothing else. Type checkers object to changing those. What they let through is found here, in tests: who did it is not
known, but which object of which informer, and where in it.

It costs an encoding of each object that an informer is told of, and one more at each check: not for production.

Reference: client-go `tools/cache/mutation_detector.go`. There a timer compares every second, and panics; here objects
are compared when an update or deletion comes, at `check()` and at the end of the `with` block.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kubeloop.cache.factory import SharedInformerFactory
from kubeloop.cache.shared_informer import SharedInformer
from kubeloop.errors import EncodeError
from kubeloop.meta.keys import object_key
from kubeloop.objects.change import Change
from kubeloop.unstructured import Unstructured
from kubeloop.wire.documents import encode

__all__ = ["CacheMutated", "MutationDetector"]

_SAID = {"add": "added", "remove": "removed", "replace": "replaced"}


class CacheMutated(AssertionError):
    """Objects that a cache holds were changed.

    Attributes:
        mutations: a line for each: the informer, the key of the object, the places in it, never their values.
    """

    def __init__(self, mutations: Sequence[str]) -> None:
        self.mutations = tuple(mutations)
        super().__init__("\n".join(["objects of a cache are shared, change a draft() instead:", *self.mutations]))


class MutationDetector:
    """Compares the objects of informers with what they were when the informer told of them.

        with MutationDetector(informer) as detector:
            ...                                         # detector.check() anywhere in between

    Attach it before other handlers: what one that came earlier does to an object at once is not seen. What is done to
    an object after its update or deletion is not seen either.

    Args:
        sources: informers and factories, as for `watch`.

    Concurrency: loop only, as informers are; `check` and leaving the block also work when the loop has ended.
    """

    def __init__(self, *sources: SharedInformer[Any] | SharedInformerFactory) -> None:
        self._found: list[str] = []
        self._watches: list[_Watch] = []
        self.watch(*sources)

    def __repr__(self) -> str:
        names = ", ".join(watch.informer.name for watch in self._watches)
        return f"<MutationDetector of {names or 'nothing'}: {len(self._found)} found>"

    def watch(self, *sources: SharedInformer[Any] | SharedInformerFactory) -> None:
        """Watch more informers, and those that factories have been asked for so far.

        Raises:
            RuntimeError: an informer has stopped.
        """
        for source in sources:
            informers = source.informers if isinstance(source, SharedInformerFactory) else (source,)
            self._watches += [_Watch(informer, self._found) for informer in informers]

    def check(self) -> None:
        """Compare every object; a change is told once.

        Raises:
            CacheMutated: objects were changed since they were told of, now or before an update or deletion came.
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
        """Check, and let go of informers and objects. To an exception of the block what was found is a note."""
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
    """The objects of one informer, with the bytes that each of them was."""

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
        self._kept[object_key(obj)] = obj, encode(obj)

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
            now = encode(obj)
        except EncodeError as error:
            del self._kept[name]
            self._found.append(f"{self.informer.name}: {name}: cannot be written any more: {error}")
            return
        if now != was:
            self._kept[name] = obj, now
            self._found.append(f"{self.informer.name}: {name}: {_difference(was, now)}")


def _difference(was: bytes, now: bytes) -> str:
    change = Change(Unstructured(json.loads(was)), Unstructured(json.loads(now)))
    return ", ".join(f"{_SAID[op['op']]} {op['path']}" for op in change.json_patch()) or "the order of keys changed"
