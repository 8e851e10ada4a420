"""Compressed JSON: when dictionaries are built, and that each frame can be read for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random

import pytest
from msgspec import Raw

from kubeloop.objects.json import frames
from kubeloop.objects.json.frames import SAMPLES, STRIDES, Compressor, is_frame, text_of


def text(number: int, *, kind: str = "pods") -> bytes:
    random = Random(number)
    return json.dumps({"kind": kind, "node": f"n{random.random()}", "rows": ["row", kind] * 10}).encode()


def test_texts_are_kept_as_they_are_until_there_are_samples_for_a_dictionary() -> None:
    compressor = Compressor()
    found = [compressor.compress(text(number)) for number in range(SAMPLES + 10)]
    assert [is_frame(each) for each in found] == [False] * (SAMPLES - 1) + [True] * 11
    assert [bytes(text_of(each)) for each in found] == [text(number) for number in range(SAMPLES + 10)]
    assert memoryview(found[-1]).nbytes < len(text(0)) / 2


def test_each_frame_is_read_with_the_dictionary_of_its_time() -> None:
    compressor = Compressor()
    total = SAMPLES * sum(STRIDES)
    kept: dict[int, Raw] = {}
    dictionaries: set[int] = set()
    for number in range(total + 100):
        found = compressor.compress(text(number, kind=f"kind {number // 3000}"))
        if number % 97 == 0 or number > total:
            kept[number] = found
    for number, each in kept.items():
        assert bytes(text_of(each)) == text(number, kind=f"kind {number // 3000}")
        if is_frame(each):
            dictionaries.add(frames.zstd.get_frame_info(each).dictionary_id)
    assert len(dictionaries) == len(STRIDES)


def test_a_population_that_changes_takes_more_memory_and_is_read_as_before() -> None:
    compressor = Compressor()
    for number in range(SAMPLES):
        compressor.compress(text(number))
    other = json.dumps({str(number): Random(number).random() for number in range(50)}).encode()
    assert bytes(text_of(compressor.compress(other))) == other


@pytest.mark.parametrize("sample", [b"", b"{}", b"1"])
def test_texts_that_are_too_small_for_a_dictionary_stay_as_they_are(sample: bytes) -> None:
    compressor = Compressor()
    found = [compressor.compress(sample) for _ in range(SAMPLES + 2)]
    assert all(bytes(text_of(each)) == sample for each in found)


def test_large_texts_are_sampled_in_part() -> None:
    compressor = Compressor()
    large = json.dumps({"data": "x" * 100_000}).encode()
    found = [compressor.compress(large) for _ in range(SAMPLES + 1)]
    assert bytes(text_of(found[-1])) == large
    assert sum(map(len, compressor._samples)) < 10_000


def test_a_text_is_copied_and_not_a_view_of_the_body() -> None:
    body = bytearray(text(1))
    kept = Compressor().compress(Raw(memoryview(body)))
    body[:4] = b"xxxx"
    assert bytes(kept) == text(1)


def test_without_zstd_the_mode_is_refused_with_the_name_of_the_extra_when_an_informer_is_asked_for() -> None:
    code = """
import sys
sys.modules["backports.zstd"] = sys.modules["compression.zstd"] = None
import kubeloop
factory = kubeloop.SharedInformerFactory(kubeloop.Clientset(kubeloop.Config(host="https://test")))
for ask in (
    lambda: factory.core_v1.pods(mode="compressed"),
    lambda: factory.informer(kubeloop.Unstructured, kubeloop.GroupVersionResource("", "v1", "pods"), mode="compressed"),
):
    try:
        ask()
    except ImportError as error:
        print(error)
print(factory.informers)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    message = "the memory mode 'compressed' needs the package 'backports.zstd': pip install 'kubeloop[compressed]'"
    assert done.stdout.splitlines() == [message, message, "()"]
