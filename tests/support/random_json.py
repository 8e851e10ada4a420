"""Random JSON values of the schema of a model, with nulls, unknown members and values of wrong types."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from kubeloop.objects.reflection import Field, Shape, fields_of

_TEXTS = ("", "x", "default", "ü€", 'quo"te\n')
_TIMES = ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05+02:00")
_SCALARS: dict[type, tuple[Any, ...]] = {
    str: _TEXTS,
    int: (0, 1, -7, 2**40),
    float: (0.0, 1.5, 2),
    bool: (True, False),
    bytes: ("", "eA=="),
    datetime: _TIMES,
}


def random_object(random: Random, model: Any, *, wrong: float = 0.0, depth: int = 0) -> dict[str, Any]:
    """Return a JSON value for a model.

    Args:
        random: The source of randomness.
        model: The class.
        wrong: The probability that a field has a null or a value of another type.
        depth: The depth of the value, which bounds what is below it.
    """
    found: dict[str, Any] = {}
    chance = 0.7 if depth == 0 else 0.5 / depth
    for field in fields_of(model).values():
        if random.random() < chance or (depth == 0 and field.name == "metadata"):
            found[field.wire] = _value_of(random, field, wrong, depth + 1)
    if random.random() < 0.1:
        found["unknownMember"] = {"a": [1, None, {"b": 1.5}]}
    return found


def _value_of(random: Random, field: Field, wrong: float, depth: int) -> Any:
    return _value(random, field.shape, wrong, depth)


def _value(random: Random, shape: Shape, wrong: float, depth: int) -> Any:
    if random.random() < wrong:
        return random.choice((None, None, 5, "wrong", [1], {"a": "b"}, True))
    if shape.category == "object":
        return random_object(random, shape.model, wrong=wrong, depth=depth)
    if shape.item is not None:
        values = [_value(random, shape.item, wrong, depth + 1) for _ in range(random.choice((0, 1, 2)))]
        return dict(zip("abc", values, strict=False)) if "map" in shape.category else values
    if shape.category == "any":
        return random.choice((None, True, 1, 1.5, "x", {"a": [1, {}]}, []))
    if shape.go == "Quantity":
        return random.choice(("100m", "1Gi", "0"))
    return random.choice(_SCALARS[random.choice(shape.accepts)])
