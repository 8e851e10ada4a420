"""Model, Kind, KindList: frozen structs whose defaults mean "absent"; and how generated modules look.

What lives here: the three base classes, and the contract of generated modules. What does not: the markers (`markers`,
exported from here), the metaclass (`metaclass`), reflection (`reflection`), the constructor's checks (`construct`),
reading (`decode`), writing (`encode`), changing (`draft`, `change`). msgspec is behind this door: no type of it is in
a public signature.

**Absent is identity with the default.** A field whose value *is* (not: equals) its default is not written. `{}` and
`[]` on the wire decode to other instances than the shared defaults, so they come back as `{}` and `[]`.

A generated run-time module (`core_v1.py`; annotations stay strings until a decoder is built):

    from __future__ import annotations

    from kubeloop.models import meta_v1
    from kubeloop.objects.model import BOOL, BYTES_OR_NULL, FLOAT, INT, LAZY, MAP, NULL, NULLABLE, SEQ, STR
    from kubeloop.objects.model import Any, Bytes, Duration, IntOrString, Kind, KindList, Lazy, Map, MicroTime, Model
    from kubeloop.objects.model import NullBytes, NullMap, NullSeq, Quantity, Seq, Time     # (only those that are used)

    class PodSpec(Model, rename={"node_name": "nodeName", ...}):     # rename: only names that differ from the wire
        node_name: str = ""                                # string,omitempty   (bool: False, int: 0)
        ratio: float | int = 0.0                           # float64,omitempty: a whole number is written as it was read
        priority: int | None = None                        # *int32          (pointer to a scalar; CRD-style optional)
        affinity: Affinity | None = None                   # *Affinity       (what is recursive stands behind a pointer,
        volumes: Seq[Volume] = SEQ                         # []Volume,omitempty               Seq or Map)
        containers: NullSeq[Container] = SEQ               # []Container without omitempty: Go writes null for it
        node_selector: Map[str] = MAP                      # map[string]string,omitempty
        limits: NullMap[Quantity] = MAP                    # a map without omitempty
        template: PodTemplateSpec = PodTemplateSpec()      # struct by value: its class stands earlier in the module
        restart_count: int = INT                           # no omitempty: written even when zero (STR BOOL FLOAT BYTES)
        start_time: Time | None = None                     # *metav1.Time, or metav1.Time with omitzero
        last_probe_time: Time | None = NULL                # metav1.Time by value without omitzero: Go writes null
        acquire_time: MicroTime | None = None              # *metav1.MicroTime (by value without omitzero: = NULL)
        not_after: ExactTime | None = None                 # a date-time of a CRD: its text is written back as it was
        port: IntOrString | None = None                    # intstr.IntOrString, with pointer or without
        cpu: Quantity | None = None                        # resource.Quantity, with pointer or without
        timeout: Duration | None = None                    # metav1.Duration, with pointer or without
        ca_bundle: Bytes = b""                             # []byte,omitempty
        request: NullBytes = BYTES_OR_NULL                 # []byte without omitempty: Go writes "" or null
        selector: LabelSelector | None = NULL              # a pointer without omitempty: Go writes null for it; a field
                                                           # of a CRD that is required and nullable
        size: int | None = NULLABLE                        # nullable in a CRD, not required: null is not absent; lists
                                                           # and maps: NullSeq and NullMap
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

- `preserve=True`: the server keeps members that are no fields (`x-kubernetes-preserve-unknown-fields` beside
  properties), and so does the class, from whatever it is read; see `unknown_members`.
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
    from kubeloop.objects.model import Kind, KindList, Model
    from kubeloop.objects.draft import Dicts, Draft as _Draft, Lists, Nested, ObjectMap, Objects

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

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, dataclass_transform, overload

from kubeloop.objects.frozen_struct import FrozenStruct, FrozenStructMeta, force, make, note_given
from kubeloop.objects.markers import (
    BOOL,
    BYTES,
    BYTES_OR_NULL,
    FLOAT,
    INT,
    LAZY,
    MAP,
    NULL,
    NULL_BYTES,
    NULL_MAP,
    NULL_SEQ,
    NULLABLE,
    SEQ,
    STR,
    Bytes,
    Duration,
    ExactTime,
    IntOrString,
    Lazy,
    Map,
    Mended,
    MicroTime,
    NullBytes,
    NullMap,
    NullSeq,
    PartialItems,
    Quantity,
    Seq,
    Time,
)

if TYPE_CHECKING:
    from inspect import Signature

    from kubeloop.errors import Unreadable
    from kubeloop.models import meta_v1
    from kubeloop.objects.draft import Draft

__all__ = [
    "BOOL",
    "BYTES",
    "BYTES_OR_NULL",
    "FLOAT",
    "INT",
    "LAZY",
    "MAP",
    "NULL",
    "NULLABLE",
    "NULL_BYTES",
    "NULL_MAP",
    "NULL_SEQ",
    "RESERVED",
    "SEQ",
    "STR",
    "Any",
    "Bytes",
    "Duration",
    "ExactTime",
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


# --- the base classes -------------------------------------------------------------------------------------------------


def _inherited(*, init: bool) -> Any:
    """Declare to type checkers a field of a base class that is no parameter of its subclasses' constructors."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(_inherited,))
class ModelMeta(FrozenStructMeta):
    """Adds the checks of the constructor and the class attribute `Draft` to the metaclass of structs."""

    if not TYPE_CHECKING:

        def __call__(cls, *args: Any, **fields: Any) -> Any:  # noqa: N805
            if not fields and not args:
                try:
                    return cls.__dict__["__empty__"]
                except KeyError:
                    empty = make(cls)
                    note_given(empty, ())
                    type.__setattr__(cls, "__empty__", empty)
                    return empty
            from kubeloop.objects.construct import absent, prepare

            made = make(cls, **prepare(cls, args, fields))
            note_given(made, tuple(name for name, value in fields.items() if not absent(cls, name, value)))
            return made

        def __getattr__(cls, name: str) -> Any:  # noqa: N805
            if name == "Draft":
                from kubeloop.objects.draft import draft_class

                return draft_class(cls.__plain__ or cls)
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")

        @property
        def __doc__(cls) -> str:  # noqa: N805
            own = cls.__dict__.get("__doc__")
            if own is not None:
                return own
            from kubeloop.objects.introspection import describe

            return describe(cls)

        @property
        def __signature__(cls) -> Signature:  # noqa: N805
            from kubeloop.objects.introspection import signature_of

            return signature_of(cls)

        def __dir__(cls) -> list[str]:  # noqa: N805
            from kubeloop.objects.introspection import names_of

            return [*names_of(cls), "Draft"]


class Model(FrozenStruct, metaclass=ModelMeta):
    """An immutable API value. Build it with keywords, change it through `draft()`.

    A model that a constructor made, or that was read from a document (`from_dict`, `from_yaml`), knows which fields
    were given. `to_dict`, apply and patches write just those, zeros too, so that a required field that nobody set is
    never sent as zero; create and update write the whole object as Go does. A model that a server sent does not know
    it: apply refuses it.
    """

    def draft(self) -> Draft[Any]:
        """Open a mutable, typed view; its `finish()` gives the new value and the patches.

        Returns: a draft of its own; this object never changes.
        """
        return type(self).Draft(self)  # type: ignore[attr-defined, no-any-return] # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value, with wire names; a Kind has `apiVersion` and `kind`. The caller owns it.

        Of a model that was built, or read from a document, it has the fields that were given and no others; of one that
        a server sent it has everything that is not absent, and the zeros that Go always writes.
        """
        from kubeloop.objects.given import given_of
        from kubeloop.objects.json.encode import to_data
        from kubeloop.objects.json.encode_given import head_of, written

        if given_of(self) is None:
            return to_data(self)  # type: ignore[no-any-return]
        return head_of(type(self)) | written(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a JSON value with wire names, as tolerantly as a server's response, but without dropping anything.

        A member that the class does not have is kept beside the object, at whatever depth: `repr` shows it, `draft()`
        carries it, and create, update and apply send it, so that the server warns or, with
        `field_validation="Strict"`, refuses.

        Raises: DecodeError naming the path of what does not fit, or both kinds when it is of another kind.
        """
        from kubeloop.errors import DecodeError
        from kubeloop.objects.json.decode_document import decode_document
        from kubeloop.objects.json.encode import dumps
        from kubeloop.objects.plain_data import plain

        return decode_document(dumps(plain(data, cls.__name__, DecodeError)), cls)

    def to_yaml(self) -> str:
        """Write YAML with wire names, which `kubectl` reads."""
        from kubeloop.meta import yaml

        return yaml.dump(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Self:
        """Read one YAML (or JSON) document; unknown members are kept, as `from_dict` does.

        Raises: DecodeError for text that is no YAML, and as `from_dict`.
        """
        from kubeloop.objects.json.decode_document import decode_yaml

        return decode_yaml(text, cls)

    def __read_lazy__(self, name: str, stored: Any) -> Any:
        from kubeloop.objects.json.decode import read_lazy

        return read_lazy(type(self), name, stored)

    def __dir__(self) -> list[str]:
        from kubeloop.objects.introspection import names_of

        return names_of(type(self))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from kubeloop.objects.json.pickling import pickled

        return pickled(self)

    def __repr__(self) -> str:
        from kubeloop.objects.display import show

        return show(self)


class Kind(Model):
    """A model that the API names: it has an apiVersion and a kind, as class variables.

    Equality compares all fields; the hash is that of (type, namespace, name, uid), which agrees with it.
    """

    if TYPE_CHECKING:
        metadata: meta_v1.ObjectMeta = _inherited(init=False)
        """The metadata; missing in kinds of which no object is stored, such as `DeleteOptions`."""
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
        """A LIST of one kind: `metadata` (a ListMeta) and `items`; a sequence of the items.

        >>> for pod in await pods.list():
        ...     print(pod.metadata.name)

        `len()`, indexing, slicing and `in` go by the items, and a list without items is false.
        """

        metadata: meta_v1.ListMeta = _inherited(init=False)  # type: ignore[assignment] # pyright: ignore[reportIncompatibleVariableOverride]
        items: Sequence[K]

        def __iter__(self) -> Iterator[K]: ...
        def __len__(self) -> int: ...
        @overload
        def __getitem__(self, index: int) -> K: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[K]: ...
        def __getitem__(self, index: int | slice) -> K | Sequence[K]: ...

        @property
        def unreadable(self) -> Mapping[str, Unreadable]:
            """The items of the response that could not be read, by key; they exist, and `items` lacks them.

            An item whose name cannot be read stands under `"#<index>"`. Copies and pickles keep the mapping. It is no
            part of equality, and is not written; a list that was changed through a draft has none.
            """
            ...

else:

    class KindList(Kind):
        """A LIST of one kind: `metadata` (a ListMeta) and `items`; a sequence of the items.

        >>> for pod in await pods.list():
        ...     print(pod.metadata.name)

        `len()`, indexing, slicing and `in` go by the items, and a list without items is false.
        """

        __hash_list__ = True

        def __iter__(self) -> Iterator[Any]:
            return iter(self.items)

        def __len__(self) -> int:
            return len(self.items)

        def __getitem__(self, index: int | slice) -> Any:
            return self.items[index]

        @property
        def unreadable(self) -> Mapping[str, Unreadable]:
            """The items of the response that could not be read, by key; they exist, and `items` lacks them."""
            return getattr(self.items, "unreadable", MAP)

        def __reduce__(self) -> tuple[Any, ...]:
            found = super().__reduce__()
            return (_unpickle_list, (*found, self.unreadable)) if self.unreadable else found

        def __class_getitem__(cls, _item: Any) -> Any:
            return cls

    def _unpickle_list(make: Any, arguments: tuple[Any, ...], unreadable: Mapping[str, Unreadable]) -> Any:
        obj = make(*arguments)
        force(obj, "items", PartialItems.of(obj.items, unreadable))
        return obj
