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
    scalar_form,
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

    Calling it changes a dictionary into what the server writes and returns it; for null it returns a new one. It adds
    to the faults what a strict decoder reports, and raises `Unfit` for a value that Go cannot decode.

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
            if value is not None:
                raise WrongType(value, f"{self._cls.__module__.rpartition('.')[2]}.{self.struct}")
            value = {}
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
            error.path = below(key, error.path) if error.path else key
            raise
        for name in omitted:
            del value[name]
        for name, zero in self._absent:
            if name not in value:
                value[name] = zero()
        return value

    def _compile(self) -> dict[str, Form]:
        absent: list[tuple[str, Callable[[], Any]]] = []
        if self._cls.__kind_head__:
            for name in ("kind", "apiVersion"):
                self._plain[name] = str
                self._forms[name] = scalar_form(scalar_forms.text, omits_zero=True, null=OMIT)
        for field in fields_of(self._cls).values():
            form = self._forms[field.wire] = _of_field(field, self._cls)
            if field.shape.accepts in ((str,), (bool,)) and field.category == "scalar" and not field.shape.go:
                self._plain[field.wire] = field.shape.accepts[0]
            zero = form(None, [])
            if zero is not OMIT:
                absent.append((field.wire, _always(form) if isinstance(zero, dict) else _constant(zero)))
        self._absent = tuple(absent)
        return self._forms


def _always(form: Form) -> Callable[[], Any]:
    return lambda: form(None, [])


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


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
    shape = field.shape
    if shape.category == "object":
        form = form_of(shape.model)
        if field.default is not None and not field.nullable:
            return form
        return _pointer(form, None if _writes_null(field) else OMIT)
    if shape.item is not None:
        null = None if shape.optional and field.default is not None else OMIT
        item = _item(shape.item, cls, field)
        return _map(item, null) if shape.category in ("map", "object_map") else _list(item, null)
    if shape.category == "any":
        return scalar_form(scalar_forms.anything, omits_zero=False, null=None if _writes_null(field) else OMIT)
    convert = _scalar(shape, field.wire, cls)
    if (cls.__name__, field.wire) in _ZERO_VALUES:
        return scalar_form(convert, omits_zero=False, null=_ZERO_VALUES[cls.__name__, field.wire])
    if _writes_null(field):
        return scalar_form(convert, omits_zero=False, null=None)
    is_pointer = field.default is None
    null = OMIT if is_pointer or not field.always else field.default
    return scalar_form(convert, omits_zero=not (is_pointer or field.always), null=null)


def _writes_null(field: Field) -> bool:
    """Return whether an absent field is written as null: a pointer, time or bytes without `omitempty`."""
    if field.nullable:
        return True
    return field.always and (field.default is None or (field.shape.optional and field.shape.accepts == (bytes,)))


def _scalar(shape: Shape, wire: str, cls: Any) -> Callable[[Any], Any]:
    accepts = shape.accepts
    if shape.go == "Quantity":
        return scalar_forms.quantity
    if accepts == (datetime,):
        return scalar_forms.micro_time if shape.go == "MicroTime" else scalar_forms.time
    if accepts == (int,):
        is_long = wire in _INT64_NAMES or (cls.__name__, wire) in _INT64_FIELDS
        return scalar_forms.integer64 if is_long else scalar_forms.integer32
    return _CONVERTERS[accepts]


_CONVERTERS: dict[tuple[type, ...], Callable[[Any], Any]] = {
    (str,): scalar_forms.text,
    (bool,): scalar_forms.boolean,
    (bytes,): scalar_forms.base64_bytes,
    (int, str): scalar_forms.int_or_text,
    (float, int): scalar_forms.double,
}


def _item(shape: Shape, cls: Any, field: Field) -> Form:
    """Return the form of an item of a list or a map."""
    if shape.category == "object":
        return form_of(shape.model)
    if shape.item is not None:
        return _list(_item(shape.item, cls, field), None)
    if shape.category == "any":
        return scalar_form(scalar_forms.anything, omits_zero=False, null=None)
    zeros: dict[type, Any] = {str: "", bool: False, int: 0, float: 0}
    null = "0" if shape.go == "Quantity" else zeros.get(shape.accepts[0])
    return scalar_form(_scalar(shape, field.wire, cls), omits_zero=False, null=null)


def _pointer(form: Form, null: Any) -> Form:
    def pointer(value: Any, faults: Faults) -> Any:
        return null if value is None else form(value, faults)

    return pointer


def _list(item: Form, null: Any) -> Form:
    def form(value: Any, faults: Faults) -> Any:
        if value.__class__ is not list:
            if value is None:
                return null
            raise WrongType(value, "[]")
        if not value:
            return null  # the storage does not tell an empty list from none
        at = 0
        try:
            for at, each in enumerate(value):
                known = len(faults) if faults else 0
                result = item(each, faults)
                if result is not each:
                    value[at] = result
                if faults and len(faults) != known:
                    for fault in faults[known:]:
                        fault[1] = below(f"[{at}]", fault[1])
        except Unfit as error:
            error.path = below(f"[{at}]", error.path) if error.path else f"[{at}]"
            raise
        return value

    return form


def _map(item: Form, null: Any) -> Form:
    def form(value: Any, faults: Faults) -> Any:
        if value.__class__ is not dict:
            if value is None:
                return null
            raise WrongType(value, "map[string]")
        if not value:
            return null
        key = ""
        try:
            for key, each in value.items():
                known = len(faults) if faults else 0
                result = item(each, faults)
                if result is not each:
                    value[key] = result
                if faults and len(faults) != known:
                    for fault in faults[known:]:
                        fault[1] = below(key, fault[1])
        except Unfit as error:
            error.path = below(key, error.path) if error.path else key
            raise
        return value

    return form
