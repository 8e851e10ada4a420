"""HorizontalPodAutoscalers in `autoscaling/v1` and `v2`: what v1 has no field for is in annotations.

Reference: kubernetes pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from kubeloop.objects.type_guards import is_dict, is_list

__all__ = ["to_v1", "to_v2"]

_Data = dict[str, Any]

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _CURRENT, _BEHAVIOR, _CONDITIONS = (
    _PREFIX + name for name in ("metrics", "current-metrics", "behavior", "conditions")
)
_ROUND_TRIP = (
    _METRICS,
    _CURRENT,
    _BEHAVIOR,
    _CONDITIONS,
    _PREFIX + "scale-down-tolerance",
    _PREFIX + "scale-up-tolerance",
)
_DEFAULT_UTILIZATION = 80


def to_v1(data: _Data) -> _Data:
    """Return an autoscaler of `autoscaling/v2` as one of `v1`."""
    spec, status = dict(_part(data, "spec")), dict(_part(data, "status"))
    metrics, behavior = _items(spec.pop("metrics", None)), spec.pop("behavior", None)
    current, conditions = _items(status.pop("currentMetrics", None)), _items(status.pop("conditions", None))
    utilization = next(map(_cpu_utilization, filter(_cpu_utilization, metrics)), None)
    if utilization is not None:
        spec["targetCPUUtilizationPercentage"] = utilization
    for each in current:
        resource = _part(each, "resource")
        share = _part(resource, "current").get("averageUtilization")
        if each.get("type") == "Resource" and resource.get("name") == "cpu" and share is not None:
            status["currentCPUUtilizationPercentage"] = share
    status.setdefault("currentReplicas", 0)
    annotations = _without_round_trip(data)
    others = [_source_to_v1(each) for each in metrics if _cpu_utilization(each) is None]
    if others:
        annotations[_METRICS] = _written(others)
    if current:
        annotations[_CURRENT] = _written([_status_to_v1(each) for each in current])
    if behavior is not None:
        annotations[_BEHAVIOR] = _written(_behavior_to_go(behavior))
    if conditions:
        annotations[_CONDITIONS] = _written(conditions)
    return _with(data, spec, status, annotations)


def to_v2(data: _Data) -> _Data:
    """Return an autoscaler of `autoscaling/v1` as one of `v2`."""
    spec, status = dict(_part(data, "spec")), dict(_part(data, "status"))
    noted = _part(_part(data, "metadata"), "annotations")
    metrics: list[_Data] = []
    utilization = spec.pop("targetCPUUtilizationPercentage", None)
    if utilization is not None:
        metrics = [_cpu_metric(utilization)]
    others = _read(noted, _METRICS, list)
    if others is not None:
        metrics = [*map(_source_to_v2, others), *metrics]
    spec["metrics"] = metrics or [_cpu_metric(_DEFAULT_UTILIZATION)]
    behavior = _read(noted, _BEHAVIOR, dict)
    if behavior and any(behavior.values()):
        spec["behavior"] = _behavior_from_go(behavior)
    share = status.pop("currentCPUUtilizationPercentage", None)
    if share is not None:
        current = {"averageUtilization": share}
        status["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
    known = _read(noted, _CURRENT, list)
    if known is not None:
        status["currentMetrics"] = [*map(_status_to_v2, known)]
    conditions = _read(noted, _CONDITIONS, list)
    if conditions is not None:
        status["conditions"] = conditions
    status.setdefault("currentMetrics", None)
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)
    return _with(data, spec, status, _without_round_trip(data))


def _part(data: _Data, name: str) -> _Data:
    """Return an object in an object, or an empty one."""
    value = data.get(name)
    return value if is_dict(value) else {}


def _items(value: Any) -> list[_Data]:
    return value if is_list(value) else []


def _with(data: _Data, spec: _Data, status: _Data, annotations: _Data) -> _Data:
    metadata = {name: value for name, value in _part(data, "metadata").items() if name != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    return {**data, "metadata": metadata, "spec": spec, "status": status}


def _without_round_trip(data: _Data) -> _Data:
    annotations = _part(_part(data, "metadata"), "annotations")
    return {name: value for name, value in annotations.items() if name not in _ROUND_TRIP}


def _written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read(annotations: _Data, name: str, kind: type) -> Any:
    """Return what an annotation contains; None if it is absent or cannot be read."""
    text = annotations.get(name)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    fits = is_dict(value) if kind is dict else is_list(value) and all(map(is_dict, value))
    return value if fits else None


def _cpu_metric(utilization: int) -> _Data:
    target = {"type": "Utilization", "averageUtilization": utilization}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _cpu_utilization(metric: _Data) -> int | None:
    """Return the utilization of the processor that a metric of v2 wants; None for any other metric."""
    resource = _part(metric, "resource")
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return cast("int | None", _part(resource, "target").get("averageUtilization"))


# --- one metric: v1 has the parts of a target, and of an identifier, beside each other -------------------------------

_Fields = tuple[tuple[str, str], ...]
"""Pairs of the name in v1 and the path in v2, in the order of v1."""

_SOURCES: dict[str, _Fields] = {
    "object": (
        ("target", "describedObject"),
        ("metricName", "metric.name"),
        ("targetValue", "target.value"),
        ("selector", "metric.selector"),
        ("averageValue", "target.averageValue"),
    ),
    "pods": (
        ("metricName", "metric.name"),
        ("targetAverageValue", "target.averageValue"),
        ("selector", "metric.selector"),
    ),
    "resource": (
        ("name", "name"),
        ("targetAverageUtilization", "target.averageUtilization"),
        ("targetAverageValue", "target.averageValue"),
    ),
    "containerResource": (
        ("name", "name"),
        ("targetAverageUtilization", "target.averageUtilization"),
        ("targetAverageValue", "target.averageValue"),
        ("container", "container"),
    ),
    "external": (
        ("metricName", "metric.name"),
        ("metricSelector", "metric.selector"),
        ("targetValue", "target.value"),
        ("targetAverageValue", "target.averageValue"),
    ),
}
_STATUSES: dict[str, _Fields] = {
    "object": (
        ("target", "describedObject"),
        ("metricName", "metric.name"),
        ("currentValue", "current.value"),
        ("selector", "metric.selector"),
        ("averageValue", "current.averageValue"),
    ),
    "pods": (
        ("metricName", "metric.name"),
        ("currentAverageValue", "current.averageValue"),
        ("selector", "metric.selector"),
    ),
    "resource": (
        ("name", "name"),
        ("currentAverageUtilization", "current.averageUtilization"),
        ("currentAverageValue", "current.averageValue"),
    ),
    "containerResource": (
        ("name", "name"),
        ("currentAverageUtilization", "current.averageUtilization"),
        ("currentAverageValue", "current.averageValue"),
        ("container", "container"),
    ),
    "external": (
        ("metricName", "metric.name"),
        ("metricSelector", "metric.selector"),
        ("currentValue", "current.value"),
        ("currentAverageValue", "current.averageValue"),
    ),
}
# Quantities that v1 cannot omit.
_ALWAYS = {
    ("object", "targetValue"),
    ("pods", "targetAverageValue"),
    ("object", "currentValue"),
    ("pods", "currentAverageValue"),
    ("resource", "currentAverageValue"),
    ("containerResource", "currentAverageValue"),
    ("external", "currentValue"),
}


def _source_to_v1(metric: _Data) -> _Data:
    return _to_v1(metric, _SOURCES)


def _status_to_v1(metric: _Data) -> _Data:
    return _to_v1(metric, _STATUSES)


def _source_to_v2(metric: _Data) -> _Data:
    return _to_v2(metric, _SOURCES, _with_target_type)


def _status_to_v2(metric: _Data) -> _Data:
    return _to_v2(metric, _STATUSES, lambda _, part: part)


def _to_v1(metric: _Data, tables: dict[str, _Fields]) -> _Data:
    found: _Data = {"type": metric.get("type", "")}
    for name, table in tables.items():
        if metric.get(name) is None:
            continue
        part = _part(metric, name)
        flat: _Data = {}
        for field, path in table:
            outer, _, inner = path.partition(".")
            value: Any = _part(part, outer).get(inner) if inner else part.get(outer)
            if value is None and (name, field) in _ALWAYS:
                value = "0"
            if value is not None:
                flat[field] = value
        found[name] = flat
    return found


def _to_v2(metric: _Data, tables: dict[str, _Fields], finish: Callable[[str, _Data], _Data]) -> _Data:
    found: _Data = {"type": metric.get("type", "")}
    for name, table in tables.items():
        if not is_dict(metric.get(name)):
            continue
        part = _part(metric, name)
        nested: _Data = {}
        for field, path in table:
            value: Any = part.get(field)
            if value is None and (name, field) in _ALWAYS:
                value = "0"
            if value is None:
                continue
            outer, _, inner = path.partition(".")
            if inner:
                nested.setdefault(outer, {})[inner] = value
            else:
                nested[outer] = value
        found[name] = finish(name, nested)
    return found


def _with_target_type(name: str, source: _Data) -> _Data:
    """Return the source of a metric with the type of its target, which v1 does not say."""
    target = dict(_part(source, "target"))
    kind = "AverageValue"
    if name in ("resource", "containerResource"):
        kind = "Utilization" if "averageUtilization" in target else kind
    elif name == "external":
        kind = "Value" if "value" in target else kind
    elif name == "object":
        if "averageValue" not in target:
            kind = "Value"
        elif target.get("value") == "0":
            del target["value"]
    return {**source, "target": {"type": kind, **target}}


# --- behavior: the annotation has the names of Go's fields -----------------------------------------------------------

_RULES = (
    ("StabilizationWindowSeconds", "stabilizationWindowSeconds"),
    ("SelectPolicy", "selectPolicy"),
    ("Policies", "policies"),
    ("Tolerance", "tolerance"),
)
_POLICY = (("Type", "type"), ("Value", "value"), ("PeriodSeconds", "periodSeconds"))


def _behavior_to_go(behavior: _Data) -> _Data:
    return {go: _rules_to_go(behavior.get(name)) for go, name in (("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown"))}


def _rules_to_go(rules: _Data | None) -> _Data | None:
    if rules is None:
        return None
    written = {go: rules.get(name) for go, name in _RULES}
    if written["Policies"]:
        written["Policies"] = [{go: each.get(name) for go, name in _POLICY} for each in written["Policies"]]
    return written


def _behavior_from_go(behavior: _Data) -> _Data:
    both = {name: behavior.get(go) for go, name in (("ScaleUp", "scaleUp"), ("ScaleDown", "scaleDown"))}
    return {name: _rules_from_go(rules) for name, rules in both.items() if is_dict(rules)}


def _rules_from_go(rules: _Data) -> _Data:
    found = {name: rules[go] for go, name in _RULES if rules.get(go) is not None}
    if isinstance(found.get("policies"), list):
        found["policies"] = [{name: each.get(go) for go, name in _POLICY} for each in found["policies"]]
    return found
