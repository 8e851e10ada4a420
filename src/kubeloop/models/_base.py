"""Model, Kind, KindList: frozen structs whose defaults mean "absent"; and how generated modules look.

What lives here: the metaclass, the three base classes, and the markers. What does not: reflection over fields
(`_fields`), the constructor's checks (`_construct`), reading (`_decode`), writing (`_encode`), changing (`draft`,
`change`). msgspec is behind this door: no type of it is in a public signature.

**Absent is identity with the default.** A field whose value *is* (not: equals) its default is not written. `{}` and
`[]` on the wire decode to other instances than the shared defaults, so they come back as `{}` and `[]`.

A generated run-time module (`core_v1.py`; annotations stay strings until a decoder is built):

    from __future__ import annotations

    from kubeloop.models import meta_v1
    from kubeloop.models._base import BOOL, FLOAT, INT, LAZY, MAP, NULL, SEQ, STR
    from kubeloop.models._base import Any, Bytes, Duration, IntOrString, Kind, KindList, Lazy, Map, MicroTime, Model
    from kubeloop.models._base import NullBytes, NullMap, NullSeq, Quantity, Seq, Time     # (only those that are used)

    class PodSpec(Model, rename={"node_name": "nodeName", ...}):     # rename: only names that differ from the wire
        node_name: str = ""                                # string,omitempty   (bool: False, int: 0, float: 0.0)
        priority: int | None = None                        # *int32          (pointer to a scalar; CRD-style optional)
        affinity: Affinity | None = None                   # *Affinity       (what is recursive stands behind a pointer,
        volumes: Seq[Volume] = SEQ                         # []Volume,omitempty               Seq or Map)
        containers: NullSeq[Container] = SEQ               # []Container without omitempty: Go writes null for it
        node_selector: Map[str] = MAP                      # map[string]string,omitempty
        limits: NullMap[Quantity] = MAP                    # a map without omitempty
        template: PodTemplateSpec = PodTemplateSpec()      # struct by value: its class stands earlier in the module
        restart_count: int = INT                           # no omitempty: written even when zero (STR BOOL FLOAT too)
        start_time: Time | None = None                     # *metav1.Time, or metav1.Time with omitzero
        last_probe_time: Time | None = NULL                # metav1.Time by value without omitzero: Go writes null
        acquire_time: MicroTime | None = None              # *metav1.MicroTime (by value without omitzero: = NULL)
        port: IntOrString | None = None                    # intstr.IntOrString, with pointer or without
        cpu: Quantity | None = None                        # resource.Quantity, with pointer or without
        timeout: Duration | None = None                    # metav1.Duration, with pointer or without
        ca_bundle: Bytes = b""                             # []byte,omitempty; without omitempty: `NullBytes = b""`
        fields_v1: Any = None                              # FieldsV1, pointer to it, interface, JSON, *RawExtension
        object: Any = NULL                                 # RawExtension by value without omitzero: Go writes null
        rows: Seq[Seq[str]] = SEQ                          # [][]string
        disrupted: Map[Time | None] = MAP                  # map[string]metav1.Time: items may be null. Items that are
                                                           # Time, MicroTime, RawExtension (Any) or pointers: `| None`;
                                                           # Quantity, IntOrString, structs, lists, scalars: not
        choice: JSONSchemaProps | Seq[str] | None = None   # a union on the wire (OrArray, OrBool, OrStringArray)

    class Pod(Kind, api_version="v1", kind="Pod", resource="pods", namespaced=True):
        metadata: meta_v1.ObjectMeta = meta_v1.ObjectMeta()          # no field for kind and apiVersion
        spec: PodSpec = PodSpec()

    class PodList(KindList, api_version="v1", kind="PodList", item=Pod):  # after its item; sets Pod.list_type
        metadata: meta_v1.ListMeta = meta_v1.ListMeta()
        items: NullSeq[Pod] = SEQ

    class Secret(Kind, api_version="v1", kind="Secret", resource="secrets", namespaced=True,
                 rename={"string_data": "stringData"}, secret=("data", "string_data")):     # print as <n bytes>
        data: Map[Bytes] = MAP

- `resource=""` (left out) for payload kinds and subresource bodies that have no collection of their own; `namespaced`
  defaults to False.
- A Python name that is a keyword, or one of `RESERVED`, takes a trailing `_` (and so a `rename` entry). `kind` and
  `api_version` are reserved in a Kind only: a Model may have them (`ObjectReference.kind`).
- ObjectMeta's managedFields is `managed_fields: Lazy[ManagedFieldsEntry] = LAZY` (with its `rename` entry): bytes of
  its own until it is read, `Sequence[ManagedFieldsEntry]` to the reader.
- Modules that need each other: import modules, not names; only by-value structs and `item=` need the other class at
  import time, and Go cannot make a cycle of those.

The stub beside it (`core_v1.pyi`; all that type checkers see; no class keywords but the bases):

    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from kubeloop.models import meta_v1
    from kubeloop.models._base import Kind, KindList, Model
    from kubeloop.models.draft import Dicts, Draft as _Draft, Lists, Nested, ObjectMap, Objects

    class PodSpec(Model):
        node_name: str = ...                               # every field `= ...`
        priority: int | None = ...
        affinity: Affinity | None = ...
        volumes: Sequence[Volume] = ...                    # Seq and NullSeq
        node_selector: Mapping[str, str] = ...             # Map and NullMap
        template: PodTemplateSpec = ...
        start_time: datetime | None = ...                  # Time and MicroTime
        port: int | str | None = ...                       # IntOrString
        cpu: str | None = ...                              # Quantity, Duration
        ca_bundle: bytes = ...
        fields_v1: Any = ...
        rows: Sequence[Sequence[str]] = ...
        disrupted: Mapping[str, datetime | None] = ...
        managed_fields: Sequence[ManagedFieldsEntry] = ... # Lazy
        def draft(self) -> PodSpec.Draft: ...

        class Draft(_Draft[PodSpec]):                      # the same fields without `= ...`, where
            node_name: str                                 #   scalars, Any, unions: as above
            affinity: Nested[Affinity, Affinity.Draft]     #   structs, by value or by pointer
            volumes: Objects[Volume, Volume.Draft]         #   lists of structs (items not `| None`); Lazy too
            node_selector: Dicts[str]                      #   other maps (Dicts[datetime | None], Dicts[Sequence[str]])
            by_name: ObjectMap[Volume, Volume.Draft]       #   maps of structs (items not `| None`)
            rows: Lists[Sequence[str]]                     #   other lists (also of `T | None`)

    class Pod(Kind): ...
    class PodList(KindList[Pod]): ...                      # metadata and items as fields; draft() too
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, dataclass_transform

import msgspec
from msgspec import Raw

from kubeloop.models._markers import (
    BOOL,
    FLOAT,
    HOW_TO_CHANGE,
    INT,
    LAZY,
    MAP,
    NULL,
    NULL_MAP,
    NULL_SEQ,
    SEQ,
    STR,
    Bytes,
    Duration,
    IntOrString,
    Lazy,
    Map,
    Mended,
    MicroTime,
    NullBytes,
    NullMap,
    NullSeq,
    Quantity,
    Seq,
    Time,
)

if TYPE_CHECKING:
    from kubeloop.models.draft import Draft

    # For checkers a model is no msgspec.Struct: mypy would take Struct's own dataclass_transform over ours.
    StructMeta = type

    class Struct:
        """What checkers see of the base of all models."""

        __struct_fields__: ClassVar[tuple[str, ...]]
        __struct_encode_fields__: ClassVar[tuple[str, ...]]
        __struct_defaults__: ClassVar[tuple[Any, ...]]

else:
    from msgspec import Struct, StructMeta

__all__ = [
    "BOOL",
    "FLOAT",
    "INT",
    "LAZY",
    "MAP",
    "NULL",
    "NULL_MAP",
    "NULL_SEQ",
    "RESERVED",
    "SEQ",
    "STR",
    "Any",
    "Bytes",
    "Duration",
    "IntOrString",
    "Kind",
    "KindList",
    "Lazy",
    "Map",
    "Mended",
    "MicroTime",
    "Model",
    "NullBytes",
    "NullMap",
    "NullSeq",
    "Quantity",
    "Seq",
    "Time",
]

RESERVED = frozenset(
    "Draft bool bytes datetime draft finish float from_dict from_yaml int str to_dict to_yaml".split()  # noqa: SIM905
)
"""Field names that take a trailing `_` in every model: methods of models and drafts, builtins that annotations name."""

RESERVED_IN_KINDS = frozenset({"api_version", "kind", "list_type", "namespaced", "resource"})
"""The same for the fields of a Kind: its class variables."""

_force = msgspec.structs.force_setattr


# --- the metaclass ----------------------------------------------------------------------------------------------------


def _setattr(self: object, name: str, _value: object) -> NoReturn:
    raise AttributeError(f"cannot set {name!r} of {type(self).__name__}: {HOW_TO_CHANGE}")


def _delattr(self: object, name: str) -> NoReturn:
    raise AttributeError(f"cannot delete {name!r} of {type(self).__name__}: {HOW_TO_CHANGE}")


def _hide_lazy(name: str, ns: dict[str, Any], rename: dict[str, str]) -> str:
    """Turn a Lazy field into a private field of bytes and a property that parses them; give its annotation."""
    hint = ns["__annotations__"].pop(name)
    ns["__annotations__"]["_" + name] = Raw
    ns["_" + name] = LAZY
    rename["_" + name] = rename.pop(name, name)

    def read(self: Any) -> Any:
        from kubeloop.models._decode import read_lazy

        return read_lazy(type(self), name, getattr(self, "_" + name))

    ns[name] = property(read, doc="Parsed anew at each read, from bytes that the object holds privately.")
    return str(hint)


def _settle(nulls: list[tuple[str, str]], lazy: dict[str, str]) -> Any:
    """What runs after decoding, only in classes that need it: nulls become empty, lazy bytes get a copy of their own.

    (Decoded Raw is a view, which would keep the whole body of a LIST in memory.) Written out as source, as dataclasses
    do: a loop over names takes three times as long, for every object of a LIST.
    """
    lines = [f" if self.{name} is None: force(self, '{name}', {empty})" for name, empty in nulls]
    lines += [f" if self._{name} is not LAZY: force(self, '_{name}', self._{name}.copy())" for name in lazy]
    namespace: dict[str, Any] = {"force": _force, "NULL_SEQ": NULL_SEQ, "NULL_MAP": NULL_MAP, "LAZY": LAZY}
    exec("\n".join(["def settle(self):", *lines]), namespace)  # noqa: S102 (names of fields, which are identifiers)
    return namespace["settle"]


def _lazy_equal(self: Any, other: object) -> Any:
    """Compare; bytes that say the same in another way (white space, order of keys) are equal."""
    same = _equal(self, other)
    if same is not False:
        return same
    lazy: dict[str, str] = self.__lazy__
    for name in lazy:
        ours, theirs = getattr(self, "_" + name), getattr(other, "_" + name)
        if ours == theirs or ours is LAZY or theirs is LAZY or _parse(ours) != _parse(theirs):
            continue
        self = msgspec.structs.replace(self, **{"_" + name: theirs})
    return _equal(self, other)


_EMPTY_OF = (("NullSeq[", "NULL_SEQ"), ("NullMap[", "NULL_MAP"), ("NullBytes", 'b""'))


@dataclass_transform(kw_only_default=True, frozen_default=True)
class ModelMeta(StructMeta):
    """Makes the structs: frozen, out of the garbage collector's sight, keyword-only, defaults left out."""

    __secret__: frozenset[str]
    __lazy__: dict[str, str]

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
        rename: Mapping[str, str] | None = None,
    ) -> ModelMeta:
        names = dict(rename or {})
        hints = ns.setdefault("__annotations__", {})
        lazy = [key for key, value in ns.items() if value is LAZY]
        types_of_lazy = {key: _hide_lazy(key, ns, names) for key in lazy}
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
        if lazy:
            ns["__lazy__"] = types_of_lazy
            ns["__eq__"] = _lazy_equal
        if kind:
            # Hidden fields: what a body says of itself is checked, and an embedded object keeps what it said.
            ns["__annotations__"] = {"_api_version": str, "_kind": str, **hints}
            ns |= {"_api_version": api_version, "_kind": kind}
            names |= {"_api_version": "apiVersion", "_kind": "kind"}
            ns |= {"api_version": api_version, "kind": kind, "resource": resource, "namespaced": namespaced}
            ns["__kind_head__"] = (
                ("_api_version", f'"apiVersion":"{api_version}"'.encode(), api_version),
                ("_kind", f'"kind":"{kind}"'.encode(), kind),
            )
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
        # An own __setattr__ opens `del obj.x` too (one C slot), in every class.
        type.__setattr__(cls, "__delattr__", _delattr)
        if item is not None:
            type.__setattr__(item, "list_type", cls)
        return cls  # type: ignore[no-any-return]

    if not TYPE_CHECKING:

        def __call__(cls, *args: Any, **fields: Any) -> Any:  # noqa: N805
            if not fields and not args:
                try:
                    return cls.__dict__["__empty__"]
                except KeyError:
                    empty = _call(cls)
                    type.__setattr__(cls, "__empty__", empty)
                    return empty
            from kubeloop.models._construct import prepare

            return _call(cls, **prepare(cls, args, fields))

        def __getattr__(cls, name: str) -> Any:  # noqa: N805
            if name == "Draft":
                from kubeloop.models.draft import draft_class

                return draft_class(cls)
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")


_call: Any = StructMeta.__call__
_equal: Any = Struct.__eq__
_parse = msgspec.json.decode


# --- the base classes -------------------------------------------------------------------------------------------------


class Model(Struct, metaclass=ModelMeta):
    """An immutable API value. Build it with keywords, change it through `draft()`."""

    if not TYPE_CHECKING:
        __secret__ = frozenset()
        __lazy__: ClassVar = {}
        __kind_head__ = ()

    def draft(self) -> Draft[Any]:
        """Open a mutable, typed view; its `finish()` gives the new value and the patches.

        Returns: a draft of its own; this object never changes.
        """
        return type(self).Draft(self)  # type: ignore[attr-defined, no-any-return] # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON value, with wire names; a Kind has `apiVersion` and `kind`. The caller owns it."""
        from kubeloop.models._encode import to_data

        return to_data(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a JSON value with wire names, as tolerantly as a server's answer.

        Raises: DecodeError naming the path of what does not fit, or both kinds when it is of another kind.
        """
        from kubeloop.models._decode import decode_data

        return decode_data(data, cls)

    def to_yaml(self) -> str:
        """Write YAML with wire names, which `kubectl` reads."""
        from kubeloop.meta import yaml

        return yaml.dump(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Self:
        """Read one YAML (or JSON) document.

        Raises: DecodeError for text that is no YAML, and as `from_dict`.
        """
        from kubeloop.models._decode import decode_yaml

        return decode_yaml(text, cls)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from kubeloop.models._encode import pickled

        return pickled(self)

    def __repr__(self) -> str:
        from kubeloop.models._construct import show

        return show(self)


class Kind(Model):
    """A model that the API names: it has an apiVersion and a kind, as class variables.

    Equality compares all fields; the hash is that of (type, namespace, name, uid), which agrees with it.
    """

    if TYPE_CHECKING:
        api_version: ClassVar[str]
        kind: ClassVar[str]
        resource: ClassVar[str]
        """The plural in the path; `""` for kinds that have no collection."""
        namespaced: ClassVar[bool]
        list_type: ClassVar[type[KindList[Any]]]
        """The kind of its LIST; missing in kinds that cannot be listed."""
    else:
        api_version = kind = resource = ""
        namespaced = False

        def __hash__(self) -> int:
            meta = getattr(self, "metadata", None)
            if type(self).__hash_list__:
                return hash((type(self), meta.resource_version))
            return hash(
                (type(self), getattr(meta, "namespace", ""), getattr(meta, "name", ""), getattr(meta, "uid", ""))
            )

        __hash_list__ = False


if TYPE_CHECKING:
    K = TypeVar("K", bound=Kind)

    class KindList(Kind, Generic[K]):
        """A LIST of one kind: `metadata` (a ListMeta) and `items`."""

        items: Sequence[K]

else:

    class KindList(Kind):
        """A LIST of one kind: `metadata` (a ListMeta) and `items`."""

        __hash_list__ = True

        def __class_getitem__(cls, _item: Any) -> Any:
            return cls
