"""The texts of apiserver's healthz_test.go: what a report looks like as a response."""

from __future__ import annotations

import pytest

from kubeloop.health import CheckResult, HealthReport
from kubeloop.health.health_response import check_response, report_response

PASSED = CheckResult("ping")
FAILED = CheckResult("bad", "password hunter2 was refused")
EXCLUDED = CheckResult("slow", is_excluded=True)


def text(*results: CheckResult, unmatched: tuple[str, ...] = (), is_verbose: bool = True) -> tuple[int, str]:
    response = report_response("readyz", HealthReport(results, unmatched), is_verbose=is_verbose)
    return response.status, response.body.decode()


def test_a_healthy_report_is_ok() -> None:
    assert text(PASSED, EXCLUDED, unmatched=("x",), is_verbose=False) == (200, "ok")


def test_a_verbose_report_lists_the_checks_in_their_order() -> None:
    assert text(PASSED, EXCLUDED) == (200, "[+]ping ok\n[+]slow excluded: ok\nreadyz check passed\n")


@pytest.mark.parametrize("is_verbose", [True, False])
def test_a_failure_is_always_verbose_and_withholds_the_reason(is_verbose: bool) -> None:
    expected = "[+]ping ok\n[-]bad failed: reason withheld\n[+]slow excluded: ok\nreadyz check failed\n"
    assert text(PASSED, FAILED, EXCLUDED, is_verbose=is_verbose) == (500, expected)


def test_names_that_no_check_has_are_quoted_as_go_quotes_them() -> None:
    status, body = text(PASSED, unmatched=("a,b", 'c"d\n', "\udcff"))
    assert status == 200
    assert body.splitlines()[1] == (
        r'warn: some health checks cannot be excluded: no matches for "a,b","c\"d\n","\xff"'
    )


@pytest.mark.parametrize("result", [PASSED, FAILED])
def test_the_content_type_is_plain_text_that_no_browser_interprets(result: CheckResult) -> None:
    headers = report_response("livez", HealthReport((result,)), is_verbose=False).headers
    assert headers.pairs == (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
    )


def test_a_single_check_is_ok_or_withholds_its_reason() -> None:
    passed, failed = check_response(PASSED), check_response(FAILED)
    assert (passed.status, passed.body) == (200, b"ok")
    assert (failed.status, failed.body) == (500, b"internal server error: reason withheld\n")
    assert "x-content-type-options" not in passed.headers
    assert failed.headers["x-content-type-options"] == "nosniff"
