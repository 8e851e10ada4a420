"""Rules: which requests they match, and how several apply together."""

from __future__ import annotations

import random

import pytest

import kubeloop
from kubeloop import errors
from kubeloop.testing.action import Action
from kubeloop.testing.rule import NOTHING, Cut, Effect, Rule, Rules


def action(verb: str, resource: str, name: str = "a") -> Action:
    return Action(verb, resource, name, namespace="x")


def rules(seed: int | None = None) -> Rules[Rule]:
    return Rules(Rule, None if seed is None else random.Random(seed))


def add(to: Rules[Rule], verb: str = "*", resource: str = "*", **options: object) -> Rule:
    arguments: dict[str, object] = {"nth": None, "where": None, "chance": 1.0, **options}
    return to.add(verb, resource, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("pods", ["pods"], ["pods/status", "services", "/pods"]),
        ("pods/status", ["pods/status"], ["pods", "pods/log", "deployments/status"]),
        ("pods/*", ["pods/status", "pods/log"], ["pods", "deployments/status"]),
        ("*/status", ["pods/status", "deployments.apps/status"], ["pods", "pods/log"]),
        ("deployments.apps", ["deployments.apps"], ["deployments.extensions", "deployments.apps/scale"]),
        ("deployments.apps/scale", ["deployments.apps/scale"], ["deployments.apps"]),
        ("*", ["pods", "pods/status", "/version"], []),
        ("/openapi/v3", ["/openapi/v3"], ["/openapi/v3/api/v1", "/openapi"]),
        ("/openapi/*", ["/openapi/v3", "/openapi/"], ["/version", "pods"]),
    ],
)
def test_a_resource_covers_what_it_covers_in_rbac(pattern: str, matching: list[str], others: list[str]) -> None:
    own = rules()
    add(own, "*", pattern).delay(1)
    assert [resource for resource in matching + others if own.effect_on(action("get", resource)).delay] == matching


def test_a_verb_and_a_condition_choose_requests() -> None:
    own = rules()
    rule = add(own, "update", "pods", where=lambda action: action.name == "b").delay(1)
    effects = [own.effect_on(each).delay for each in (action("update", "pods"), action("get", "pods", "b"))]
    assert effects == [0, 0]
    assert own.effect_on(action("update", "pods", "b")).delay == 1
    assert rule.count == 1
    assert repr(rule) == "<Rule update pods: delay, 1 matched>"


@pytest.mark.parametrize(
    ("nth", "expected"), [(None, [1, 2, 3, 4]), (3, [3]), ([1, 2], [1, 2]), (range(2, 9), [2, 3, 4])]
)
def test_nth_counts_the_matching_requests_from_one(nth: object, expected: list[int]) -> None:
    own = rules()
    add(own, "get", "pods", nth=nth).delay(1)
    own.effect_on(action("get", "services"))
    assert [count for count in range(1, 5) if own.effect_on(action("get", "pods")).delay] == expected


def test_chance_depends_on_the_seed_alone() -> None:
    def drawn(seed: int) -> list[bool]:
        own = rules(seed)
        add(own, chance=0.3).delay(1)
        return [own.effect_on(action("get", "pods")) != NOTHING for _ in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 30 < sum(drawn(1)) < 90


def test_all_matching_rules_apply_and_the_earlier_one_decides() -> None:
    own = rules()
    first = add(own, "get").delay(1).fail(404)
    add(own, "*", "pods").delay(2).fail(errors.Conflict, is_sent=True).respond(lambda _: None)
    effect = own.effect_on(action("get", "pods"))
    assert (effect.delay, effect.is_sent) == (3, False)
    assert effect.fail is not None
    assert effect.fail(action("get", "pods")).code == 404  # type: ignore[union-attr]
    assert effect.respond is not None
    first.remove()
    first.remove()
    assert own.effect_on(action("get", "pods")).is_sent
    own.clear()
    assert (len(own), own.effect_on(action("get", "pods"))) == (0, NOTHING)


def test_effects_are_joined_field_by_field() -> None:
    one, two = Effect(delay=1, cut=Cut(5)), Effect(delay=2, cut=Cut(6), copies=2, behind=3)
    assert one.followed_by(two) == Effect(delay=3, cut=Cut(5), copies=2, behind=3)
    assert two.followed_by(one) == Effect(delay=3, cut=Cut(6), copies=2, behind=3)
    assert NOTHING.followed_by(one) == one.followed_by(NOTHING) == one


@pytest.mark.parametrize(
    ("verb", "resource", "options", "message"),
    [
        ("udpate", "pods", {}, r"expected a verb of create, .*, got 'udpate'; did you mean 'update'\?"),
        ("post", "pods", {}, "got 'post'"),
        ("list", "/version", {}, "expected a verb of delete, get, .*, got 'list'"),
        ("get", "Pod", {}, "expected a plural such as 'pods'.* got 'Pod'"),
        ("get", "", {}, "got ''"),
        ("get", "pods", {"nth": 0}, "expected numbers from 1 on for nth, got 0"),
        ("get", "pods", {"nth": [1, -1]}, r"for nth, got \[1, -1\]"),
        ("get", "pods", {"chance": 1.5}, "expected a chance between 0 and 1, got 1.5"),
        ("get", "pods", {"chance": 0.5}, r"needs random numbers: pass random=random.Random\(seed\)"),
    ],
)
def test_a_rule_that_can_match_nothing_is_refused(
    verb: str, resource: str, options: dict[str, object], message: str
) -> None:
    own = rules()
    with pytest.raises(ValueError, match=message):
        add(own, verb, resource, **options)
    assert len(own) == 0


@pytest.mark.parametrize("failure", [200, 302, 600, kubeloop.APIError, errors.StoreReadError])
def test_a_failure_that_cannot_be_made_is_refused_at_once(failure: object) -> None:
    with pytest.raises(ValueError, match=r"expected an HTTP status from 400 to 599, got|got the class"):
        add(rules()).fail(failure)  # type: ignore[arg-type]


def test_a_rule_that_fails_after_sending_can_be_followed_by_another() -> None:
    own = rules()
    add(own, "*", "pods").fail(errors.Conflict, is_sent=True)
    add(own, "*", "pods").delay(1).fail(errors.NotFound)
    effect = own.effect_on(action("get", "pods"))
    assert (effect.delay, effect.is_sent) == (1, True)
