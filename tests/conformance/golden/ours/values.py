"""Quantities, times, durations and IntOrStrings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from kubeloop import (
    Quantity,
    human_duration,
    int_or_string_value,
    parse_duration,
    parse_int_or_string,
    scaled_int_or_percent,
)
from kubeloop.errors import DecodeError, EncodeError
from kubeloop.meta.times import format_duration, format_micro_time, format_time, parse_time, short_human_duration
from kubeloop.models import apps_v1, coordination_v1, core_v1
from kubeloop.wire import documents
from kubeloop.wire.serializers import json_objects

from .refused import REFUSED


def quantities(case: dict[str, Any]) -> Any:
    """Parse a quantity and return its properties, or calculate with one or two."""
    op = case["op"]
    try:
        if op == "json":
            return _quantity_field(case["json"])
        if op == "scaled":
            return str(Quantity.scaled(case["n"], case["scale"]))
        quantity = Quantity(case["a"])
        if op == "parse":
            return _quantity_facts(quantity)
        if op == "neg":
            return str(-quantity)
        if op == "round":
            return str(quantity.round_up(case["scale"]))
        if op == "scaled_value":
            return str(quantity.scaled_value(case["scale"]))
        if op == "mul":
            return str(quantity * case["n"])
        other = Quantity(case["b"])
    except ValueError:
        return REFUSED
    if op == "cmp":
        return {"cmp": (quantity > other) - (quantity < other), "equal": quantity == other}
    return str(quantity + other if op == "add" else quantity - other)


def _quantity_field(text: str) -> Any:
    """Return the text of a quantity in a field of an object. Models keep the text; `Quantity` interprets it."""
    value = json.loads(text)
    if value is None:
        return "0"
    if isinstance(value, str):
        return str(Quantity(value))
    return REFUSED if isinstance(value, (bool, list, dict)) else str(Quantity(text))


def _quantity_facts(quantity: Quantity) -> dict[str, Any]:
    return {
        "text": str(quantity),
        "canonical": quantity.canonical,
        "format": str(quantity.format),
        "sign": quantity.sign,
        "value": str(quantity.value()),
        "milli": str(quantity.milli_value()),
    }


def times(case: dict[str, Any]) -> Any:
    """Read a Time, MicroTime or Duration, or write an age. Times are read by models and by `parse_time`."""
    op = case["op"]
    if op in {"time", "micro"}:
        model, function = _time_in_model(case["text"], op), _time_by_function(case["text"], op)
        return model if model == function else {"model": model, "function": function}
    if op == "duration":
        try:
            duration = parse_duration(case["text"])
        except ValueError:
            return REFUSED
        return {"text": format_duration(duration), "nano": str(duration // timedelta(microseconds=1) * 1000)}
    duration = timedelta(microseconds=case["nano"] // 1000)
    if op == "format":
        return format_duration(duration)
    return {"long": human_duration(duration), "short": short_human_duration(duration)}


def _time_by_function(text: str, op: str) -> Any:
    try:
        time = parse_time(text)
    except ValueError:
        return REFUSED
    return format_time(time) if op == "time" else format_micro_time(time)


def _time_in_model(text: str, op: str) -> Any:
    try:
        if op == "time":
            pod = json_objects.decode_into(json.dumps({"metadata": {"creationTimestamp": text}}).encode(), core_v1.Pod)
            return json.loads(documents.encode(pod))["metadata"].get("creationTimestamp")
        lease = json_objects.decode_into(json.dumps({"spec": {"renewTime": text}}).encode(), coordination_v1.Lease)
        return json.loads(documents.encode(lease))["spec"].get("renewTime")
    except (DecodeError, EncodeError):
        return REFUSED


def int_or_string(case: dict[str, Any]) -> Any:
    """Read an IntOrString from JSON or from text, or take a share of a total."""
    op = case["op"]
    if op == "parse":
        return _described(parse_int_or_string(case["text"]))
    body = f'{{"spec": {{"strategy": {{"rollingUpdate": {{"maxSurge": {case["json"]}}}}}}}}}'
    try:
        value = json_objects.decode_into(body.encode(), apps_v1.Deployment).spec.strategy.rolling_update.max_surge
    except DecodeError:
        return REFUSED
    if op == "json":
        return _described(value)
    try:
        return scaled_int_or_percent(value, case["total"], round_up=case["round_up"])
    except (ValueError, TypeError):
        return REFUSED


def _described(value: Any) -> Any:
    return {"written": value, "number": int_or_string_value(value)}
