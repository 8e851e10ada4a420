"""No fault makes an informer flood the server, however long it lasts."""

from __future__ import annotations

import pytest

from tests.simulation.lasting import HEAD, HOUR, LASTING, Lasting, requests_during
from tests.support.markdown import ROOT

QUARTER = HOUR / 4
FIRST = 30
"""Requests while the back-off grows."""


@pytest.mark.parametrize("flavour", ["typed", "typed paged"])
@pytest.mark.parametrize("lasting", LASTING, ids=lambda each: each.name)
def test_an_informer_sends_a_bounded_number_of_requests(lasting: Lasting, flavour: str) -> None:
    requests = requests_during(lasting, QUARTER, flavour=flavour)
    assert 0 < requests.lists + requests.watches <= lasting.bound * QUARTER / HOUR + FIRST


def test_the_documentation_has_the_table() -> None:
    lines = (ROOT / "docs/reference/requests-while-a-fault-lasts.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    start = rows.index([*HEAD]) + 2
    documented = rows[start : start + len(LASTING)]
    assert [(row[0], row[4]) for row in documented] == [(each.name, str(each.bound)) for each in LASTING]
    assert all(max(int(row[1]), int(row[2]) + int(row[3])) <= int(row[4]) for row in documented)
