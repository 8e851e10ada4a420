"""Reading: JSON bytes to models, fast when they are as expected, tolerant when they are not.

What lives here: one pass of msgspec for what a server usually says; a repair, guided by the types, for what Go reads
without complaint and the types do not have (nulls, base64 with newlines, quantities written as numbers); the check of
the kind; the splitting of a LIST of which an item cannot be read. The first pass pays for none of it.

An object that does not fit its class is `Unreadable`, which says nothing about whether it exists. How deeply one may
be nested is bounded by the interpreter's recursion limit (on CPython 3.11 1,000 levels, less the frames in use), for
whatever reads, compares or writes it later recurses as well. What is deeper is unreadable, too; a server stores up to
10,000 levels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from kubeloop.errors import DecodeError, Unreadable
from kubeloop.objects.exact_time import decode_exact
from kubeloop.objects.json import scan as json_scan
from kubeloop.objects.json.annotations import resolve
from kubeloop.objects.json.encode import dumps, rewrite
from kubeloop.objects.json.time_texts import has_fine_digits, is_time, time_text
from kubeloop.objects.markers import PartialItems
from kubeloop.objects.model import LAZY, Mended
from kubeloop.objects.reflection import Shape, fields_of
from kubeloop.objects.type_guards import class_of, is_dict, is_list
from kubeloop.objects.unknown_members import keeps_rest, with_rest

__all__ = [
    "BROKEN",
    "TypeMeta",
    "as_embedded",
    "decode",
    "decode_data",
    "decode_document",
    "decode_list",
    "decode_list_document",
    "decode_yaml",
    "decoder",
    "decoding_list",
    "explained",
    "finish",
    "parse",
    "read_items",
    "read_lazy",
    "replace_items",
    "split_list",
    "unreadable",
]

T = TypeVar("T")
ITEMS_A_STEP = 64
_force = msgspec.structs.force_setattr
BROKEN = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
"""What msgspec raises for bytes that are not JSON, and for JSON that is nested deeper than the recursion limit."""


class TypeMeta(msgspec.Struct, gc=False, rename={"api_version": "apiVersion"}):
    """What a body says of itself."""

    api_version: str = ""
    kind: str = ""


@cache
def decoder(cls: Any) -> msgspec.json.Decoder[Any] | _KeepingDecoder:
    """The one decoder of a type."""
    resolve(cls)
    exact = msgspec.json.Decoder(cls, dec_hook=decode_exact)
    return _KeepingDecoder(exact) if keeps_rest(cls) else exact


class _KeepingDecoder:
    """Decodes types that preserve unknown fields: a second pass, without types, finds those.

    It takes about twice the time, which no other type pays.
    """

    def __init__(self, exact: msgspec.json.Decoder[Any]) -> None:
        self._exact = exact

    def decode(self, data: bytes | str) -> Any:
        """Decode one value."""
        return with_rest(self._exact.decode(data), msgspec.json.decode(data), everywhere=False)


def decode(data: bytes | str, cls: type[T]) -> T:
    """Read one object.

    Unknown fields are skipped, nulls read as absent (in a list or map as Go's zero). An object that names another kind
    or apiVersion than `cls` is refused; one that names none is taken.

    Raises: DecodeError naming the object and the path of the field, or both kinds.
    """
    obj = _read(data, cls)
    check_kind(obj)
    return cast("T", obj)


def _read(data: bytes | str | Raw, cls: Any) -> Any:
    """Read a value of a type, tolerantly; the kind is not checked.

    Raises: DecodeError.
    """
    try:
        return decoder(cls).decode(data)
    except msgspec.ValidationError as error:
        return _second_try(bytes(data) if isinstance(data, Raw) else data, cls, error)
    except BROKEN as error:
        raise broken(cls.__name__, data, error) from error


def _require_kind(obj: Any) -> None:
    """Refuse a list whose body did not say its kind: `{}` is not an empty list.

    Raises: DecodeError.
    """
    cls = class_of(obj)
    # The default itself means that nothing was said: what is decoded is another instance.
    if cls.__kind_head__ and (obj._kind is cls.kind or not obj._kind):
        raise DecodeError(f"expected {cls.api_version} {cls.kind}, got an object that names no kind")


def decode_data(data: Mapping[str, Any], cls: type[T]) -> T:
    """Read one object from a JSON value with wire names; see `decode`."""
    return decode(dumps(data), cls)


def decode_document(data: bytes, cls: type[T]) -> T:
    """Read one object that a user wrote: as `decode`, but what its classes do not have is kept beside it.

    The object knows which fields were given.

    Raises: DecodeError.
    """
    from kubeloop.objects.given import noted_document

    obj: Any = decode(data, cls)
    try:
        if has_fine_digits(data):
            obj = _exactly(obj, data, cls)
        tree = parse(data, cls.__name__)  # which looks at members, too, that the class does not have
        return cast("T", noted_document(with_rest(obj, tree, everywhere=True), tree))
    except BROKEN as error:  # in what the class does not have
        raise broken(cls.__name__, data, error) from error


def _exactly(obj: Any, data: bytes, cls: Any) -> Any:
    """Decode again if a time was rounded: what is finer than microseconds is cut."""
    repair = _Repair()
    fixed = repair.mend_object(parse(data, cls.__name__), cls, ())
    if repair.changed:
        obj = decode(rewrite(fixed), cls)
        repair.mark(obj)
    return obj


def decode_list_document(data: bytes, cls: type[T]) -> T:
    """Read a LIST that a user wrote: as `decode_list`, but what its classes do not have is kept.

    Raises: DecodeError, never for one item.
    """
    from kubeloop.objects.given import noted_document

    obj: Any = decode_list(data, cls)
    tree = parse(data, cls.__name__)
    if len(obj.items) != len(tree.get("items") or ()):  # some were left out
        item = fields_of(cast("Any", cls))["items"].shape.model
        tree["items"] = [each for each in tree["items"] if _fits(each, item)]
    return cast("T", noted_document(with_rest(obj, tree, everywhere=True), tree))


def _fits(tree: Any, cls: Any) -> bool:
    try:
        decode(rewrite(tree), cls)
    except DecodeError:
        return False
    return True


def decode_yaml(text: str | bytes, cls: type[T]) -> T:
    """Read one object from YAML (or JSON) text; see `decode_document`.

    Raises: DecodeError for text that is no YAML, too.
    """
    from kubeloop.meta import yaml

    return decode_document(dumps(yaml.load(text)), cls)


def decode_list(data: bytes, cls: type[T]) -> T:
    """Read a LIST. Items that cannot be read are left out and stand in its `unreadable`; the rest arrive.

    Args:
        data: the body. It must name its kind: an empty object is not a list.
        cls: a KindList.

    Raises: DecodeError for a body that is not JSON or not a list of this kind, never for one item.
    """
    try:
        obj = decoder(cast("Any", cls)).decode(data)
    except (msgspec.ValidationError, *BROKEN) as error:
        return finish(decoding_list(data, cls, error))
    _require_kind(obj)
    check_kind(obj)
    return cast("T", obj)


def decoding_list(data: bytes, cls: type[T], error: Exception | None = None) -> Generator[None, None, T]:
    """Do what `decode_list` does in steps of a few milliseconds, so that a loop can run others in between.

    It takes a sixth longer in all: the first step looks through the whole body to find where its items begin and end,
    and takes a fifth as long as reading it.

    Args:
        data: the body.
        cls: a KindList.
        error: what reading it at once ended with, if that was tried.
    """
    head, raws = split_list(data, cls.__name__, error)
    obj: Any = _read(head, cls)
    _require_kind(obj)
    check_kind(obj)
    if raws is not None:
        item: Any = fields_of(cls)["items"].shape.model or Any  # type: ignore[arg-type]
        items = yield from read_items(raws, cls, lambda raw: _read(raw, item), item)
        _force(obj, "items", items)
    return cast("T", obj)


def read_items(
    raws: Sequence[Raw | bytes], cls: Any, read: Callable[[Raw | bytes], Any], item: Any
) -> Generator[None, None, Sequence[Any]]:
    """Read the items of a LIST one by one, in steps; those that cannot be read are carried as `PartialItems`.

    Args:
        raws: the items.
        cls: the class of the list, for messages.
        read: reads one item, or raises DecodeError.
        item: the class of the items.
    """
    items: list[Any] = []
    unread: dict[str, Unreadable] = {}
    for number, raw in enumerate(raws):
        try:
            items.append(read(raw))
        except DecodeError as error:
            report = unreadable(bytes(raw), item, error, f"item {number} of {cls.__name__}: ")
            unread[report.key or f"#{number}"] = report
        if not number % ITEMS_A_STEP:
            yield
    return PartialItems.of(items, unread)


def split_list(data: bytes, what: str, error: Exception | None) -> tuple[bytes, Sequence[Raw | bytes] | None]:
    """Split a LIST into what stands beside the items, as an object of its own, and the items; None if it has none.

    Args:
        data: the body.
        what: names the list in messages.
        error: what reading it at once ended with, if that was tried.

    Raises: DecodeError for a body that is not JSON or not a list at all.
    """
    try:
        parts: _Parts = decoder(_Parts).decode(data)
    except msgspec.ValidationError as problem:
        raise DecodeError(f"{what}: {explained(error or problem)}") from error
    except BROKEN as problem:
        try:
            return _split_by_brackets(data)
        except json_scan.Malformed:
            raise broken(what, data, error or problem) from problem
    raws, parts.items = parts.items, msgspec.UNSET
    return rewrite(parts), None if raws is msgspec.UNSET else raws or ()


def unreadable(data: bytes, cls: Any, error: DecodeError, place: str = "") -> Unreadable:
    """Return the error for an object that its class cannot read, with what identifies it as far as that can be read.

    An object of another kind is not one that `cls` stands for: its name is left out.

    Args:
        data: the object.
        cls: its class.
        error: why it cannot be read.
        place: stands before the message.
    """
    known = json_scan.identity(data)
    api_version, kind = known.pop("api_version", ""), known.pop("kind", "")
    heads = getattr(cls, "__kind_head__", ())
    if heads and ((kind and kind != cls.kind) or (api_version and api_version != cls.api_version)):
        known = {}
    return Unreadable(f"{place}{error}", **known)


def finish(steps: Generator[None, None, T]) -> T:
    """Do all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("T", done.value)


def check_kind(obj: Any) -> None:
    """Refuse an object that was read from a body of another kind; forget what the body said of its own.

    Raises: DecodeError naming both kinds.
    """
    heads = class_of(obj).__kind_head__
    if not heads:
        return
    (_, _, api_version), (_, _, kind) = heads
    if obj._kind is not kind:
        if obj._kind and obj._kind != kind:
            raise other_kind(class_of(obj), obj._api_version, obj._kind)
        _force(obj, "_kind", kind)
    if obj._api_version is not api_version:
        if obj._api_version and obj._api_version != api_version:
            raise other_kind(class_of(obj), obj._api_version, obj._kind)
        _force(obj, "_api_version", api_version)


def as_embedded(obj: Any, said: TypeMeta) -> Any:
    """Let an object that was just decoded keep what its body said of its kind, so that it is written within another."""
    _force(obj, "_kind", said.kind)
    _force(obj, "_api_version", said.api_version)
    return obj


def replace_items(obj: Any, items: list[Any]) -> None:
    """Put other items into a list that was just decoded."""
    _force(obj, "items", tuple(items))


def other_kind(cls: Any, api_version: str, kind: str) -> DecodeError:
    """The error for a body of another kind."""
    return DecodeError(f"expected {cls.api_version} {cls.kind}, got {api_version or '?'} {kind or '?'}")


def broken(what: str, data: bytes | str | Raw, error: Exception) -> DecodeError:
    """The error for bytes that are not JSON; it never quotes them, and what it comes from does not keep them."""
    if isinstance(error, RecursionError):
        return DecodeError(f"{what}: not readable as JSON: nested too deeply (see sys.getrecursionlimit)")
    said = str(error)
    if isinstance(error, UnicodeDecodeError):
        error.object, error.args = b"", ()
    data = data if isinstance(data, str) else bytes(data)
    start = bytes(data[:64] if isinstance(data, bytes) else data[:64].encode(errors="replace")).lstrip()[:1]
    looks = " (it looks like HTML)" if start == b"<" else " (it is empty)" if not data else ""
    # msgspec says the place of all but this.
    place = f" (byte {len(data)})" if is_truncated(error) and data else ""
    return DecodeError(f"{what}: not readable as JSON{looks}: {said}{place}")


def is_truncated(error: Exception) -> bool:
    """Say if text is JSON as far as it goes, but ends too early."""
    return str(error) == "Input data was truncated"


def parse(data: bytes | str | Raw, what: str) -> Any:
    """Read any JSON value.

    Raises: DecodeError.
    """
    try:
        return msgspec.json.decode(data)
    except BROKEN as error:
        raise broken(what, data, error) from error


def read_lazy(cls: Any, name: str, raw: Raw) -> Any:
    """Parse a lazy field.

    Raises: DecodeError.
    """
    if raw is LAZY:
        return ()
    shape = fields_of(cls)[name].shape
    what = f"{cls.__name__}.{name}"
    try:
        return decoder(shape.hint).decode(raw)
    except msgspec.ValidationError as error:
        tree = parse(raw, what)
        if tree is None:
            return ()
        try:
            return decoder(shape.hint).decode(rewrite(_Repair().mend_lazy(tree, shape)))
        except msgspec.ValidationError:
            raise DecodeError(f"{what}: {explained(error)}") from error
    except BROKEN as error:
        raise broken(what, raw, error) from error


# --- the slow path ---------------------------------------------------------------------------------------------------


def _second_try(data: bytes | str, cls: Any, error: Exception) -> Any:
    """Read what did not fit: mend what Go would accept, and say what it was when that does not help."""
    try:
        return _mended(data, cls, error)
    except RecursionError as too_deep:  # the repair recurses, too, and has fewer levels left than the decoder
        raise broken(cls.__name__, data, too_deep) from error


def _mended(data: bytes | str, cls: Any, error: Exception) -> Any:
    tree = parse(data, cls.__name__)
    if is_dict(tree):
        said = tree
        if cls.__kind_head__:
            api_version, kind = said.get("apiVersion", cls.api_version), said.get("kind", cls.kind)
            if (api_version or cls.api_version, kind or cls.kind) != (cls.api_version, cls.kind):
                raise other_kind(cls, str(api_version), str(kind)) from error
        repair = _Repair()
        fixed = repair.mend_object(said, cls, ())
        if repair.changed:
            try:
                obj = decoder(cls).decode(rewrite(fixed))
            except msgspec.ValidationError as second:
                error = second
            else:
                repair.mark(obj)
                return obj
        raise DecodeError(f"{_name_of(cls, said)}: {_with_keys(explained(error), fixed, cls)}") from error
    raise DecodeError(f"{cls.__name__}: {explained(error)}") from error


class _Parts(msgspec.Struct, gc=False, rename={"api_version": "apiVersion"}, omit_defaults=True):
    """A LIST, its parts not yet looked at."""

    api_version: Raw = Raw()
    kind: Raw = Raw()
    metadata: Raw = Raw()
    items: list[Raw] | msgspec.UnsetType | None = msgspec.UNSET


def _split_by_brackets(data: bytes) -> tuple[bytes, Sequence[bytes] | None]:
    """Do what `split_list` does for a LIST that msgspec cannot even skip through.

    Raises: Malformed.
    """
    head: list[bytes] = []
    raws: Sequence[bytes] | None = None
    for key, start, end in json_scan.whole_members(data):
        if key != b'"items"':
            head.append(key + b":" + data[start:end])
        elif data[start:end] == b"null":
            raws = ()
        else:
            raws = [data[at:until] for at, until in json_scan.elements(data, start)]
    return b"{" + b",".join(head) + b"}", raws


def _name_of(cls: Any, data: dict[str, Any]) -> str:
    """The class and, where the data say so, the namespace and name."""
    metadata = data.get("metadata")
    meta = metadata if is_dict(metadata) else dict[str, Any]()
    name = "/".join(part for part in (meta.get("namespace"), meta.get("name")) if isinstance(part, str) and part)
    return f"{cls.__name__} {name}" if name else str(cls.__name__)


def explained(error: Exception) -> str:
    """msgspec's message with the path first: `spec.priority: expected int, got str`."""
    text = str(error).replace("`", "")
    text = text[:1].lower() + text[1:]
    found = re.fullmatch(r"(.*) - at \$\.?(.*)", text, re.DOTALL)
    return f"{found[2]}: {found[1]}" if found and found[2] else text.removesuffix(" - at $")


def _with_keys(text: str, tree: Any, cls: Any) -> str:
    """Put the keys of maps into a message, for which msgspec writes `[...]`: the first entry that cannot be read."""
    path, colon, rest = text.partition(": ")
    shape: Shape | None = Shape("object", cls, model=cls)
    done = ""
    for step in re.findall(r"\[[^\[\]]*\]|[^.\[]+", path) if "[...]" in path else ():
        if shape is not None and shape.category == "object" and is_dict(tree):
            field = next((one for one in fields_of(shape.model).values() if one.wire == step), None)
            tree, shape = tree.get(step), field.shape if field is not None else None
            done += f".{step}"
            continue
        shape = shape.item if shape is not None else None
        if shape is not None and is_list(tree) and step[1:-1].isdigit():
            tree, done = tree[int(step[1:-1])], done + step
        elif shape is not None and is_dict(tree) and step == "[...]":
            key = next((key for key, value in tree.items() if not _is_readable(value, shape)), "...")
            tree, done = tree.get(key), f"{done}[{key!r}]"
        else:
            return text
    return f"{done[1:]}{colon}{rest}" if done else text


def _is_readable(value: Any, shape: Shape) -> bool:
    try:
        decoder(shape.hint | None if shape.optional else shape.hint).decode(rewrite(value))
    except msgspec.ValidationError:
        return False
    return True


class _Repair:
    """Makes a JSON value fit where Go would: the types tell what a null means."""

    def __init__(self) -> None:
        self.changed = False
        self._mended: list[tuple[str | int, ...]] = []

    def mend_object(self, tree: dict[str, Any], cls: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
        """Mend one object's fields; a null field is absent."""
        for field in fields_of(cls).values():
            value = tree.get(field.wire)
            if value is None:
                if field.wire in tree and not field.shape.optional:
                    del tree[field.wire]
                    self.changed = True
            else:
                tree[field.wire] = self.mend(value, field.shape, (*path, field.name))
        return tree

    def mend_lazy(self, value: Any, shape: Shape) -> Any:
        """Mend what a lazy field holds: a list of objects."""
        return [self._item(each, shape.item, ()) for each in value] if shape.item and is_list(value) else value

    def mend(self, value: Any, shape: Shape, path: tuple[str | int, ...]) -> Any:
        """Mend one value that is not null."""
        category = shape.category
        if category == "lazy":
            return value  # it stays bytes, which are mended when they are read
        if category == "object" and is_dict(value):
            return self.mend_object(value, shape.model, path)
        item = shape.item
        if item is not None and is_list(value):
            if None in value and not item.optional:
                self._mended.append(path)
            return [self._item(each, item, (*path, n)) for n, each in enumerate(value)]
        if item is not None and is_dict(value):
            return {key: self._item(each, item, (*path, key)) for key, each in value.items()}
        if category == "scalar":
            return self._scalar(value, shape)
        return value

    def mark(self, obj: Any) -> None:
        """Mark the lists in which an item was null: their indexes are ours, not the server's."""
        for path in self._mended:
            owner = obj
            for step in path[:-1]:
                owner = getattr(owner, step) if isinstance(step, str) and hasattr(owner, step) else owner[step]
            name = path[-1]
            if isinstance(name, str) and hasattr(owner, name):
                _force(owner, name, Mended(getattr(owner, name)))

    def _item(self, value: Any, shape: Shape, path: tuple[str | int, ...]) -> Any:
        if value is not None:
            return self.mend(value, shape, path)
        if shape.optional:
            return None
        self.changed = True
        return _zero(shape)

    def _scalar(self, value: Any, shape: Shape) -> Any:
        fixed = value
        if shape.go == "Quantity" and type(value) in (int, float):
            fixed = repr(value)
        elif shape.accepts == (bytes,) and isinstance(value, str):
            fixed = value.replace("\n", "").replace("\r", "")
        elif is_time(shape) and isinstance(value, str):
            fixed = time_text(value)
        if fixed is not value:
            self.changed = self.changed or fixed != value
        return fixed


def _zero(shape: Shape) -> Any:
    """Go's zero, as JSON, for a null in a list or map."""
    if shape.category in ("object", "map", "object_map"):
        return {}
    if shape.item is not None:
        return []
    if shape.go == "Quantity":
        return "0"
    zeros: dict[type, Any] = {str: "", bytes: "", int: 0, float: 0.0, bool: False}
    return next((zeros[kind] for kind in shape.accepts if kind in zeros), None)
