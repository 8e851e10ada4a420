from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

import kubeloop
from kubeloop.leaderelection import LeaseCandidate
from kubeloop.leaderelection.lease_candidate import asks_for_renewal, renewal_time
from kubeloop.models import coordination_v1beta1
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import EPOCH, in_virtual_time

SECOND = timedelta(seconds=1)
Spec = coordination_v1beta1.LeaseCandidateSpec


class Fixed(Random):
    """Chance that always returns the same number."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self._value = value

    def random(self) -> float:
        return self._value


def candidate_of(client: kubeloop.Clientset, random: Random | None = None, **options: Any) -> LeaseCandidate:
    return LeaseCandidate(
        client,
        "a",
        "default",
        lease_name="x",
        binary_version="1.2.0",
        now=virtual_time.now,
        random=random or Random(1),
        **options,
    )


async def spec_of(client: kubeloop.Clientset) -> Spec:
    return (await client.coordination_v1beta1.lease_candidates("default").get("a")).spec


@in_virtual_time
async def test_a_candidate_is_created_and_renewed_every_five_minutes() -> None:
    client = fake.Clientset()
    async with candidate_of(client) as candidate:
        await asyncio.sleep(1)
        spec = await spec_of(client)
        assert (spec.lease_name, spec.binary_version, spec.emulation_version) == ("x", "1.2.0", "1.2.0")
        assert (spec.strategy, spec.renew_time) == ("OldestEmulationVersion", EPOCH)
        await asyncio.sleep(300)
        assert (await spec_of(client)).renew_time == EPOCH + 300 * SECOND
        await asyncio.sleep(3000)
        assert (await spec_of(client)).renew_time == EPOCH + 3300 * SECOND
        assert candidate.last_error is None


@in_virtual_time
async def test_a_candidate_responds_to_a_ping() -> None:
    client = fake.Clientset()
    async with candidate_of(client):
        await asyncio.sleep(60)
        async with client.coordination_v1beta1.lease_candidates("default").edit("a") as draft:
            draft.spec.ping_time = virtual_time.now()
        await asyncio.sleep(1)
        spec = await spec_of(client)
        assert spec.ping_time == EPOCH + 60 * SECOND
        assert spec.renew_time == EPOCH + 60 * SECOND + timedelta(microseconds=1)


@in_virtual_time
async def test_a_clock_that_is_behind_that_of_the_server_causes_one_renewal_per_ping() -> None:
    client = fake.Clientset()
    async with candidate_of(client):
        await asyncio.sleep(60)
        async with client.coordination_v1beta1.lease_candidates("default").edit("a") as draft:
            draft.spec.ping_time = virtual_time.now() + 3600 * SECOND
        await asyncio.sleep(100)
        assert sum(each.verb == "update" for each in client.api.actions) == 1


@in_virtual_time
async def test_a_candidate_that_exists_is_renewed_and_one_that_is_deleted_is_created_again() -> None:
    client = fake.Clientset()
    for _ in range(2):
        async with candidate_of(client):
            await asyncio.sleep(60)
    assert (await spec_of(client)).renew_time == EPOCH + 60 * SECOND
    async with candidate_of(client):
        await asyncio.sleep(60)
        await client.coordination_v1beta1.lease_candidates("default").delete("a")
        await asyncio.sleep(5)
        assert (await spec_of(client)).renew_time == EPOCH + 180 * SECOND


@pytest.mark.parametrize("verb", ["get", "create", "watch"])
@in_virtual_time
async def test_failures_are_repeated_with_pauses(verb: str, caplog: pytest.LogCaptureFixture) -> None:
    client = fake.Clientset()
    client.api.on(verb, "leasecandidates", nth=(1, 2)).fail(kubeloop.Forbidden)
    async with candidate_of(client) as candidate:
        await asyncio.sleep(0.5)
        assert isinstance(candidate.last_error, kubeloop.Forbidden)
        assert "last error" in repr(candidate)
        await asyncio.sleep(20)
        assert "last error" not in repr(candidate)
        assert (await spec_of(client)).lease_name == "x"
    assert "lease candidate default/a: " in caplog.text
    assert "retrying in" in caplog.text


def gets(client: fake.Clientset) -> int:
    return sum(each.verb == "get" for each in client.api.actions)


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 1.0), (0.5, 1.5)])
@in_virtual_time
async def test_the_pauses_after_failures_double_up_to_a_limit_and_have_jitter(chance: float, factor: float) -> None:
    client = fake.Clientset()
    client.api.on("get", "leasecandidates").fail(kubeloop.Forbidden)
    async with candidate_of(client, Fixed(chance)):
        await asyncio.sleep(0.1)
        for number, pause in enumerate((1, 2, 4, 8, 16, 30, 30), 1):
            await asyncio.sleep(pause * factor - 0.2)
            assert gets(client) == number
            await asyncio.sleep(0.2)
            assert gets(client) == number + 1


@in_virtual_time
async def test_a_failure_ten_minutes_after_the_last_one_is_repeated_after_a_second_again() -> None:
    client = fake.Clientset()
    client.api.on("get", "leasecandidates", nth=(1, 2, 5)).fail(kubeloop.Forbidden)
    async with candidate_of(client, Fixed(0.0)):  # gets at 0, 1, 3, 303 and 603 s
        await asyncio.sleep(603.5)
        assert gets(client) == 5
        await asyncio.sleep(1)
        assert gets(client) == 6


@in_virtual_time
async def test_the_block_is_entered_once() -> None:
    candidate = LeaseCandidate(
        fake.Clientset(), "a", kubeloop.DEFAULT, lease_name="x", binary_version="1.2.0", emulation_version="1.1.0"
    )
    async with candidate:
        with pytest.raises(RuntimeError, match=r"<LeaseCandidate default/a for x> was entered before"):
            await candidate.__aenter__()


@pytest.mark.parametrize(
    ("ping", "renewed", "expected"),
    [(None, None, False), (None, 0, False), (0, None, True), (1, 0, True), (0, 0, False), (0, 1, False)],
)
def test_a_ping_that_is_later_than_the_renewal_asks_for_one(
    ping: int | None, renewed: int | None, expected: bool
) -> None:
    spec = Spec(
        ping_time=None if ping is None else EPOCH + ping * SECOND,
        renew_time=None if renewed is None else EPOCH + renewed * SECOND,
    )
    assert asks_for_renewal(spec) is expected
    assert not asks_for_renewal(Spec(ping_time=spec.ping_time, renew_time=renewal_time(spec, EPOCH)))
