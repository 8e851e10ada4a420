"""`log_context` and `LogContextFilter`: fields for all log records of a block, on the logging of the standard library.

Importing this module changes nothing in logging: a program adds the filter to its handlers.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from kubeloop._kit.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = ["LogContextFilter", "log_context"]

Fields: TypeAlias = "Mapping[str, object]"

_TEXT = "log_context"
_NO_FIELDS: Fields = MappingProxyType({})
# Attributes that a record has itself, or gets from a formatter; `taskName` is one since Python 3.12.
_RESERVED = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", _TEXT})
_MOST_CHARACTERS = 256
_is_plain = re.compile(r'[^\s"=\\]+').fullmatch

_fields: ContextVar[Fields] = ContextVar("kubeloop.log_context", default=_NO_FIELDS)


class log_context:  # noqa: N801  # a block like contextlib.suppress
    """A block whose log records have some fields, whatever logs them.

        with kubeloop.log_context(controller="create-ports", object="default/web"):
            logger.info("the ports were booked")
            await clientset.core_v1.services("default").get("web")

    This includes the code that the block calls or awaits, and the tasks that it creates. An inner block adds its fields
    to those of the outer one, and wins where names are equal. The filter `LogContextFilter` adds the fields to the
    records of a handler.

    Args:
        fields: The values by name. Numbers, booleans and None are kept. Everything else becomes text by `str` when
            something is logged, and is made safe for logs: tokens are masked, unprintable characters are escaped, and
            long text is cut.

    Raises:
        ValueError: A name is not an identifier, or log records have an attribute of this name themselves.

    Concurrency: the fields belong to the current context (`contextvars`); other tasks do not see them.
    """

    __slots__ = ("_fields", "_token")

    def __init__(self, /, **fields: object) -> None:
        for name in fields:
            if name in _RESERVED:
                raise ValueError(f"expected a name that log records do not use themselves, got {name!r}")
            if not name.isidentifier():
                raise ValueError(f"expected an identifier as the name of a field, got {name!r}")
        self._fields = fields
        self._token: Token[Fields] | None = None

    def __enter__(self) -> None:
        if self._token is not None:
            raise RuntimeError("the block was entered before; call log_context() again")
        self._token = _fields.set({**_fields.get(), **self._fields})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None, "the block was entered"
        # An async generator may be closed in another context than the one it began in, where there is nothing to reset.
        with suppress(ValueError):
            _fields.reset(self._token)

    def __repr__(self) -> str:
        return f"<log_context{_text(_safe_values(self._fields))}>"


class LogContextFilter(logging.Filter):
    """Adds the fields of `log_context` to each record of a handler, as attributes.

        handler.addFilter(kubeloop.LogContextFilter())

    A formatter for JSON writes the attributes of a record. In a text format, `%(log_context)s` is all fields with a
    blank before each, ` controller=create-ports object=default/web`, or `""`; `%(controller)s` is one field, which
    needs a default (`logging.Formatter(..., defaults={"controller": "-"})`). The filter changes no attribute that a
    record has already, such as one of `extra=`, and a second filter has no effect. A filter of a logger sees only the
    records of this logger, so add it to handlers.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields to a record, and let the record pass."""
        attributes = record.__dict__
        if _TEXT not in attributes:
            added = _safe_values({name: value for name, value in _fields.get().items() if name not in attributes})
            attributes.update(added)
            attributes[_TEXT] = _text(added)
        return True


def _safe_values(fields: Fields) -> Fields:
    return {name: _safe(value) for name, value in fields.items()}


def _safe(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    try:
        text = str(value)
    except Exception:  # the caller only wants to log, and this is what the log can say about it
        text = f"<{type(value).__name__} that cannot be written as text>"
    return safe_text(text, _MOST_CHARACTERS)


def _text(fields: Fields) -> str:
    return "".join(f" {name}={_quoted(str(value))}" for name, value in fields.items())


def _quoted(value: str) -> str:
    if _is_plain(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
