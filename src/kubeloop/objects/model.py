"""Model, Kind and KindList: the base classes of all objects, which the generated modules of `kubeloop.models` extend.

Constructing, reading, writing and changing are the business of the modules below, which are imported on first use.
The markers that generated modules need are exported from here; docs/design/models.md describes these modules.
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
"""The field names that take a trailing `_` in every model: methods of models and drafts, builtins in annotations."""

RESERVED_IN_KINDS = frozenset({"api_version", "kind", "list_type", "namespaced", "resource"})
"""The field names that take a trailing `_` in a Kind as well, because they are its class variables."""


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
            from kubeloop.objects.help_texts import describe

            return describe(cls)

        @property
        def __signature__(cls) -> Signature:  # noqa: N805
            from kubeloop.objects.help_texts import signature_of

            return signature_of(cls)

        def __dir__(cls) -> list[str]:  # noqa: N805
            from kubeloop.objects.help_texts import names_of

            return [*names_of(cls), "Draft"]


class Model(FrozenStruct, metaclass=ModelMeta):
    """An immutable API value: construct it with keyword arguments, change it through `draft()`.

    A model that a constructor created, or that was read from a document (`from_dict`, `from_yaml`), knows which fields
    were given. `to_dict`, apply and patches write only these fields, zeros too, so a required field that nobody set is
    never sent as zero. Create and update write the whole object as Go does. A model that was read from a server does
    not know which of its fields were given; apply refuses it.

    A field is absent when its value is (not: equals) the default of its class. `{}` and `[]` in a response decode to
    other instances than the defaults, so they are written back as `{}` and `[]`.
    """

    def draft(self) -> Draft[Any]:
        """Return a mutable, typed view of this object, whose `finish()` returns the new value and the patches.

        This object never changes.
        """
        return type(self).Draft(self)  # type: ignore[attr-defined, no-any-return] # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON value with API field names; that of a Kind has `apiVersion` and `kind`.

        Returns:
            A dictionary that the caller owns. For a model that was constructed, or read from a document, it has the
            fields that were given and no others. For a model that was read from a server it has every field that is
            not absent, and the zeros that Go always writes.
        """
        from kubeloop.objects.given_fields import given_of
        from kubeloop.objects.json.encode import to_data
        from kubeloop.objects.json.encode_given import head_of, written

        if given_of(self) is None:
            return to_data(self)  # type: ignore[no-any-return]
        return head_of(type(self)) | written(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create an object from a JSON value with API field names, as tolerantly as from a response, but drop nothing.

        A member that the class does not have is kept beside the object, at any depth: `repr` shows it, `draft()` keeps
        it, and create, update and apply send it. The server then warns of it, or refuses it with
        `field_validation="Strict"`.

        Raises:
            DecodeError: A value does not fit its field, with the path of the field; or the object is of another kind,
                with both kinds.
        """
        from kubeloop.errors import DecodeError
        from kubeloop.objects.json.decode_document import decode_document
        from kubeloop.objects.json.encode import dumps
        from kubeloop.objects.plain_data import plain

        return decode_document(dumps(plain(data, cls.__name__, DecodeError)), cls)

    def to_yaml(self) -> str:
        """Return the object as YAML with API field names, which `kubectl` reads."""
        from kubeloop.meta import yaml

        return yaml.dump(self.to_dict())

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Self:
        """Create an object from one YAML or JSON document; unknown members are kept as by `from_dict`.

        Raises:
            DecodeError: The text is not YAML, and as for `from_dict`.
        """
        from kubeloop.objects.json.decode_document import decode_yaml

        return decode_yaml(text, cls)

    def __read_lazy__(self, name: str, stored: Any) -> Any:
        from kubeloop.objects.json.decode import read_lazy

        return read_lazy(type(self), name, stored)

    def __dir__(self) -> list[str]:
        from kubeloop.objects.help_texts import names_of

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
    """A model with an apiVersion and a kind, which are class variables.

    Equality compares all fields. The hash is computed from type, namespace, name and uid, which agrees with equality.
    """

    if TYPE_CHECKING:
        metadata: meta_v1.ObjectMeta = _inherited(init=False)
        """The metadata; missing in kinds of which no object is stored, such as `DeleteOptions`."""
        api_version: ClassVar[str]
        kind: ClassVar[str]
        resource: ClassVar[str]
        """The plural name in request paths; `""` for a kind without a collection."""
        namespaced: ClassVar[bool]
        list_type: ClassVar[type[KindList[Any]]]
        """The class of its LIST; a kind that cannot be listed has no such attribute."""
    else:
        api_version = kind = resource = ""
        namespaced = False

        def __hash__(self) -> int:
            meta, cls = getattr(self, "metadata", None), type(self).__plain__ or type(self)
            if cls.__hash_list__:
                return hash((cls, meta.resource_version))
            return hash((cls, getattr(meta, "namespace", ""), getattr(meta, "name", ""), getattr(meta, "uid", "")))

        __hash_list__ = False


if TYPE_CHECKING:
    K = TypeVar("K", bound=Kind)

    class KindList(Kind, Generic[K]):
        """The LIST of a kind: `metadata` (a ListMeta) and `items`; a sequence of the items.

        >>> for pod in await pods.list():
        ...     print(pod.metadata.name)

        `len()`, indexing, slicing and `in` use the items, and a list without items is false.
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
            """The items of the response that could not be read, by key; they exist, but `items` lacks them.

            The key of an item whose name cannot be read is `"#<index>"`. Copies and pickles keep the mapping. Equality
            ignores it, and it is not written; a list that was changed through a draft has none.
            """
            ...

else:

    class KindList(Kind):
        """The LIST of a kind: `metadata` (a ListMeta) and `items`; a sequence of the items.

        >>> for pod in await pods.list():
        ...     print(pod.metadata.name)

        `len()`, indexing, slicing and `in` use the items, and a list without items is false.
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
            """The items of the response that could not be read, by key; they exist, but `items` lacks them."""
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
