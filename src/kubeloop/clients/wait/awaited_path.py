"""The state that a path has a value.

Reference: kubectl pkg/cmd/wait/json.go.
"""

from __future__ import annotations

from typing import Any

from kubeloop._kit.text import MASK, safe_text
from kubeloop.clients.wait.awaited_state import LastState
from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.printed_value import printed
from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["AwaitedPath", "parse_path"]

_SHOWN = 200


class AwaitedPath:
    """A value at a JSONPath, or any value there.

    Args:
        path: The path.
        value: The text of the value; None for any value.
        hides_values: Whether texts show no value, because the objects hold secrets.

    Reference: kubectl JSONPathWait.
    """

    is_deletion = False

    def __init__(self, path: JSONPath, value: str | None = None, *, hides_values: bool = False) -> None:
        self.path = path
        self.value = value
        self._hides_values = hides_values

    def hiding_values(self) -> AwaitedPath:
        """Return the same state with texts that show no value."""
        return AwaitedPath(self.path, self.value, hides_values=True)

    def is_met(self, obj: object, /) -> bool:
        """Return whether the path has one value, and it has the expected text.

        Raises:
            JSONPathError: The path has several values, or a map or list where a text was expected.
        """
        found = self._found(obj)
        if not found:
            return False
        if self.value is None:
            return True
        if is_dict(found[0]) or is_list(found[0]):
            raise JSONPathError(f"{self.path}: expected one text or number, got a map or a list; select a field of it")
        return _text_of(found[0]).strip() == self.value.strip()

    def last_state(self, obj: object, /) -> LastState:
        """Return the value at the path."""
        try:
            found = self._found(obj)
        except JSONPathError as error:
            return LastState(str(error))
        if not found:
            return LastState(f"{self.path} has no value")
        if self._hides_values:
            return LastState(f"{self.path} has another value")
        text = safe_text(_text_of(found[0]), _SHOWN)
        return LastState(f"{self.path} is {text!r}", status=text)

    def _found(self, obj: object) -> list[Any]:  # Any: JSON values of any type
        results = self.path.results(obj)
        if not results or not results[0]:
            return []
        if len(results) > 1:
            raise JSONPathError(f"expected one expression, got {len(results)}: {self.path}")
        if len(results[0]) > 1:
            raise JSONPathError(f"{self.path}: expected one value, got {len(results[0])}; select one with a position")
        return results[0]

    def __str__(self) -> str:
        if self.value is None:
            return f"a value at {self.path}"
        return f"{self.path}={MASK if self._hides_values else self.value}"


def parse_path(path: str | JSONPath | tuple[str | JSONPath, object]) -> AwaitedPath:
    """Return the path and the value that an argument names.

    Args:
        path: `"{.status.phase}=Running"`; or without a value, for any value; or a pair of the path and the value, which
            is text, a number or a bool.

    Raises:
        TypeError: It has another form.
        ValueError: The text has more than one `=`, or nothing after it.
        JSONPathError: The path is not valid.

    Reference: kubectl pkg/cmd/wait, processJSONPathInput.
    """
    value: object = None
    if isinstance(path, tuple):
        pair: tuple[Any, ...] = path  # of an unchecked caller
        if len(pair) != 2 or not isinstance(pair[1], str | int | float):
            found = " and ".join(type(each).__name__ for each in pair) or "an empty tuple"
            raise TypeError(f"expected a pair of a path and a text, number or bool, got {found}")
        path, value = pair
    elif isinstance(path, str):
        parts = _split(path)
        if len(parts) > 2:
            # The value can be that of a secret.
            raise ValueError(
                f"expected a path, or a path, '=' and a value, got {len(parts) - 1} '=' after {parts[0]!r}; pass the "
                "value as a pair"
            )
        path = parts[0]
        if len(parts) == 2:
            value = parts[1].strip("'\"")
            if not value:
                raise ValueError(f"expected a value after '=', got {'='.join(parts)!r}; leave out '=' for any value")
    if isinstance(path, JSONPath):
        path = JSONPath(path.template, allow_missing_keys=True)
    elif isinstance(path, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        path = JSONPath.relaxed(path, allow_missing_keys=True)
    else:
        raise TypeError(f"expected a JSONPath, got {type(path).__name__}")
    return AwaitedPath(path, None if value is None else _text_of(value))


def _split(text: str) -> list[str]:
    """Split a text at each single `=`; `==` belongs to a filter of the path.

    >>> _split('{.a[?(@.b=="c")].d}=e')
    ['{.a[?(@.b=="c")].d}', 'e']

    Reference: kubectl pkg/cmd/wait, splitJSONPathInput.
    """
    parts, at = [""], 0
    while at < len(text):
        if text.startswith("==", at):
            parts[-1] += "=="
            at += 2
            continue
        if text[at] == "=":
            parts.append("")
        else:
            parts[-1] += text[at]
        at += 1
    return parts


def _text_of(value: Any) -> str:  # Any: a JSON value of any type
    """Return a value as Go's `fmt` prints it: `3`, `true`, `<nil>`."""
    return "<nil>" if value is None else printed(value)
