"""The judge: what it takes for a retry, for an expiry, and for a list that it doubts."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from kubeloop.errors import Gone
from kubeloop.testing.virtual_time import in_virtual_time
from kubeloop.transport.base import read_error_body
from kubeloop.wire.request import Request
from kubeloop.wire.response import Headers, Response
from tests.simulation.cluster import Cluster
from tests.simulation.network import A_MOMENT, Attempt, Link, Network
from tests.simulation.request_model import RETRIES, ReaderModel, with_the_next

PODS = "/api/v1/namespaces/{}/pods"


def new_link() -> Link:
    return Link("reader", Network(Cluster(Random(1), servers=1, window=None)), Random(1))


@pytest.mark.parametrize("is_watch", [True, False])
def test_a_watch_is_retried_ten_times_by_the_same_call(is_watch: bool) -> None:
    # The second call asks for the same timeout as the first, by chance.
    attempts = [
        Attempt(float(at), "/", {"timeoutSeconds": "300"}, is_watch, False, failure="ConnectionLost")
        for at in range(2 * RETRIES + 3)
    ]
    calls = [attempt.at for attempt, _, is_retried in with_the_next(attempts) if not is_retried]
    # An informer may send the same list again, and not every list that is cut is retried.
    assert calls == ([RETRIES, 2 * RETRIES + 1] if is_watch else [])


@pytest.mark.parametrize("after", [0, 20])
@in_virtual_time
async def test_a_refusal_that_was_cut_counts_by_its_status(after: int) -> None:
    link = new_link()
    link.rules.on("watch", "pods").fail(Gone).cut(after=after)
    request = Request("GET", PODS.format("one") + "?watch=true")
    async with link.stream(request) as body:
        assert len(await read_error_body(body)) == after
    (attempt,) = link.attempts
    assert (attempt.status, attempt.has_expired, attempt.lacks_version, attempt.failure) == (410, True, True, "")


async def read_list(link: Link, namespace: str, *pages: bytes) -> None:
    """Read a list in pages with these items."""
    for number, items in enumerate(pages, 1):
        token = b"" if number == len(pages) else b',"continue":"more"'
        head = b'{"kind":"PodList","metadata":{"resourceVersion":"5"' + token + b"}"
        rule = link.rules.on("list", "pods").respond(
            lambda _, body=head + b',"items":[' + items + b"]}": Response(200, Headers([]), body)
        )
        query = "?limit=1" if number == 1 else "?limit=1&continue=more"
        await link.request(Request("GET", PODS.format(namespace) + query))
        rule.remove()


GOOD, NAMELESS = b'{"metadata":{"name":"a"}}', b'{"metadata":{"name":7}}'


@in_virtual_time
async def test_a_list_is_doubted_whatever_page_has_an_object_without_a_name() -> None:
    link = new_link()
    await read_list(link, "one", GOOD)
    assert not link.is_doubtful
    for pages in ((NAMELESS, GOOD, GOOD), (GOOD, NAMELESS, GOOD), (GOOD, GOOD, NAMELESS)):
        await read_list(link, "one", *pages)
        await asyncio.sleep(10 * A_MOMENT)
        assert link.is_doubtful
        await read_list(link, "one", GOOD, GOOD)
        assert link.is_doubtful
        await asyncio.sleep(A_MOMENT)
        assert not link.is_doubtful


@in_virtual_time
async def test_the_list_of_another_source_ends_no_doubt() -> None:
    link = new_link()
    await read_list(link, "one", NAMELESS)
    await read_list(link, "two", GOOD)
    await asyncio.sleep(10 * A_MOMENT)
    assert link.is_doubtful


def page(at: float, parameters: dict[str, str], status: int = 200) -> Attempt:
    attempt = Attempt(at, "/", parameters, False, "continue" in parameters, status, ended_at=at)
    attempt.is_good, attempt.has_expired = status == 200, status == 410
    attempt.token = "" if parameters == {} else "more"  # an expired page has a token too
    return attempt


def test_a_reader_reads_a_full_list_after_a_page_that_expired_and_no_second_one() -> None:
    reports: list[str] = []
    full = page(2.0, {})
    pages = [page(0.0, {"limit": "500"}), page(1.0, {"limit": "500", "continue": "more"}, 410)]
    pages[1].ended_at = full.at
    ReaderModel(None, reports.append).follow([*pages, full])
    assert reports == []
    ReaderModel(None, reports.append).follow([*pages, page(2.0, {"limit": "500"})])
    assert [report.partition("expected ")[2] for report in reports] == ["a full list after pages that expired"]


def test_a_pause_begins_after_the_look_at_the_api_that_follows_a_list() -> None:
    listed, look, following = page(1.0, {}), page(31.0, {}), page(32.0, {})
    look.stopped_seconds_at_end = following.stopped_seconds = 5.0
    listed.include(look)
    assert listed.pause_before(following) == 1.0
