"""Counters, gauges and histograms with labels, their samples as values, and the Prometheus text format.

Reference: Prometheus exposition formats, text format 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import inf, isfinite, isnan
from typing import Literal

from kubeloop._kit.value import Value

__all__ = ["Counter", "Gauge", "Histogram", "MetricFamily", "Sample", "exposition"]

Labels = tuple[str, ...]


class Sample(Value, frozen=True):
    """One number: its name, its labels as pairs of name and value, and the number."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class MetricFamily(Value, frozen=True):
    """A metric with all its samples, as Prometheus groups them."""

    name: str
    help: str
    type: Literal["counter", "gauge", "histogram"]
    samples: tuple[Sample, ...]


class _Numbers:
    """A number per combination of labels."""

    __slots__ = ("_values", "help", "label_names", "name")

    def __init__(self, name: str, text: str, label_names: Labels = ()) -> None:
        self.name = name
        self.help = text
        self.label_names = label_names
        self._values: dict[Labels, float] = {}

    @property
    def _samples(self) -> tuple[Sample, ...]:
        return _samples(self.name, self.label_names, self._values)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self._values)} samples>"


class Counter(_Numbers):
    """A number per combination of labels that only grows."""

    __slots__ = ()

    def increment(self, *labels: str) -> None:
        """Add one."""
        self._values[labels] = self._values.get(labels, 0.0) + 1.0

    def collect(self) -> MetricFamily:
        """Return the samples of all combinations of labels that occurred."""
        return MetricFamily(self.name, self.help, "counter", self._samples)


class Gauge(_Numbers):
    """A number per combination of labels that goes up and down."""

    __slots__ = ()

    def add(self, change: float, *labels: str) -> None:
        """Add a number, which may be negative."""
        self._values[labels] = self._values.get(labels, 0.0) + change

    def remove(self, first: str) -> None:
        """Remove the numbers of all combinations that have this value of the first label."""
        for labels in [labels for labels in self._values if labels[0] == first]:
            del self._values[labels]

    def replace_all(self, values: dict[Labels, float]) -> None:
        """Replace the numbers of all combinations of labels."""
        self._values = values

    def collect(self) -> MetricFamily:
        """Return the samples of all combinations of labels that occurred."""
        return MetricFamily(self.name, self.help, "gauge", self._samples)


class Histogram:
    """The distribution of numbers per combination of labels.

    Args:
        name: The name, without the suffix of a sample.
        text: The help text.
        buckets: The upper bounds, which belong to their buckets, in ascending order; the last bucket has no bound.
        label_names: The names of the labels.
    """

    __slots__ = ("_counts", "_sums", "buckets", "help", "label_names", "name")

    def __init__(self, name: str, text: str, buckets: Sequence[float], label_names: Labels = ()) -> None:
        self.name = name
        self.help = text
        self.buckets = tuple(buckets)
        self.label_names = label_names
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, value: float, *labels: str) -> None:
        """Count a number in its bucket."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self.buckets) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self.buckets, value)] += 1
        self._sums[labels] += value

    def collect(self) -> MetricFamily:
        """Return the samples: per combination of labels one per bucket (cumulative), the sum and the count."""
        samples: list[Sample] = []
        for labels, counts in self._counts.items():
            pairs = tuple(zip(self.label_names, labels, strict=True))
            total = 0
            for bound, count in zip((*self.buckets, inf), counts, strict=True):
                total += count
                samples.append(Sample(f"{self.name}_bucket", (*pairs, ("le", _number(bound))), float(total)))
            samples.append(Sample(f"{self.name}_sum", pairs, self._sums[labels]))
            samples.append(Sample(f"{self.name}_count", pairs, float(total)))
        return MetricFamily(self.name, self.help, "histogram", tuple(samples))

    def __repr__(self) -> str:
        return f"<Histogram {self.name}: {len(self._counts)} distributions>"


def exposition(families: Iterable[MetricFamily]) -> str:
    """Return metrics in the Prometheus text format; families without samples are left out, as in Go's client."""
    lines: list[str] = []
    for family in families:
        if not family.samples:
            continue
        text = family.help.replace("\\", r"\\").replace("\n", r"\n")
        lines.append(f"# HELP {family.name} {text}\n# TYPE {family.name} {family.type}\n")
        for sample in family.samples:
            labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels)
            lines.append(
                f"{sample.name}{{{labels}}} {_number(sample.value)}\n"
                if labels
                else f"{sample.name} {_number(sample.value)}\n"
            )
    return "".join(lines)


def _samples(name: str, label_names: Labels, values: dict[Labels, float]) -> tuple[Sample, ...]:
    return tuple(Sample(name, tuple(zip(label_names, labels, strict=True)), value) for labels, value in values.items())


def _escaped(value: str) -> str:
    # A lone surrogate has no form in UTF-8, and would make all metrics unreadable.
    encodable = value.encode(errors="replace").decode()
    return encodable.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    """Write a number as Go does (strconv.FormatFloat, format g, shortest), so that values of `le` are equal."""
    if not isfinite(value):
        return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if -4 <= exponent < 6:
        return format(number, "f")
    sign, digits, _ = number.as_tuple()
    rest = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if rest else ''}{rest}e{exponent:+03d}"
