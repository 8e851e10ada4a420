from __future__ import annotations

from kubeloop.health import CheckResult, HealthReport

FAILED = CheckResult("b", "broken")


def test_a_report_is_healthy_if_no_check_failed() -> None:
    report = HealthReport((CheckResult("a"), CheckResult("c", is_excluded=True)), ("d",))
    assert report.is_healthy
    assert report.failed == ()


def test_a_report_names_the_checks_that_failed() -> None:
    report = HealthReport((CheckResult("a"), FAILED))
    assert not report.is_healthy
    assert report.failed == (FAILED,)


def test_reports_are_values() -> None:
    assert HealthReport((FAILED,)) == HealthReport((CheckResult("b", "broken"),))
    assert len({HealthReport(()), HealthReport(())}) == 1
