"""`Value`: a small immutable record. The door to msgspec for whatever is no model.

A dataclass compiles its methods from source when its module is imported, 0.7 ms each; two dozen of them were a third of
what kubeloop adds to the start of a program. A msgspec Struct costs a twentieth of that, and less to make and compare.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

from msgspec import Struct, field
from msgspec.structs import force_setattr, replace

__all__ = ["Value", "field", "force_setattr"]


class Value(Struct, frozen=True):
    """An immutable record: equality, hash, copying, pickling, pattern matching; `order=True` in the class line sorts.

    A subclass says `frozen=True` again, for type checkers, and in `unshown` which fields its `repr` leaves out.

    >>> class Point(Value, frozen=True):
    ...     x: int
    ...     y: int = 0
    >>> Point(1)
    Point(x=1, y=0)
    """

    unshown: ClassVar[frozenset[str]] = frozenset()

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed; what `__post_init__` checks is checked again.

        >>> GroupVersion("apps", "v1").replace(version="v2")
        """
        return replace(self, **changes)

    @property
    def __rich_repr__(self) -> NoReturn:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Hide msgspec's hook for rich, which would show every field: what shows a value goes by its `repr`.

        Raises:
            AttributeError: Always, so that there is no such hook.
        """
        raise AttributeError("__rich_repr__")

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in self.unshown)
        return f"{type(self).__qualname__}({', '.join(shown)})"
