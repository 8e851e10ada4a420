"""Read a single value of an object by a path of API field names, without decoding the rest of a lazy object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from kubeloop._kit.near_names import did_you_mean
from kubeloop.objects.json.cut import ABSENT, value_reader
from kubeloop.objects.reflection import Field, fields_of

__all__ = ["no_such_field", "scalar_reader"]


def scalar_reader(cls: Any, path: tuple[str, ...]) -> Callable[[Any], str | int | float | bool | None]:
    """Return the function that reads the text, number or boolean at a path of API field names; None if there is none.

    A lazy object of which the member was not read yet stays as it is: the value is cut out of its JSON.

    Args:
        cls: The type of the objects, which may be a lazy class.
        path: The names.

    Raises:
        ValueError: The class has no such field, or the field does not hold texts, numbers or booleans.
    """
    plain = cls.__plain__ or cls
    fields = _resolved(plain, path)
    default = fields[-1].default if len(fields) == len(path) else None
    read_fields, keys = attrgetter(".".join(field.name for field in fields)), path[len(fields) :]

    def read_decoded(obj: Any) -> Any:
        try:
            value = read_fields(obj)
        except AttributeError:  # of None
            return None
        return value.get(keys[0]) if keys else value

    read_json = cls.__packed__.get(fields[0].name)
    if read_json is None:
        return read_decoded
    cut = value_reader(path[1:])

    def read(obj: Any) -> Any:
        text = read_json(obj)
        if text is None:
            return read_decoded(obj)
        value = cut(text)
        if value is ABSENT or value is None:
            return default
        return value if isinstance(value, (str, int, float)) else None

    return read


def no_such_field(cls: Any, name: str, known: Iterable[str], path: str) -> ValueError:
    """Return the error for a path with the name of a field that a class does not have.

    Args:
        cls: The class.
        name: The name.
        known: The API field names of the class.
        path: The path up to the name, or more of it.
    """
    hint = did_you_mean(name, known) or " (paths have the field names of the API)"
    return ValueError(f"path {path!r}: {cls.__name__} has no field {name!r}{hint}")


@cache
def _resolved(cls: Any, path: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the fields on a path; it may end with the key of a map.

    Raises:
        ValueError: As for `scalar_reader`.
    """
    fields: list[Field] = []
    owner = cls
    for depth, name in enumerate(path):
        known: Mapping[str, Field] = {field.wire: field for field in fields_of(owner).values()}
        field = known.get(name)
        if field is None:
            raise no_such_field(owner, name, known, ".".join(path))
        fields.append(field)
        shape, rest = field.shape, path[depth + 1 :]
        if shape.category == "object" and rest:
            owner = shape.model
            continue
        if shape.category == "map" and len(rest) == 1 and shape.item is not None:
            shape, rest = shape.item, ()
        if shape.category != "scalar" or shape.go not in ("", "Quantity") or bytes in shape.accepts or rest:
            break
        return tuple(fields)
    raise ValueError(f"{cls.__name__}: expected the path of a text, a number or a boolean, got {'.'.join(path)}")
