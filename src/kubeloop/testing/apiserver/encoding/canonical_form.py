"""An object as Go's types read and write it: unknown fields are dropped, empty ones omitted, values canonical.

A class is compiled into a table when the first of its objects is read. Defaults are not set here.
Reference: apimachinery pkg/runtime/serializer/json, sigs.k8s.io/json; the JSON tags of k8s.io/api.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from kubeloop.objects.reflection import Field, Shape, fields_of
from kubeloop.testing.apiserver.encoding import scalar_forms
from kubeloop.testing.apiserver.encoding.scalar_forms import (
    OMIT,
    Faults,
    Form,
    Unfit,
    WrongType,
    without_zero,
)

__all__ = ["UNKNOWN_FIELD", "ObjectForm", "form_of"]

UNKNOWN_FIELD = "unknown field"
_MAX_FAULTS = 100

# Integers have 32 bits unless their name is one of these, in all classes or in the named ones (k8s.io/api).
_INT64_NAMES = frozenset(
    {
        "activeDeadlineSeconds", "capacity", "defaultUser", "deletionGracePeriodSeconds", "fsGroup",
        "generation", "gid", "gracePeriodSeconds", "int", "ints", "maxItems", "maxLength", "maxProperties",
        "minItems", "minLength", "minProperties", "nodeAllocatableUpdatePeriodSeconds", "observedGeneration",
        "remainingItemCount", "revision", "runAsGroup", "runAsUser", "seconds", "sizeBytes",
        "startingDeadlineSeconds", "supplementalGroups", "terminationGracePeriodSeconds", "tolerationSeconds",
        "uid", "user",
    }
)  # fmt: skip
_INT64_FIELDS = frozenset(
    {
        ("DeviceRequest", "count"),
        ("DeviceSubRequest", "count"),
        ("ExactDeviceRequest", "count"),
        ("ResourcePool", "resourceSliceCount"),
        ("ServiceAccountTokenProjection", "expirationSeconds"),
        ("TokenRequest", "expirationSeconds"),
        ("TokenRequestSpec", "expirationSeconds"),
    }
)
# Structs that Go writes even if they are zero, and that models read as absent.
_ZERO_VALUES: dict[tuple[str, str], Any] = {
    ("Counter", "value"): "0",
    ("DeviceCapacity", "value"): "0",
    ("HTTPGetAction", "port"): 0,
    ("ResourceFieldSelector", "divisor"): "0",
    ("ServicePort", "targetPort"): 0,
    ("TCPSocketAction", "port"): 0,
}


class ObjectForm:
    """The form of the objects of one class.

    Calling it changes a dictionary into what the server writes, and returns it. It adds to the faults what a strict
    decoder reports, and raises `Unfit` for a value that Go cannot decode.

    Args:
        cls: The class: a model.
    """

    __slots__ = ("_absent", "_cls", "_forms", "_plain")

    def __init__(self, cls: Any) -> None:
        self._cls = cls
        # The class whose true values a field holds as they are; most values of an object are such texts.
        self._plain: dict[str, type] = {}
        self._forms: dict[str, Form] = {}
        self._absent: tuple[tuple[str, Callable[[], Any]], ...] = ()

    @property
    def struct(self) -> str:
        """The name of the struct in Go's messages."""
        return str(self._cls.__name__)

    def __call__(self, value: Any, faults: Faults) -> Any:
        """Bring an object into its canonical form.

        Raises:
            Unfit: A value has another type than its field.
        """
        forms = self._forms
        if not forms:
            forms = self._compile()
        if value.__class__ is not dict:
            raise WrongType(value, go_type(self._cls))
        plain = self._plain
        omitted: list[str] = []
        key = ""
        try:
            for key, each in value.items():
                if plain.get(key) is each.__class__ and each:
                    continue
                form = forms.get(key)
                if form is None:
                    omitted.append(key)
                    if len(faults) < _MAX_FAULTS:
                        faults.append([UNKNOWN_FIELD, key])
                    continue
                if each is None:
                    omitted.append(key)  # null is the same as absent
                    continue
                known = len(faults) if faults else 0
                result = form(each, faults)
                if result is OMIT:
                    omitted.append(key)
                elif result is not each:
                    value[key] = result
                if faults and len(faults) != known:
                    for fault in faults[known:]:
                        fault[1] = below(key, fault[1])
        except Unfit as error:
            error.leave(self.struct, key)
            raise
        for name in omitted:
            del value[name]
        for name, zero in self._absent:
            if name not in value:
                value[name] = zero()
        return value

    def _compile(self) -> dict[str, Form]:
        forms: dict[str, Form] = {}
        absent: list[tuple[str, Callable[[], Any]]] = []
        if self._cls.__kind_head__:
            for name in ("kind", "apiVersion"):
                self._plain[name] = str
                forms[name] = without_zero(scalar_forms.text)
        for field in fields_of(self._cls).values():
            wire = field.wire
            forms[wire] = _of_field(field, self._cls)
            if field.category == "scalar" and field.shape.accepts in ((str,), (bool,)) and not field.shape.go:
                self._plain[wire] = field.shape.accepts[0]
            zero = _zero_of_field(field, self._cls)
            if zero is not None:
                absent.append((wire, zero))
        self._forms, self._absent = forms, tuple(absent)
        return forms


@cache
def form_of(cls: Any) -> ObjectForm:
    """Return the form of a class, which is created once.

    Args:
        cls: A model. Any: mypy takes an abstract class for no `type`.
    """
    return ObjectForm(getattr(cls, "__plain__", None) or cls)


def below(key: str, path: str) -> str:
    """Return a path with the key of the object around it."""
    return f"{key}{path}" if path.startswith("[") else f"{key}.{path}"


def _of_field(field: Field, cls: Any) -> Form:
    """Return the form of the values of a field, null excepted."""
    shape = field.shape
    if shape.category == "object":
        return form_of(shape.model)
    if shape.item is not None:
        return _container(shape, field.wire, cls)
    form = _scalar(shape, field.wire, cls)
    is_always_written = field.always or field.nullable or (cls.__name__, field.wire) in _ZERO_VALUES
    is_pointer = field.default is None
    return form if is_always_written or is_pointer or shape.category == "any" else without_zero(form)


def _zero_of_field(field: Field, cls: Any) -> Callable[[], Any] | None:
    """Return the function that creates what is written if a field is absent; None if nothing is."""
    shape = field.shape
    if (cls.__name__, field.wire) in _ZERO_VALUES:
        return _constant(_ZERO_VALUES[cls.__name__, field.wire])
    if shape.item is not None:
        return _constant(None) if shape.optional and field.default is not None else None
    if field.nullable or (field.always and (field.default is None or (shape.accepts == (bytes,) and shape.optional))):
        return _constant(None)  # a pointer, a time or bytes without `omitempty`
    if shape.category == "object" and field.default is not None:
        form = form_of(shape.model)
        return lambda: form({}, [])
    return _constant(field.default) if field.always else None


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _scalar(shape: Shape, wire: str, cls: Any) -> Form:
    accepts = shape.accepts
    if shape.category == "any":
        return scalar_forms.anything
    if shape.go == "Quantity":
        return scalar_forms.quantity
    if accepts == (datetime,):
        return scalar_forms.micro_time if shape.go == "MicroTime" else scalar_forms.time
    if accepts == (int,):
        is_long = wire in _INT64_NAMES or (cls.__name__, wire) in _INT64_FIELDS
        return scalar_forms.integer64 if is_long else scalar_forms.integer32
    return _SCALARS[accepts]


_SCALARS: dict[tuple[type, ...], Form] = {
    (str,): scalar_forms.text,
    (bool,): scalar_forms.boolean,
    (bytes,): scalar_forms.base64_bytes,
    (int, str): scalar_forms.int_or_text,
    (float, int): scalar_forms.double,
}
_ZERO_ITEMS: dict[type, Any] = {str: "", bool: False, int: 0, float: 0, bytes: ""}


def _container(shape: Shape, wire: str, cls: Any) -> Form:
    """Return the form of a list or a map."""
    item = shape.item
    assert item is not None  # of a container
    zero = _constant(None)
    if item.category == "object":
        form: Form = form_of(item.model)
        zero = lambda: form({}, [])  # noqa: E731  # a function per container
    elif item.item is not None:
        form = _container(item, wire, cls)
        zero = list  # a message of its own in the storage, which is there even if it is empty
    else:
        form = _scalar(item, wire, cls)
        if item.accepts:
            zero = _constant("0" if item.go == "Quantity" else _ZERO_ITEMS.get(item.accepts[0]))
    name = go_type(item.model) if item.category == "object" else _GO_NAMES.get(item.accepts[:1], "")
    if shape.category in ("map", "object_map"):
        return _map(form, zero, f"map[string]{name}")
    return _list(form, zero, f"[]{name}")


_GO_NAMES: dict[tuple[type, ...], str] = {(str,): "string", (bytes,): "[]uint8", (int,): "int64", (bool,): "bool"}


def go_type(cls: Any) -> str:
    """Return the name of a struct as Go's messages have it: `v1.PodSpec`."""
    return f"{cls.__module__.rpartition('_')[2]}.{cls.__name__}"


def _list(item: Form, zero: Callable[[], Any], wanted: str) -> Form:
    def form(value: Any, faults: Faults) -> Any:
        if value.__class__ is not list:
            raise WrongType(value, wanted)
        if not value:
            return OMIT  # the storage does not tell an empty list from none
        for at, each in enumerate(value):
            if each is None:
                value[at] = zero()
                continue
            known = len(faults) if faults else 0
            result = item(each, faults)
            if result is not each:
                value[at] = result
            if faults and len(faults) != known:
                for fault in faults[known:]:
                    fault[1] = below(f"[{at}]", fault[1])
        return value

    return form


def _map(item: Form, zero: Callable[[], Any], wanted: str) -> Form:
    is_of_texts = item is scalar_forms.text

    def form(value: Any, faults: Faults) -> Any:
        if value.__class__ is not dict:
            raise WrongType(value, wanted)
        if not value:
            return OMIT
        for key, each in value.items():
            if is_of_texts and each.__class__ is str:
                continue
            if each is None:
                value[key] = zero()
                continue
            known = len(faults) if faults else 0
            result = item(each, faults)
            if result is not each:
                value[key] = [] if result is OMIT else result
            if faults and len(faults) != known:
                for fault in faults[known:]:
                    fault[1] = below(key, fault[1])
        return value

    return form
