"""`MemoryUsage`: how many bytes an informer takes, by part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kubeloop._kit.value import Value
from kubeloop.cache.indexer import Indexer
from kubeloop.objects.frozen_struct import FrozenStruct
from kubeloop.objects.memory_size import memory_size
from kubeloop.unstructured import Unstructured

__all__ = ["SAMPLE", "MemoryUsage", "memory_usage"]

SAMPLE = 100
"""The number of objects that are measured; the others are taken to be like them."""


class MemoryUsage(Value, frozen=True):
    """The bytes that an informer takes.

    Attributes:
        objects: The stored objects.
        store: The table of the store, with the keys of the objects.
        indices: The tables of the indices.
        queue: What waits in the queue of the informer and in those of its handlers, without objects that are stored.
    """

    objects: int
    store: int
    indices: int
    queue: int

    @property
    def total(self) -> int:
        """The sum of the parts."""
        return self.objects + self.store + self.indices + self.queue


def memory_usage(indexer: Indexer[Any], queues: Iterable[Any], *, sample: int | None = SAMPLE) -> MemoryUsage:
    """Return the bytes that a store and queues take.

    Args:
        indexer: The store.
        queues: What holds queued changes.
        sample: The number of stored objects that are measured, evenly spread over the store; None measures all.
    """
    objects = indexer.list()
    seen: set[int] = set()
    bytes_of_objects = _bytes_of(objects, seen, sample)
    seen.update(map(id, objects))
    indices: list[Any] = []
    queued: list[Any] = []

    def is_own(value: Any) -> bool:
        """Return whether a value is counted where it is found; indices and objects are counted apart."""
        if isinstance(value, (FrozenStruct, Unstructured)):
            if id(value) not in seen:
                queued.append(value)
            return False
        if hasattr(value, "keys_by_value"):
            indices.append(value)
            return False
        return True

    store = memory_size([indexer], seen, is_counted=is_own)
    index = memory_size(indices, seen)
    queue = memory_size(queues, seen, is_counted=is_own)
    return MemoryUsage(bytes_of_objects, store, index, queue + _bytes_of(queued, seen, sample))


def _bytes_of(objects: Sequence[Any], seen: set[int], sample: int | None) -> int:
    if sample is None or len(objects) <= sample:
        return memory_size(objects, seen)
    measured = [objects[number * len(objects) // sample] for number in range(sample)]
    return memory_size(measured, seen) * len(objects) // sample
