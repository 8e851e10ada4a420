"""`Value`: a small immutable record, on msgspec.

A dataclass compiles its methods at import, which takes 0.7 ms per class; two dozen of them were a third of kubeloop's
import time. A msgspec Struct needs a twentieth of that, and is faster to create and compare.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

__all__ = ["Value", "field", "force_setattr"]


class Value(Struct, frozen=True):
    """An immutable record with equality, hash, copying, pickling and pattern matching; `order=True` adds an order.

    A subclass repeats `frozen=True` for type checkers, and lists in `unshown` the fields that its `repr` omits.

    >>> class Point(Value, frozen=True):
    ...     x: int
    ...     y: int = 0
    >>> Point(1)
    Point(x=1, y=0)
    """

    unshown: ClassVar[frozenset[str]] = frozenset()

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed. `__post_init__` checks the copy.

        >>> GroupVersion("apps", "v1").replace(version="v2")
        """
        return replace(self, **changes)

    @property
    def __rich_repr__(self) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Hide msgspec's hook for rich, which would show all fields, so that rich uses the `repr`.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError("__rich_repr__")

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self.unshown)
        return f"{type(self).__qualname__}({', '.join(shown)})"
