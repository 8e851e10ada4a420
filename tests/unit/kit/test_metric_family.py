"""Counters, gauges and histograms, and the Prometheus text format."""

from __future__ import annotations

from math import inf, nan

import pytest

from kubeloop._kit.metric_family import Counter, Gauge, Histogram, MetricFamily, Sample, exposition


def test_the_text_has_help_type_and_samples() -> None:
    requests = Counter("requests_total", "All requests.", ("code", "host"))
    requests.increment("200", "a")
    requests.increment("200", "a")
    requests.increment("404", "a")
    depth = Gauge("depth", "Items.")
    depth.add(3)
    depth.add(-1)
    sizes = Histogram("size_bytes", "Sizes.", (1, 10), ("verb",))
    for size in (0, 1, 1.5, 10, 11):
        sizes.observe(size, "GET")
    assert exposition([requests.collect(), depth.collect(), sizes.collect()]) == (
        "# HELP requests_total All requests.\n"
        "# TYPE requests_total counter\n"
        'requests_total{code="200",host="a"} 2\n'
        'requests_total{code="404",host="a"} 1\n'
        "# HELP depth Items.\n"
        "# TYPE depth gauge\n"
        "depth 2\n"
        "# HELP size_bytes Sizes.\n"
        "# TYPE size_bytes histogram\n"
        'size_bytes_bucket{verb="GET",le="1"} 2\n'
        'size_bytes_bucket{verb="GET",le="10"} 4\n'
        'size_bytes_bucket{verb="GET",le="+Inf"} 5\n'
        'size_bytes_sum{verb="GET"} 23.5\n'
        'size_bytes_count{verb="GET"} 5\n'
    )


def test_a_metric_without_samples_has_no_lines() -> None:
    families = [Counter("a", "A.").collect(), Gauge("b", "B.").collect(), Histogram("c", "C.", (1,)).collect()]
    assert exposition(families) == ""


def test_help_and_labels_are_escaped() -> None:
    family = MetricFamily("a", 'x\\y\n"z"', "gauge", (Sample("a", (("name", 'q"\\\n'),), 1.0),))
    assert exposition([family]) == '# HELP a x\\\\y\\n"z"\n# TYPE a gauge\na{name="q\\"\\\\\\n"} 1\n'


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "1"), (10, "10"), (123456, "123456"), (1048576, "1.048576e+06"), (16777216, "1.6777216e+07"),
     (1e20, "1e+20"), (1e21, "1e+21"), (0.0001, "0.0001"), (0.00001, "1e-05"), (1e-8, "1e-08"),
     (9.999999999999999e-05, "9.999999999999999e-05"), (1234567.5, "1.2345675e+06"), (600, "600"),
     (124416000, "1.24416e+08"), (0.1, "0.1"), (-2.5, "-2.5"), (inf, "+Inf"), (-inf, "-Inf"), (nan, "NaN")],
)  # fmt: skip
def test_numbers_are_written_as_in_go(value: float, text: str) -> None:
    """The expected texts are those of strconv.FormatFloat(value, 'g', -1, 64)."""
    assert exposition([MetricFamily("a", "A.", "gauge", (Sample("a", (), float(value)),))]).endswith(f"\na {text}\n")


def test_a_label_without_a_form_in_utf_8_does_not_lose_the_other_metrics() -> None:
    counter = Counter("calls_total", "Calls.", ("name",))
    counter.increment("a\ud800ü")
    text = exposition([counter.collect()])
    assert text.splitlines()[-1] == 'calls_total{name="a?ü"} 1'
    assert text.encode()
