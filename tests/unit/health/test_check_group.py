"""The calls of checks: their time is limited, and no check affects another one."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from kubeloop.health.check_group import CheckGroup
from kubeloop.health.check_series import CheckSeries
from kubeloop.health.health_report import CheckResult
from kubeloop.testing.virtual_time import elapsed, in_virtual_time, settle


def group_of(*, timeout: float = 0.8, may_fail_at_start: bool = False) -> CheckGroup:
    return CheckGroup("liveness", "livez", timeout=timeout, series=CheckSeries(), may_fail_at_start=may_fail_at_start)


def fail() -> None:
    raise ValueError("broken")


async def hang() -> None:
    await asyncio.sleep(3600)


class Stubborn:
    """A check that ignores its cancellation for some time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls = 0
        self.ends = 0

    async def __call__(self) -> None:
        self.calls += 1
        until = elapsed() + self.seconds
        while elapsed() < until:
            try:
                await asyncio.sleep(until - elapsed())
            except asyncio.CancelledError:
                continue
        self.ends += 1


@in_virtual_time
async def test_a_group_without_checks_is_healthy() -> None:
    report = await group_of().report()
    assert report.results == (CheckResult("ping"),)
    assert report.is_healthy


@in_virtual_time
async def test_results_are_in_the_order_in_which_the_checks_were_added() -> None:
    group = group_of()

    async def slow() -> None:
        await asyncio.sleep(0.5)

    for name, check in (("z", slow), ("b", fail), ("a", asyncio.Event().is_set)):
        group.add(name, check)
    assert (await group.report()).results == (
        CheckResult("ping"),
        CheckResult("z"),
        CheckResult("b", "ValueError: broken"),
        CheckResult("a", "the check returned False"),
    )


@in_virtual_time
async def test_excluded_checks_are_not_called() -> None:
    group = group_of()
    group.add("bad", fail)
    report = await group.report(exclude=["bad", "y", "x", "x"])
    assert report.results == (CheckResult("ping"), CheckResult("bad", is_excluded=True))
    assert report.unmatched == ("x", "y")
    assert report.is_healthy


@in_virtual_time
async def test_the_names_to_exclude_are_not_one_text() -> None:
    with pytest.raises(TypeError, match="expected a collection of names, got the text 'ping'"):
        await group_of().report(exclude="ping")


@in_virtual_time
async def test_a_single_check_is_called_alone() -> None:
    group = group_of()
    stubborn = Stubborn(0)
    group.add("bad", fail)
    group.add("other", stubborn)
    assert await group.result("bad") == CheckResult("bad", "ValueError: broken")
    assert stubborn.calls == 0
    with pytest.raises(ValueError, match="there is no liveness check 'baad'; did you mean 'bad'"):
        await group.result("baad")


# Names


@pytest.mark.parametrize("name", ["a", "informers", "a-b_c.d~e", "9", "informers/pods", "a/b/c"])
def test_names_need_no_escape_in_a_url(name: str) -> None:
    group = group_of()
    group.add(name, fail)
    assert group.names == ("ping", name)


@pytest.mark.parametrize(
    "name", ["", "a b", "/a", "a/", "a//b", "a/../b", "ä", "a?", "-a", "a.", ".", "..", "a\n", "a%20", "a,b"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name of letters, digits"):
        group_of().add(name, fail)


@pytest.mark.parametrize("name", ["ping", "a"])
def test_a_name_is_used_once(name: str) -> None:
    group = group_of()
    group.add("a", fail)
    with pytest.raises(ValueError, match=f"there is a liveness check {name!r} already"):
        group.add(name, fail)


def test_a_check_is_a_function() -> None:
    with pytest.raises(TypeError, match="expected a function, got bool: the liveness check 'a'"):
        group_of().add("a", True)  # type: ignore[arg-type]


# Time


@in_virtual_time
async def test_a_check_that_hangs_times_out_and_delays_no_longer_than_that() -> None:
    group = group_of(timeout=0.8)
    group.add("hangs", hang)
    group.add("also-hangs", hang)
    group.add("ok", lambda: None)
    report = await group.report()
    assert [each.error for each in report.results] == ["", "timed out after 0.8 s", "timed out after 0.8 s", ""]
    assert elapsed() == 0.8


@in_virtual_time
async def test_a_check_that_ignores_its_cancellation_does_not_hold_up_the_report() -> None:
    group, stubborn = group_of(), Stubborn(60)
    group.add("stubborn", stubborn)
    assert (await group.report()).failed == (CheckResult("stubborn", "timed out after 0.8 s"),)
    assert elapsed() == pytest.approx(0.9)

    again = await group.report()
    assert again.failed[0].error == "the call for an earlier probe was cancelled and has not ended"
    assert elapsed() == pytest.approx(0.9)
    assert stubborn.calls == 1

    await asyncio.sleep(60)
    await group.report()
    assert stubborn.calls == 2
    await asyncio.sleep(60)


@in_virtual_time
async def test_many_reports_at_the_same_time_are_independent() -> None:
    group = group_of()

    async def check() -> None:
        await asyncio.sleep(0.1)

    group.add("a", check)
    group.add("hangs", hang)
    reports = await asyncio.gather(*(group.report() for _ in range(50)))
    assert {tuple(each.error for each in report.results) for report in reports} == {("", "", "timed out after 0.8 s")}
    assert elapsed() == 0.8
    assert (await group.report()).failed[0].error == "timed out after 0.8 s"


@in_virtual_time
async def test_many_reports_leave_a_check_alone_that_ignores_its_cancellation() -> None:
    group, stubborn = group_of(), Stubborn(10)
    group.add("stubborn", stubborn)
    await asyncio.gather(*(group.report() for _ in range(5)))
    assert stubborn.calls == 5
    for _ in range(3):
        await group.report()
    assert stubborn.calls == 5
    await asyncio.sleep(10)
    assert stubborn.ends == 5
    group_again = group.report()
    await group_again
    assert stubborn.calls == 6
    await asyncio.sleep(10)


@in_virtual_time
async def test_a_cancelled_report_ends_its_checks() -> None:
    group, ended = group_of(timeout=30), list[float]()

    async def check() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            ended.append(elapsed())

    group.add("a", check)
    task = asyncio.create_task(group.report())
    await asyncio.sleep(5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended == [5]


@in_virtual_time
async def test_a_cancelled_report_does_not_wait_for_a_check_that_ignores_its_cancellation() -> None:
    group, stubborn = group_of(), Stubborn(10)
    group.add("stubborn", stubborn)
    task = asyncio.create_task(group.report())
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert elapsed() == pytest.approx(0.6)
    await asyncio.sleep(10)


@in_virtual_time
async def test_a_check_that_needs_a_moment_to_end_does_not_affect_the_next_probe() -> None:
    group = group_of()

    async def check() -> None:
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)
            raise

    group.add("a", check)
    left = asyncio.create_task(group.report())
    await asyncio.sleep(0.1)
    left.cancel()
    await settle()
    assert (await group.report()).is_healthy
    await asyncio.wait([left])
    assert left.cancelled()


@in_virtual_time
async def test_the_errors_of_a_cancelled_report_are_logged_by_nobody(caplog: pytest.LogCaptureFixture) -> None:
    group = group_of()

    async def raise_at_once() -> None:
        fail()

    group.add("fails", raise_at_once)
    group.add("hangs", hang)
    report = asyncio.create_task(group.report())
    await asyncio.sleep(0.1)
    report.cancel()
    await asyncio.wait([report])
    del report
    gc.collect()
    assert "never retrieved" not in caplog.text


@in_virtual_time
async def test_an_error_after_the_timeout_belongs_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    group = group_of()

    async def check() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ValueError("while it was cancelled") from None

    group.add("a", check)
    assert (await group.report()).failed == (CheckResult("a", "timed out after 0.8 s"),)
    await settle()
    assert "never retrieved" not in caplog.text


@in_virtual_time
async def test_an_exit_of_the_program_ends_the_checks_that_have_begun() -> None:
    group, ended = group_of(), list[bool]()

    async def check() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    def leave() -> None:
        raise SystemExit(3)

    group.add("a", check)
    group.add("leaves", leave)
    with pytest.raises(SystemExit):
        await group.report()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_a_check_may_be_added_while_others_run() -> None:
    group = group_of()

    async def check() -> None:
        await asyncio.sleep(0)
        if "late" not in group.names:
            group.add("late", fail)

    group.add("a", check)
    assert [each.name for each in (await group.report()).results] == ["ping", "a"]
    assert [each.name for each in (await group.report()).results] == ["ping", "a", "late"]


# The log


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[tuple[str, str]]:
    return [(each.levelname, each.getMessage()) for each in caplog.records if each.levelno >= level]


@in_virtual_time
async def test_a_failure_is_logged_once_and_so_is_the_recovery(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    group, is_broken = group_of(), [True]

    def check() -> None:
        if is_broken:
            fail()

    group.add("a", check)
    for _ in range(3):
        await group.report()
        await asyncio.sleep(10)
    is_broken.clear()
    for _ in range(3):
        await group.result("a")
    assert lines(caplog) == [
        ("WARNING", "liveness check a: fails: ValueError: broken"),
        ("INFO", "liveness check a: passes again, after 30 s"),
    ]


@in_virtual_time
async def test_excluded_checks_leave_the_log_and_the_metrics_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kubeloop")
    group = group_of()
    group.add("a", fail)
    await group.report(exclude=["a", "ping"])
    assert lines(caplog, logging.DEBUG) == []


@in_virtual_time
async def test_secrets_of_an_error_are_in_no_line_and_no_result(caplog: pytest.LogCaptureFixture) -> None:
    group = group_of()

    def check() -> None:
        raise ValueError("Authorization: Bearer s3cr3t.t0ken\nERROR forged")

    group.add("a", check)
    report = await group.report()
    assert "s3cr3t" not in caplog.text + report.failed[0].error
    assert "\nERROR" not in caplog.text + report.failed[0].error
    assert "<hidden>" in report.failed[0].error


def test_the_repr_names_the_checks() -> None:
    group = group_of()
    group.add("a", fail)
    assert repr(group) == "<CheckGroup liveness: ping, a>"
