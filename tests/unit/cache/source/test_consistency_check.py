"""The comparison of a store with the server. In virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from kubeloop.cache.source.consistency_check import ConsistencyReport, StaleObject, check_consistency, compare
from kubeloop.errors import Expired, Forbidden, GatewayTimeout, Gone, StatusCause, StatusDetails
from kubeloop.models import core_v1, meta_v1
from kubeloop.testing.virtual_time import in_virtual_time


def pod(name: str, version: int | str, uid: str = "") -> core_v1.Pod:
    metadata = meta_v1.ObjectMeta(name=name, namespace="x", resource_version=str(version), uid=uid or f"uid-{name}")
    return core_v1.Pod(metadata=metadata)


class Server:
    """Lists exactly one version, in pages."""

    def __init__(self, *pages: Sequence[core_v1.Pod] | Exception, version: str = "5", unreadable: Any = ()) -> None:
        self.pages = pages
        self.version = version
        self.unreadable = dict.fromkeys(unreadable)
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, *, resource_version: str, limit: int | None, continue_: str) -> Any:
        assert limit
        self.asked.append((resource_version, continue_))
        number = int(continue_ or 0)
        page = self.pages[number]
        if isinstance(page, Exception):
            raise page
        more = str(number + 1) if number + 1 < len(self.pages) else ""
        return SimpleNamespace(
            metadata=SimpleNamespace(resource_version=self.version, continue_=more),
            items=page,
            unreadable=MappingProxyType(self.unreadable if number == 0 else {}),
        )


async def check(
    server: Server | None, *pods: core_v1.Pod, version: str | None = "5", unreadable: Sequence[str] = ()
) -> ConsistencyReport:
    return await check_consistency("v1 pods", version, pods, unreadable, server)


@in_virtual_time
async def test_equal_objects_are_consistent_over_all_pages() -> None:
    server = Server([pod("a", 1)], [pod("b", 2)], [])
    report = await check(server, pod("b", 2), pod("a", 1))
    assert (report.verdict, report.count) == ("consistent", 2)
    assert server.asked == [("5", ""), ("5", "1"), ("5", "2")]
    assert str(report) == "v1 pods: the store is consistent with the server at resourceVersion 5 (2 objects)"


@in_virtual_time
async def test_what_is_missing_extra_and_stale_is_named() -> None:
    server = Server([pod("a", 1), pod("missing", 2), pod("stale", 4), pod("replaced", 5, "new")])
    report = await check(server, pod("a", 1), pod("extra", 2), pod("stale", 3), pod("replaced", 3, "old"))
    assert report.verdict == "inconsistent"
    assert report.missing == ("x/missing",)
    assert report.extra == ("x/extra",)
    assert report.stale == (
        StaleObject("x/replaced", "old", "3", "new", "5"),
        StaleObject("x/stale", "uid-stale", "3", "uid-stale", "4"),
    )
    assert str(report).splitlines() == [
        "v1 pods: the store is inconsistent with the server at resourceVersion 5 (4 objects)",
        "  1 missing: x/missing",
        "  1 extra: x/extra",
        "  2 stale: x/replaced (at 3 of uid old, on the server at 5 of uid new), x/stale (at 3, on the server at 4)",
    ]


def test_an_object_of_another_uid_is_another_object_at_any_version() -> None:
    report = compare("v1 pods", "5", {"x/a": ("old", "5")}, {"x/a": ("new", "5")})
    assert (report.verdict, report.stale) == ("inconsistent", (StaleObject("x/a", "old", "5", "new", "5"),))


@in_virtual_time
async def test_nothing_is_said_of_objects_that_cannot_be_read() -> None:
    server = Server([pod("a", 4)], [], unreadable=["x/b"])
    report = await check(server, pod("a", 3), pod("b", 3), unreadable=["x/a"])
    assert (report.verdict, report.count, report.unreadable) == ("consistent", 0, 2)
    assert "(0 objects, 2 unreadable ones left out)" in str(report)


TOO_LARGE = GatewayTimeout(
    StatusDetails(
        code=504, reason="Timeout", causes=(StatusCause(reason="ResourceVersionTooLarge", message="", field=""),)
    )
)


@pytest.mark.parametrize(
    ("server", "version", "reason"),
    [
        (Server(), None, "the informer has not listed yet"),
        (Server(), "", "the server sends no resourceVersion"),
        (Server(), "0", "the server sends no resourceVersion"),
        (None, "5", "the source of the informer cannot list at a version"),
        (Server(Expired(StatusDetails(code=410, reason="Expired", message="too old"))), "5", "too old"),
        (Server([pod("a", 1)], Gone(StatusDetails(code=410))), "5", "410"),
        (Server(TOO_LARGE), "5", "504"),
        (Server([], version="9"), "5", "the server listed at 9 instead of 5"),
        (Server([], version=""), "5", "the server listed at no version instead of 5"),
    ],
)
@in_virtual_time
async def test_what_cannot_be_compared_is_unknown_and_not_inconsistent(
    server: Server | None, version: str | None, reason: str
) -> None:
    report = await check(server, pod("a", 1), version=version)
    assert report.verdict == "unknown"
    assert reason in report.reason
    assert str(report).startswith("v1 pods: the store could not be compared with the server: ")
    assert reason in str(report)


@in_virtual_time
async def test_any_other_failure_is_raised() -> None:
    with pytest.raises(Forbidden):
        await check(Server(Forbidden(StatusDetails(code=403))), pod("a", 1))


def test_the_text_of_a_report_names_a_few_objects_and_counts_the_others() -> None:
    listed = {f"x/p{number:03}": ("u", "1") for number in range(200)}
    report = compare("v1 pods", "5", {}, listed)
    assert len(report.missing) == 200
    assert str(report).splitlines()[1].endswith("x/p008, x/p009 and 190 more")
