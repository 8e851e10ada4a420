from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any, NoReturn

import pytest

import kubeloop
from kubeloop.leaderelection import LeaderElection
from kubeloop.models import coordination_v1, meta_v1
from kubeloop.testing import fake, virtual_time
from kubeloop.testing.virtual_time import elapsed, in_virtual_time
from tests.support.elections import RETRIES, election_of, faulty, followed, lease_of, lost, verbs

# Leading


@in_virtual_time
async def test_the_body_runs_as_the_leader_and_the_lease_is_released_after_it() -> None:
    client = fake.Clientset()
    election = election_of(client)
    async with election:
        assert election.leader == "a"
        await asyncio.sleep(5)
        spec = await lease_of(client)
        assert spec.holder_identity == "a"
        assert spec.lease_duration_seconds == 15
        assert spec.acquire_time == virtual_time.EPOCH
    assert not election.is_leader
    assert election.leader == ""
    spec = await lease_of(client)
    assert (spec.holder_identity, spec.lease_duration_seconds, spec.lease_transitions) == ("", 1, 0)
    assert spec.renew_time == spec.acquire_time == virtual_time.now()
    assert verbs(client)[:4] == ["get", "create", "update", "update"]


@in_virtual_time
async def test_a_leader_renews_every_two_seconds_for_as_long_as_the_body_runs() -> None:
    client = fake.Clientset()
    async with election_of(client):
        await asyncio.sleep(599)
        assert verbs(client) == ["get", "create", *["update"] * 299]


@in_virtual_time
async def test_another_candidate_leads_within_two_retry_periods_after_a_release() -> None:
    client = fake.Clientset()
    follower = election_of(client, "b")
    async with AsyncExitStack() as stack:
        async with election_of(client, "a"):
            waiting = await stack.enter_async_context(followed(follower))
            await asyncio.sleep(60)
            assert not waiting.done()
            assert follower.leader == "a"
        assert 60 <= await waiting <= 60 + RETRIES
    assert (await lease_of(client)).lease_transitions == 1


@in_virtual_time
async def test_another_candidate_leads_after_the_lease_of_a_leader_that_was_killed_has_expired() -> None:
    client = fake.Clientset()
    mortal, network = faulty(client)
    async with AsyncExitStack() as stack:
        with lost():
            async with election_of(mortal, "a"):
                follower = await stack.enter_async_context(followed(election_of(client, "b")))
                await asyncio.sleep(61)
                network.on().fail(kubeloop.ConnectError)
                await asyncio.sleep(3600)
        assert 60 + 15 <= await follower <= 60 + 15 + 2 * RETRIES


@in_virtual_time
async def test_the_exception_of_the_body_is_raised_and_the_lease_is_released() -> None:
    client = fake.Clientset()
    with pytest.raises(ZeroDivisionError):
        async with election_of(client):
            raise ZeroDivisionError
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_an_election_can_be_entered_again_and_not_twice_at_once() -> None:
    client = fake.Clientset()
    election = election_of(client)
    for _ in range(2):
        async with election:
            with pytest.raises(RuntimeError, match=r"<LeaderElection default/x as a, leader> was entered before"):
                await election.__aenter__()
    assert (await lease_of(client)).lease_transitions == 1


@in_virtual_time
async def test_run_calls_a_function_as_the_leader_and_returns_its_result() -> None:
    client = fake.Clientset()
    election = election_of(client)
    calls: list[str] = []

    async def main() -> int:
        assert election.is_leader
        calls.append("started")
        return 7

    assert await election.run(main, on_stopped=lambda: calls.append("stopped")) == 7
    assert calls == ["started", "stopped"]
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_on_stopped_is_called_also_if_the_candidate_never_led() -> None:
    client = fake.Clientset()
    client.api.on("get", "leases").fail(kubeloop.Forbidden)
    calls: list[str] = []

    async def main() -> None:
        calls.append("started")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await election_of(client).run(main, on_stopped=lambda: calls.append("stopped"))
    assert calls == ["stopped"]


@in_virtual_time
async def test_new_leaders_are_reported_once_each() -> None:
    client = fake.Clientset()
    leaders: list[str] = []
    async with AsyncExitStack() as stack:
        async with election_of(client, "a"):
            follower = await stack.enter_async_context(followed(election_of(client, "b", on_new_leader=leaders.append)))
            await asyncio.sleep(60)
            assert leaders == ["a"]
        await follower
    assert leaders == ["a", "", "b", ""]


@in_virtual_time
async def test_an_exception_of_on_new_leader_does_not_end_the_election(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: str) -> NoReturn:
        raise ZeroDivisionError

    async with election_of(fake.Clientset(), on_new_leader=fail) as election:
        await asyncio.sleep(20)
        assert election.is_leader
    assert "leader election default/x: on_new_leader failed; the election continues" in caplog.text


# Losing the lease


@in_virtual_time
async def test_the_body_is_cancelled_ten_seconds_after_the_last_renewal() -> None:
    client = fake.Clientset()
    election = election_of(client)
    with lost("leader election default/x: the lease was not renewed within 10 s; the "):
        async with election:
            await asyncio.sleep(5)
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                assert elapsed() == 14.0
                assert not election.is_leader
                raise
    assert isinstance(election.last_error, kubeloop.ServiceUnavailable)


@pytest.mark.parametrize("verbs", [("update", "get"), ("*", "*")], ids=["some", "all"])
@in_virtual_time
async def test_requests_without_a_response_do_not_outlive_the_deadline(verbs: tuple[str, str]) -> None:
    client = fake.Clientset()
    lonely, network = faulty(client)
    with lost():
        async with election_of(lonely):
            for verb in verbs:
                network.on(verb, "leases").hang()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                assert elapsed() == 10.0
                raise


@in_virtual_time
async def test_a_request_that_ignores_its_timeout_does_not_outlive_the_deadline() -> None:
    client = fake.Clientset()
    inner = client.api.transport()
    is_stuck = False

    class Stubborn:
        stream, upgrade = inner.stream, inner.upgrade

        async def request(self, request: kubeloop.Request, **options: Any) -> kubeloop.Response:
            while is_stuck:
                try:
                    await asyncio.sleep(30)
                    break
                except asyncio.CancelledError:
                    continue
            return await inner.request(request, **options)

    election = election_of(kubeloop.Clientset(client.api.config(), transport=Stubborn()))
    with lost():
        async with election:
            is_stuck = True
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                assert elapsed() == 10.0
                raise


@in_virtual_time
async def test_the_body_is_cancelled_when_another_holder_is_seen() -> None:
    client = fake.Clientset()
    leases = client.coordination_v1.leases("default")
    with lost("the lease is held by intruder"):
        async with election_of(client) as election:
            async with leases.edit("x") as draft:
                draft.spec.holder_identity = "intruder"
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                assert elapsed() == 2.0
                assert election.leader == "intruder"
                raise
    assert (await lease_of(client)).holder_identity == "intruder"


@in_virtual_time
async def test_a_lease_that_is_deleted_is_created_again() -> None:
    client = fake.Clientset()
    async with election_of(client) as election:
        await client.coordination_v1.leases("default").delete("x")
        await asyncio.sleep(3)
        assert election.is_leader
        assert (await lease_of(client)).holder_identity == "a"


@in_virtual_time
async def test_a_lease_that_others_change_is_read_and_renewed() -> None:
    client = fake.Clientset()
    leases = client.coordination_v1.leases("default")
    metrics = kubeloop.Metrics()
    async with election_of(client, metrics=metrics) as election:
        for _ in range(20):
            async with leases.edit("x") as draft:
                draft.metadata.annotations["example.com/time"] = str(elapsed())
            await asyncio.sleep(2)
        assert election.is_leader
        assert metrics.value("leader_election_slowpath_total", name="x") == 19.0


@in_virtual_time
async def test_a_storm_of_conflicts_ends_the_leadership_and_floods_nobody() -> None:
    client = fake.Clientset()
    with lost():
        async with election_of(client):
            client.api.on("update", "leases").fail(kubeloop.Conflict)
            await asyncio.sleep(3600)
    assert elapsed() <= 21.0
    assert len(client.api.actions) < 220


@in_virtual_time
async def test_a_body_that_handles_its_cancellation_is_told_that_the_lease_was_lost() -> None:
    client = fake.Clientset()
    with lost():
        async with election_of(client):
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(7)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@in_virtual_time
async def test_another_exception_of_a_cancelled_body_takes_precedence() -> None:
    client = fake.Clientset()

    async def lead() -> None:
        async with election_of(client):
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            finally:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await lead()


@in_virtual_time
async def test_tasks_of_the_body_are_cancelled_with_it() -> None:
    client = fake.Clientset()
    election = election_of(client)
    fenced = election.fence(client)

    async def work() -> None:
        while True:
            await fenced.core_v1.config_maps("default").list()
            await asyncio.sleep(1)

    with lost():
        async with election, asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            tasks.create_task(work())
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)


# Cancellation from outside


@in_virtual_time
async def test_a_cancellation_from_outside_stays_one_and_releases_the_lease() -> None:
    client = fake.Clientset()

    async def lead() -> None:
        async with election_of(client):
            await asyncio.sleep(3600)

    task = asyncio.create_task(lead())
    await asyncio.sleep(30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert elapsed() == 30.0
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_a_cancellation_from_outside_stays_one_also_if_the_lease_was_lost_before() -> None:
    client = fake.Clientset()

    async def lead() -> None:
        async with election_of(client):
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(5)

    task = asyncio.create_task(lead())
    await asyncio.sleep(12)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_virtual_time
async def test_a_timeout_around_the_block_is_a_timeout() -> None:
    client = fake.Clientset()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30), election_of(client):
            await asyncio.sleep(3600)
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_the_lease_is_renewed_until_a_cancelled_body_has_ended() -> None:
    client = fake.Clientset()

    async def lead() -> None:
        async with election_of(client) as election:
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(60)
                assert election.is_leader

    task = asyncio.create_task(lead())
    await asyncio.sleep(30)
    task.cancel()
    await asyncio.sleep(59)
    assert (await lease_of(client)).holder_identity == "a"
    await asyncio.wait([task])
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_a_second_cancellation_does_not_interrupt_the_release() -> None:
    client = fake.Clientset()
    slow, network = faulty(client)

    async def lead() -> None:
        async with election_of(slow):
            network.on("get", "leases").delay(3)
            await asyncio.sleep(3600)

    task = asyncio.create_task(lead())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (await lease_of(client)).holder_identity == ""


@pytest.mark.parametrize("seconds", [1, 6], ids=["under way", "timed out"])
@in_virtual_time
async def test_a_candidate_whose_claim_is_cancelled_releases_what_it_may_hold(seconds: float) -> None:
    client = fake.Clientset()
    slow, network = faulty(client)
    network.on("create", "leases").hang(after=0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds), election_of(slow):
            pass
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_a_candidate_that_is_cancelled_while_it_waits_releases_nothing() -> None:
    client = fake.Clientset()
    silent, network = faulty(client)
    async with election_of(client, "a"):
        asyncio.get_running_loop().call_later(29, lambda: network.on("*", "leases").hang())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30), election_of(silent, "b"):
                pass
        assert elapsed() == 30.0
        assert (await lease_of(client)).holder_identity == "a"


@in_virtual_time
async def test_a_candidate_that_is_cancelled_during_its_first_read_sends_nothing_more() -> None:
    client = fake.Clientset()
    silent, network = faulty(client)
    network.on("get", "leases", nth=1).hang()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), election_of(silent):
            pass
    assert verbs(client) == []


# Releasing


@in_virtual_time
async def test_a_release_reads_the_lease_and_retries_after_a_conflict() -> None:
    client = fake.Clientset()
    async with election_of(client):
        client.api.actions.clear()
        client.api.on("update", "leases", nth=1).fail(kubeloop.Conflict)
    assert verbs(client) == ["get", "update", "get", "update"]
    assert elapsed() == 0.1
    assert (await lease_of(client)).holder_identity == ""


@in_virtual_time
async def test_a_lease_that_is_deleted_or_held_by_another_candidate_is_not_released() -> None:
    client = fake.Clientset()
    leases = client.coordination_v1.leases("default")
    async with election_of(client):
        await leases.delete("x")
    assert verbs(client)[-1] == "get"
    async with election_of(client), leases.edit("x") as draft:
        draft.spec.holder_identity = "b"
    assert (await lease_of(client)).holder_identity == "b"


@pytest.mark.parametrize("verb", ["get", "update"])
@in_virtual_time
async def test_a_release_gives_up_after_the_deadline(verb: str, caplog: pytest.LogCaptureFixture) -> None:
    client = fake.Clientset()
    silent, network = faulty(client)
    async with election_of(silent):
        network.on(verb, "leases").hang()
    assert elapsed() <= 10.0
    assert "the lease could not be released" in caplog.text
    assert "it expires in 15 s" in caplog.text


@in_virtual_time
async def test_a_lease_that_was_lost_in_an_outage_is_released_once_the_server_works_again() -> None:
    client = fake.Clientset()
    cut_off, network = faulty(client)
    with lost():
        async with election_of(cut_off):
            network.on("*", "leases").fail(kubeloop.ConnectError)
            try:
                await asyncio.sleep(3600)
            finally:
                network.clear()
    assert (await lease_of(client)).holder_identity == ""


# Health, metrics, and arguments


@in_virtual_time
async def test_a_leader_that_works_on_without_its_lease_is_unhealthy() -> None:
    client = fake.Clientset()
    election = election_of(client)
    election.check_health()
    with lost():
        async with election:
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(5)
                election.check_health(tolerance=0)
                await asyncio.sleep(1)
                with lost("renewed 16 s ago, and the work has not ended"):
                    election.check_health(tolerance=0)
                election.check_health()
                await asyncio.sleep(20)
                with lost():
                    election.check_health()
                checked_until = elapsed()
    assert checked_until == 36.0
    election.check_health()


@in_virtual_time
async def test_a_leader_that_renews_is_healthy_and_so_is_a_candidate_that_waits() -> None:
    client = fake.Clientset()
    async with election_of(client, "a") as first:
        second = election_of(client, "b")
        async with followed(second):
            await asyncio.sleep(3600)
            first.check_health(tolerance=0)
            second.check_health(tolerance=0)


@in_virtual_time
async def test_the_metrics_show_who_leads() -> None:
    client, metrics = fake.Clientset(), kubeloop.Metrics()

    def status() -> float:
        return metrics.value("leader_election_master_status", name="x")

    async with election_of(client, "a"), followed(election_of(client, "b", metrics=metrics)):
        await asyncio.sleep(1)
        assert 'leader_election_master_status{name="x"} 0' in metrics.text()
    client = fake.Clientset()
    with lost():
        async with election_of(client, metrics=metrics):
            assert status() == 1.0
            client.api.on("*", "leases").fail(kubeloop.ServiceUnavailable)
            try:
                await asyncio.sleep(3600)
            finally:
                assert status() == 0.0
    assert status() == 0.0


@in_virtual_time
async def test_an_outage_is_logged_once_and_is_the_last_error(caplog: pytest.LogCaptureFixture) -> None:
    client = fake.Clientset()
    client.api.on("*", "leases").fail(kubeloop.Forbidden)
    election = election_of(client)
    async with followed(election):
        await asyncio.sleep(600)
        assert isinstance(election.last_error, kubeloop.Forbidden)
    warnings = [each for each in caplog.records if each.levelno >= logging.WARNING and "lease could" in each.message]
    assert len(warnings) == 1
    assert "are left" not in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "expected the name of a leader election, got an empty text"),
        ({"namespace": ""}, "expected the namespace of a leader election"),
        ({"identity": ""}, "expected the identity of a leader election"),
        ({"lease_duration": 5}, "expected lease_duration above renew_deadline"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LeaderElection(fake.Clientset(), **{"name": "x", "namespace": "default", **arguments})


@in_virtual_time
async def test_the_namespace_may_be_that_of_the_config() -> None:
    client = fake.Clientset()
    async with LeaderElection(client, "x", kubeloop.DEFAULT) as election:
        assert election.identity == (await lease_of(client)).holder_identity


@pytest.mark.parametrize("identity", ["", "é\x00\x1b[31m", "x" * 4000, "other\nERROR fake line"])
@in_virtual_time
async def test_holders_of_odd_forms_are_respected_and_shown_safely(
    identity: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = fake.Clientset()
    leases = client.coordination_v1.leases("default")
    spec = coordination_v1.LeaseSpec(holder_identity=identity, lease_duration_seconds=15)
    await leases.create(coordination_v1.Lease(metadata=meta_v1.ObjectMeta(name="x"), spec=spec))
    async with election_of(client):
        assert elapsed() == 0.0 if identity == "" else 15.0 <= elapsed() <= 15.0 + RETRIES
    assert not any("\x1b" in each.message or "\nERROR" in each.message for each in caplog.records)
