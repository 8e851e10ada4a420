"""FrozenStruct: the immutable struct under every model, and the metaclass that reads a model's class statement.

The metaclass sets the flags of the struct, hides lazy and nullable fields behind properties, adds `kind` and
`apiVersion`, and turns nulls into empty lists and maps after decoding. It knows nothing of the modules above it:
`objects.model` adds the constructor's checks, drafts, reading and writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import msgspec
from msgspec import Raw

from kubeloop.objects.markers import HOW_TO_CHANGE, LAZY, NULL_BYTES, NULL_MAP, NULL_SEQ, NULLABLE

if TYPE_CHECKING:
    # For checkers a model is no msgspec.Struct: mypy would take Struct's own dataclass_transform over ours.
    StructMeta = type

    class Struct:
        """What type checkers see of msgspec's Struct."""

        __struct_fields__: ClassVar[tuple[str, ...]]
        __struct_encode_fields__: ClassVar[tuple[str, ...]]
        __struct_defaults__: ClassVar[tuple[Any, ...]]

else:
    from msgspec import Struct, StructMeta

__all__ = ["FrozenStruct", "FrozenStructMeta", "force", "make", "note_given", "note_of"]


class _WithNote:
    """A slot for the names of the fields that were given to a constructor or a document; see `given`.

    msgspec does not know the slot, so decoding, encoding, equality and `repr` do not see it. It is unset in an object
    of which these names are not known.
    """

    __slots__ = ("_given",)
    _given: tuple[str, ...]


force = msgspec.structs.force_setattr
"""Set a field of a frozen struct that nobody else holds yet."""
make: Any = StructMeta.__call__
"""Create a model from its stored fields, without the checks of its constructor."""
note_given: Any = vars(_WithNote)["_given"].__set__
"""Note beside a new model which fields were given."""


def note_of(obj: Any) -> Any:
    """Return the note beside an object, None if there is none, as for every value that is not a model."""
    return getattr(obj, "_given", None)


def _setattr(self: object, name: str, _value: object) -> NoReturn:
    raise AttributeError(f"cannot set {name!r} of {type(self).__name__}: {HOW_TO_CHANGE}")


def _delattr(self: object, name: str) -> NoReturn:
    raise AttributeError(f"cannot delete {name!r} of {type(self).__name__}: {HOW_TO_CHANGE}")


def _hide_lazy(name: str, ns: dict[str, Any], rename: dict[str, str]) -> str:
    """Turn a Lazy field into a private field of bytes and a property that parses them; return its annotation."""
    hint = ns["__annotations__"].pop(name)
    ns["__annotations__"]["_" + name] = Raw
    ns["_" + name] = LAZY
    rename["_" + name] = rename.pop(name, name)

    def read(self: Any) -> Any:
        return self.__read_lazy__(name, getattr(self, "_" + name))

    ns[name] = property(read, doc="Parsed at each read, from bytes that the object holds.")
    return str(hint)


def _hide_nullable(name: str, ns: dict[str, Any], rename: dict[str, str]) -> None:
    """Turn a field in which null is a value into a private field that can be absent, and a property that reads None."""
    hidden = "_" + name
    ns["__annotations__"][hidden] = ns["__annotations__"].pop(name)
    ns[hidden] = NULLABLE
    rename[hidden] = rename.pop(name, name)

    def read(self: Any) -> Any:
        value = getattr(self, hidden)
        return None if value is NULLABLE else value

    ns[name] = property(read)


def _hide_kind(ns: dict[str, Any], names: dict[str, str], api_version: str, kind: str) -> None:
    """Add the hidden fields of a Kind: the kind in a body is checked, and an embedded object keeps it."""
    ns["__annotations__"] = {"__api_version__": str, "__kind__": str, **ns["__annotations__"]}
    ns |= {"__api_version__": api_version, "__kind__": kind}
    names |= {"__api_version__": "apiVersion", "__kind__": "kind"}
    ns["__kind_head__"] = (
        ("__api_version__", f'"apiVersion":"{api_version}"'.encode(), api_version),
        ("__kind__", f'"kind":"{kind}"'.encode(), kind),
    )


def _settle(nulls: list[tuple[str, str]], lazy: dict[str, str]) -> Any:
    """Return the `__post_init__` of a class: nulls become empty, and lazy bytes are copied.

    Decoded Raw is a view, which would keep the whole body of a LIST in memory. Most classes have one field that may be
    null. For others the function is compiled from source, as dataclasses do: a loop over names takes three times as
    long for every object of a LIST, but compiling takes longer than creating the class.
    """
    if len(nulls) == 1 and not lazy:
        field, value = nulls[0][0], _EMPTY[nulls[0][1]]

        def settle(self: Any) -> None:
            if getattr(self, field) is None:
                force(self, field, value)

        return settle
    lines = [f" if self.{name} is None: force(self, '{name}', {empty})" for name, empty in nulls]
    lines += [
        f" if self._{name} is not LAZY: force(self, '_{name}', LAZY if self._{name} == NULL else self._{name}.copy())"
        for name in lazy
    ]
    namespace: dict[str, Any] = {"force": force, "LAZY": LAZY, "NULL": Raw(b"null"), **_EMPTY}
    exec("\n".join(["def settle(self):", *lines]), namespace)  # noqa: S102 (names of fields, which are identifiers)
    return namespace["settle"]


def _lazy_equal(self: Any, other: object) -> Any:
    """Return whether two models are equal; lazy fields are compared as JSON, not as bytes."""
    same = _equal(self, other)
    if same is not False:
        return same
    lazy: dict[str, str] = self.__lazy__
    for name in lazy:
        ours, theirs = getattr(self, "_" + name), getattr(other, "_" + name)
        if ours == theirs or ours is LAZY or theirs is LAZY or not _says_the_same(ours, theirs):
            continue
        self = msgspec.structs.replace(self, **{"_" + name: theirs})
    return _equal(self, other)


def _says_the_same(ours: Raw, theirs: Raw) -> bool:
    """Return whether two JSON texts can be read and have the same value."""
    try:
        return bool(_parse(ours) == _parse(theirs))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


_EMPTY: dict[str, Any] = {"NULL_SEQ": NULL_SEQ, "NULL_MAP": NULL_MAP, "NULL_BYTES": NULL_BYTES}
_EMPTY_OF = (("NullSeq[", "NULL_SEQ"), ("NullMap[", "NULL_MAP"), ("NullBytes", "NULL_BYTES"))


class FrozenStructMeta(StructMeta):
    """Creates structs that are frozen, invisible to the garbage collector and keyword-only, and omit defaults."""

    __secret__: frozenset[str]
    __lazy__: dict[str, str]
    __preserve__: bool
    __plain__: Any

    def __new__(  # noqa: PYI034
        mcls,
        name: str,
        bases: tuple[type, ...],
        ns: dict[str, Any],
        *,
        api_version: str = "",
        kind: str = "",
        resource: str = "",
        namespaced: bool = False,
        item: Any = None,
        secret: tuple[str, ...] = (),
        preserve: bool = False,
        rename: Mapping[str, str] | None = None,
    ) -> FrozenStructMeta:
        """Create the class of a model.

        Args:
            name: The name of the class.
            bases: Its base classes.
            ns: The attributes in its body.
            api_version: The apiVersion of a Kind.
            kind: The kind of a Kind.
            resource: The plural name of a Kind in request paths.
            namespaced: Whether objects of a Kind belong to a namespace.
            item: The Kind whose `list_type` this class is.
            secret: The fields whose values `repr` must not show.
            preserve: Keep members of the JSON that are not fields, from wherever an object is read.
            rename: The API field names of fields that differ from the Python names.
        """
        names = dict(rename or {})
        hints = ns.setdefault("__annotations__", {})
        lazy = [key for key, value in ns.items() if value is LAZY]
        types_of_lazy = {key: _hide_lazy(key, ns, names) for key in lazy}
        for key in [key for key, value in ns.items() if value is NULLABLE]:
            _hide_nullable(key, ns, names)
        nulls = [
            (key, empty)
            for key, hint in hints.items()
            if type(hint) is str and hint.startswith("Null")
            for prefix, empty in _EMPTY_OF
            if hint.startswith(prefix)
        ]
        if nulls or lazy:
            ns["__post_init__"] = _settle(nulls, types_of_lazy)
        if secret:
            ns["__secret__"] = frozenset(secret)
        if preserve:
            ns["__preserve__"] = True
        if lazy:
            ns["__lazy__"] = types_of_lazy
            ns["__eq__"] = _lazy_equal
        if kind:
            _hide_kind(ns, names, api_version, kind)
            ns |= {"api_version": api_version, "kind": kind, "resource": resource, "namespaced": namespaced}
        cls: Any = super().__new__(
            mcls,
            name,
            bases,
            ns,
            frozen=True,
            gc=False,
            kw_only=True,
            omit_defaults=True,
            rename=names or None,
        )
        type.__setattr__(cls, "__setattr__", _setattr)
        # Both share one slot in C, so a class with a __setattr__ of its own would allow `del obj.x`.
        type.__setattr__(cls, "__delattr__", _delattr)
        if item is not None:
            type.__setattr__(item, "list_type", cls)
        return cls  # type: ignore[no-any-return]


class FrozenStruct(_WithNote, Struct, metaclass=FrozenStructMeta):
    """An immutable struct with class attributes that describe its fields.

    `Model` adds the method `__read_lazy__`, which the properties of lazy fields call.
    """

    if not TYPE_CHECKING:
        __secret__ = frozenset()
        __lazy__: ClassVar = {}
        __preserve__ = False
        __plain__ = None
        __packed__: ClassVar = {}
        __dropped__: ClassVar = frozenset()
        __kind_head__ = ()

    def __unpack__(self) -> Self:
        """Return this object with all members decoded: itself, except for an object that keeps its members as JSON."""
        return self

    @property
    def __rich_repr__(self) -> NoReturn:
        """Hide msgspec's hook for rich, which would show the contents of secrets; rich then uses `repr`.

        Raises:
            AttributeError: Always, so that there is no such hook.
        """
        raise AttributeError("__rich_repr__")


_equal: Any = Struct.__eq__
_parse = msgspec.json.decode
