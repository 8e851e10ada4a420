"""Times, uids and generated names."""

from __future__ import annotations

import re
from random import Random
from uuid import UUID

from kubeloop.testing.apiserver.writing.moment import Moment, seconds_of, time_text


def test_times_have_whole_seconds() -> None:
    assert Moment(1_800_000_000.9, Random(1)).text == "2027-01-15T08:00:00Z"
    assert seconds_of(time_text(1_800_000_000.0)) == 1_800_000_000.0


def test_uids_are_random_and_repeat_with_the_seed() -> None:
    moment = Moment(0, Random(1))

    first, second = moment.uid(), moment.uid()

    assert UUID(first).version == 4
    assert first != second
    assert Moment(0, Random(1)).uid() == first


def test_a_generated_name_has_five_letters_more() -> None:
    name = Moment(0, Random(1)).name_after("web-")

    assert re.fullmatch(r"web-[bcdfghjklmnpqrstvwxz2456789]{5}", name)


def test_a_long_prefix_is_cut_so_that_the_name_has_63_characters() -> None:
    assert len(Moment(0, Random(1)).name_after("a" * 80)) == 63
