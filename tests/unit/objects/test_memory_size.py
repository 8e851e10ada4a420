"""`memory_size`: sizes of values, each part once, close to what the allocator counts."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from kubeloop import Unstructured
from kubeloop.models import apps_v1
from kubeloop.objects.json.decode import decode
from kubeloop.objects.lazy_object import is_packed, lazy_class
from kubeloop.objects.memory_size import memory_size
from kubeloop.wire.serializers.lazy_unstructured import lazy_object
from tests.support.compressed import compressed_object, with_dictionary
from tests.support.random_json import random_object

BODIES = [
    json.dumps({"kind": "Deployment", "apiVersion": "apps/v1", **random_object(Random(seed), apps_v1.Deployment)})
    for seed in range(300)
]


@pytest.mark.parametrize(
    "read",
    [
        lambda body: decode(body, apps_v1.Deployment),
        lambda body: decode(body, lazy_class(apps_v1.Deployment)),
        lambda body: decode(body, with_dictionary(apps_v1.Deployment)),
        lazy_object,
        compressed_object,
        lambda body: Unstructured.owning(json.loads(body)),
    ],
    ids=["eager", "lazy", "compressed", "lazy unstructured", "compressed unstructured", "eager unstructured"],
)
def test_it_is_what_the_allocator_counts(read: Callable[[bytes], Any]) -> None:
    bodies = [body.encode() for body in BODIES]
    objects = [read(body) for body in bodies]  # creates what a first call creates
    objects.clear()
    gc.collect()
    tracemalloc.start()
    try:
        objects = [read(bytes(bytearray(body))) for body in bodies]
        gc.collect()
        traced = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0.9 * traced < memory_size(objects) < 1.2 * traced


def test_a_part_is_counted_once_and_what_is_known_not_at_all() -> None:
    text = "x" * 1000
    assert memory_size([[text, text]]) - memory_size([[text]]) < 100
    assert memory_size([[text]], {id(text)}) < 100
    assert memory_size([[text]], is_counted=lambda value: value is not text) < 100


def test_lazy_objects_are_not_decoded() -> None:
    obj = decode(BODIES[0].encode(), lazy_class(apps_v1.Deployment))
    assert memory_size([obj]) > sys.getsizeof(obj)
    assert is_packed(obj)


async def test_the_parts_of_other_libraries_are_left_out() -> None:
    event = asyncio.Event()
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.sleep(0)
    assert memory_size([event, asyncio.get_running_loop(), json, dict, len]) < 2000
    event.set()
    await waiting
