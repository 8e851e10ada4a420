"""The class `JSONPath`: a parsed template, which reads and prints objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kubeloop.jsonpath.path_evaluation import CHARACTERS_PER_STEP, Budget, Evaluation
from kubeloop.jsonpath.path_node import JSONPathError, OutsideText, Part, shown
from kubeloop.jsonpath.printed_value import json_text, printed
from kubeloop.jsonpath.template_parser import parse_template
from kubeloop.objects.plain_data import plain
from kubeloop.unstructured import Unstructured, tree_of

__all__ = ["JSONPath"]

_relaxed = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


class JSONPath:
    r"""A template in kubectl's JSONPath, parsed once and then used with any number of objects.

    >>> JSONPath("{.items[*].metadata.name}").values(pods)
    ['web-0', 'web-1']
    >>> JSONPath('{range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}').text(pods)
    'web-0\tRunning\nweb-1\tPending\n'

    Field names are those of the API (camelCase), also for typed objects. Members of a map are read in the order of
    their names. A template is a value: it has no state, and equal templates are equal.

    Args:
        template: The template, as for `kubectl get -o jsonpath=TEMPLATE`: text, and expressions in braces.
        allow_missing_keys: Whether a field that an object does not have yields no result, as in kubectl; otherwise it
            is an error, as in client-go.

    Raises:
        JSONPathError: The template is not valid. The message names the position and the next step.

    Reference: client-go util/jsonpath. Differences: an empty list in `[*]` does not end the evaluation of the lists
    after it; a range without elements does not evaluate its body; a condition without an operator is false for a
    position outside of a list; ranges without an end, and unknown words and operators, are refused at once; one
    evaluation visits at most a million values.
    """

    __slots__ = ("_parts", "allow_missing_keys", "template")

    def __init__(self, template: str, *, allow_missing_keys: bool = False) -> None:
        self.template = template
        self.allow_missing_keys = allow_missing_keys
        self._parts = parse_template(template)

    @classmethod
    def relaxed(cls, expression: str, *, allow_missing_keys: bool = False) -> JSONPath:
        """Parse one expression in any form that kubectl accepts for a field: `x.y`, `.x.y`, `{x.y}` or `{.x.y}`.

        Args:
            expression: The expression, as for `kubectl get --sort-by` and `kubectl wait --for=jsonpath=`.
            allow_missing_keys: As in the constructor.

        Raises:
            JSONPathError: The expression is not valid, is empty, or is more than one expression.

        Reference: kubectl pkg/cmd/get, RelaxedJSONPathExpression; there, an empty expression yields nothing.
        """
        match = _relaxed.fullmatch(expression)
        if match is None:
            raise JSONPathError(f"expected x.y, .x.y, {{x.y}} or {{.x.y}}, got {shown(expression)}")
        return cls(f"{{.{match[1] or match[2]}}}", allow_missing_keys=allow_missing_keys)

    def values(self, obj: object) -> list[Any]:  # Any: JSON values of any type
        """Return the results of all expressions, in order, without the texts outside of braces.

        Args:
            obj: A typed object, an Unstructured, a list of either, or plain data with API field names.

        Returns:
            JSON values. Those of an Unstructured belong to it and must not be changed.

        Raises:
            JSONPathError: A field is missing, a position is outside of its list, values cannot be compared, or the
                template needs too much work.
        """
        return [
            value
            for part, found in self._results(obj, Budget())
            if not isinstance(part, OutsideText)
            for value in found
        ]

    def results(self, obj: object) -> list[list[Any]]:  # Any: JSON values of any type
        """Return one list of results per expression and text, in the order of the output (Go's FindResults).

        Args:
            obj: As for `values`.

        Raises:
            JSONPathError: As for `values`.
        """
        return [found for _, found in self._results(obj, Budget())]

    def text(self, obj: object) -> str:
        """Return what `kubectl get -o jsonpath=TEMPLATE` prints for an object.

        Args:
            obj: As for `values`.

        Raises:
            JSONPathError: As for `values`.
        """
        return "".join(" ".join(texts) for texts in self._written(obj, printed))

    def json(self, obj: object) -> str:
        """Return what `kubectl get -o jsonpath-as-json=TEMPLATE` prints: one array per expression and text.

        Args:
            obj: As for `values`.

        Raises:
            JSONPathError: As for `values`.
        """
        indent, line = "    ", "\n    "
        arrays = self._written(obj, lambda value: line + json_text(value, indent, line))
        return "".join(f"[{','.join(texts)}\n]\n" if texts else "[]\n" for texts in arrays)

    def _results(self, obj: object, budget: Budget) -> list[tuple[Part, list[Any]]]:
        evaluation = Evaluation(budget, allow_missing_keys=self.allow_missing_keys)
        try:
            return list(evaluation.results(self._parts, _json_form(obj)))
        except JSONPathError as error:
            raise self._failed(str(error)) from None

    def _written(self, obj: object, write: Callable[[Any], str]) -> list[list[str]]:
        budget = Budget()
        written: list[list[str]] = []
        for _, found in self._results(obj, budget):
            texts: list[str] = []
            for value in found:
                try:
                    texts.append(write(value))
                    budget.spend(len(texts[-1]) // CHARACTERS_PER_STEP)
                except RecursionError:
                    raise self._failed("the object is nested too deeply to be printed") from None
                except JSONPathError as error:
                    raise self._failed(str(error)) from None
            written.append(texts)
        return written

    def _failed(self, problem: str) -> JSONPathError:
        return JSONPathError(f"cannot evaluate JSONPath {shown(self.template)}: {problem}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JSONPath) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, bool]:
        return self.template, self.allow_missing_keys

    def __str__(self) -> str:
        return self.template

    def __repr__(self) -> str:
        allowed = ", allow_missing_keys=True" if self.allow_missing_keys else ""
        return f"JSONPath({self.template!r}{allowed})"


def _json_form(obj: object) -> Any:  # Any: a JSON value of any type
    """Return the JSON value of an object; that of an Unstructured is not copied."""
    return tree_of(obj) if isinstance(obj, Unstructured) else plain(obj, error=JSONPathError)
