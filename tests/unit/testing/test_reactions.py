"""The reactions of a server, over any function that carries requests out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing import FakeTransport, StreamedResponse, json_response
from kubeloop.testing.action import Action
from kubeloop.testing.reactions import Reactions
from kubeloop.testing.rule import NOTHING, Cut, Effect, Reply
from kubeloop.testing.virtual_time import elapsed, in_virtual_time

POD = core_v1.Pod(metadata=meta_v1.ObjectMeta(name="a", namespace="x", resource_version="5"))


class Setup:
    """Reactions before a server that returns the same pod, and records the effects that it has to apply."""

    def __init__(self, *, seed: int | None = None) -> None:
        self.effects: list[Effect] = []
        self.closed = 0
        self.reactions = Reactions(self.carry_out, None if seed is None else random.Random(seed))
        transport = FakeTransport(self.reactions.respond)
        self.pods = kubeloop.Clientset(kubeloop.Config(), transport=transport).core_v1.pods("x")
        self.rest = kubeloop.Clientset(kubeloop.Config(), transport=transport).rest

    def carry_out(self, request: kubeloop.Request, effect: Effect) -> Reply | Awaitable[Reply]:
        self.effects.append(effect)
        if request.method == "POST":
            return self.later(json_response(POD, 201))
        return StreamedResponse(self.events()) if "watch=true" in request.target else json_response(POD)

    async def later(self, reply: Reply) -> Reply:
        await asyncio.sleep(1)
        return reply

    async def events(self) -> AsyncIterator[bytes]:
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            self.closed += 1


@in_virtual_time
async def test_without_reactions_requests_are_carried_out_as_they_are() -> None:
    setup = Setup()
    setup.reactions.on("get", "services").fail(404)
    assert await setup.pods.get("a") == POD
    assert await setup.pods.create(POD) == POD
    setup.reactions.clear()
    assert await setup.pods.get("a") == POD
    assert setup.effects == [NOTHING] * 3
    assert repr(setup.reactions) == "<Reactions 0>"


@in_virtual_time
async def test_the_third_update_fails_and_is_not_carried_out() -> None:
    setup = Setup()
    setup.reactions.on("update", "pods", nth=3).fail(errors.Conflict)
    for _ in range(2):
        await setup.pods.update(POD)
    with pytest.raises(
        errors.Conflict, match='Operation cannot be fulfilled on pods "a": the object has been modified'
    ):
        await setup.pods.update(POD)
    await setup.pods.update(POD)
    assert len(setup.effects) == 3


@in_virtual_time
async def test_a_write_whose_response_is_lost_is_carried_out() -> None:
    setup = Setup()
    setup.reactions.on("create", "pods").fail(errors.ConnectionLost, is_sent=True)
    with pytest.raises(errors.ConnectionLost):
        await setup.pods.create(POD)
    assert (len(setup.effects), elapsed()) == (1, 1.0)


@in_virtual_time
async def test_a_delay_comes_first() -> None:
    setup = Setup()
    setup.reactions.on("*", "pods").delay(5)
    await setup.pods.create(POD)
    assert elapsed() == 6.0
    with pytest.raises(errors.RequestTimeout):
        await setup.pods.get("a", timeout=2)


@in_virtual_time
async def test_a_function_may_respond_instead() -> None:
    setup = Setup()
    seen: list[Action] = []

    def respond(action: Action) -> object:
        seen.append(action)
        return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "other"}} if action.name == "b" else None

    setup.reactions.on("get", "pods").respond(respond)
    assert [(await setup.pods.get(name)).metadata.name for name in "ab"] == ["a", "other"]
    assert seen == [Action("get", "pods", "a", namespace="x"), Action("get", "pods", "b", namespace="x")]


@in_virtual_time
async def test_what_concerns_the_server_itself_is_left_to_it() -> None:
    setup = Setup()
    setup.reactions.on("get", "pods").stale(3)
    await setup.pods.get("a")
    rule = setup.reactions.on("watch", "pods").cut_watch(after=2, error=errors.Expired)
    async with setup.rest.watch("pods", into=core_v1.Pod):
        pass
    stale, cut = setup.effects
    assert stale == Effect(behind=3)
    assert cut.cut is not None
    assert (cut.cut.after, rule.count, setup.closed) == (2, 1, 0)
    assert cut.cut.error is not None
    assert isinstance(cut.cut.error(Action("watch", "pods")), errors.Expired)


@in_virtual_time
async def test_a_watch_that_fails_after_it_was_opened_is_closed() -> None:
    setup = Setup()
    setup.reactions.on("watch", "pods").fail(500, is_sent=True)
    with pytest.raises(errors.InternalError):
        async with setup.rest.watch("pods", into=core_v1.Pod):
            pytest.fail("entered")
    assert setup.effects == [NOTHING]


@in_virtual_time
async def test_chance_needs_random_numbers() -> None:
    with pytest.raises(ValueError, match="needs random numbers"):
        Setup().reactions.on("get", "pods", chance=0.5)
    setup = Setup(seed=1)
    rule = setup.reactions.on("get", "pods", chance=0.5).fail(404)
    outcomes = set()
    for _ in range(20):
        try:
            await setup.pods.get("a")
            outcomes.add("carried out")
        except errors.NotFound:
            outcomes.add("failed")
    assert outcomes == {"carried out", "failed"}
    assert rule.count == 20


def test_numbers_that_mean_nothing_are_refused() -> None:
    reaction = Setup().reactions.on("watch", "pods")
    with pytest.raises(ValueError, match="expected a number of events, got -1"):
        reaction.cut_watch(after=-1)
    with pytest.raises(ValueError, match="expected a positive number of revisions, got 0"):
        reaction.stale(0)
    with pytest.raises(ValueError, match="expected an HTTP status from 400 to 599, got 200"):
        reaction.cut_watch(error=200)
    assert reaction.cut_watch()._effect.cut == Cut(0)


def test_an_effect_that_a_verb_cannot_have_is_refused() -> None:
    reactions = Setup().reactions
    with pytest.raises(ValueError, match="expected a rule for watch for cut_watch, got one for get"):
        reactions.on("get", "pods").cut_watch()
    with pytest.raises(ValueError, match="expected a rule for get or list for stale, got one for create"):
        reactions.on("create", "pods").stale()
    with pytest.raises(ValueError, match="expected a delay of 0 s or more, got -1"):
        reactions.on("get", "pods").delay(-1)
    reactions.on("*", "pods").stale().cut_watch().delay(0)
