"""`log_context` and `LogContextFilter`: fields that every log record of a block has, with the standard library."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from contextvars import ContextVar, Token
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING

from kubeloop._kit.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LogContextFilter", "log_context"]

FieldValue = str | int | float | bool | None

TEXT = "log_context"
_NOTHING: Mapping[str, FieldValue] = MappingProxyType({})
_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", TEXT})
_MOST_CHARACTERS = 256
_is_bare = re.compile(r'[^\s"=]+').fullmatch

_fields: ContextVar[Mapping[str, FieldValue]] = ContextVar("kubeloop_log_context", default=_NOTHING)


class log_context:  # noqa: N801  # used as a function, like contextlib.suppress
    """A block whose log records have these fields, in all code that it calls and in the tasks that it creates.

        with kubeloop.log_context(controller="create-ports", object="default/web"):
            await reconcile()

    Blocks may be nested: the inner fields are added, and win over outer ones of the same name. Records get the fields
    by a `LogContextFilter` at their handler.

    Args:
        fields: The values by name: text, numbers, booleans and None are kept, and others are written with `str`. Text
            is made safe for logs: masked, printable and of limited length.

    Raises:
        ValueError: A log record has an attribute of this name itself.

    Concurrency: the fields belong to the current context (`contextvars`) and affect no other task.
    """

    __slots__ = ("_own", "_token")

    def __init__(self, **fields: object) -> None:
        if reserved := _OWN.intersection(fields):
            raise ValueError(
                f"log records have attributes of their own with these names: {', '.join(sorted(reserved))}"
            )
        self._own = {name: _safe(value) for name, value in fields.items()}
        self._token: Token[Mapping[str, FieldValue]] | None = None

    def __enter__(self) -> None:
        if self._token is not None:
            raise RuntimeError("the block of this log_context was entered before; call log_context() again")
        self._token = _fields.set({**_fields.get(), **self._own})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None, "the block was entered"
        # A generator may be closed in another context, in which there is nothing to reset.
        with suppress(ValueError):
            _fields.reset(self._token)

    def __repr__(self) -> str:
        return f"<log_context{_text(self._own)}>"


class LogContextFilter(logging.Filter):
    """Adds the fields of `log_context` to the records of a handler, as attributes.

        handler.addFilter(kubeloop.LogContextFilter())

    Formatters for JSON write the attributes of a record. In a text format, `%(log_context)s` is all fields, as in
    ` controller=create-ports object=default/web`, and `""` if there are none. Attributes that a record has already are
    not changed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields to a record, and let it pass."""
        attributes = record.__dict__
        if TEXT not in attributes:
            fields = _fields.get()
            attributes[TEXT] = _text(fields)
            for name, value in fields.items():
                attributes.setdefault(name, value)
        return True


def _safe(value: object) -> FieldValue:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return safe_text(str(value), _MOST_CHARACTERS)


def _text(fields: Mapping[str, FieldValue]) -> str:
    return "".join(f" {name}={_quoted(str(value))}" for name, value in fields.items())


def _quoted(value: str) -> str:
    if _is_bare(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
