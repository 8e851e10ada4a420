from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from kubeloop.record.recent_items import RecentItems


def test_the_item_that_was_used_least_recently_makes_room() -> None:
    items: RecentItems[str, int] = RecentItems(2)
    assert [items.put("a", 1), items.put("b", 2)] == [None, None]
    assert items.get("a") == 1
    assert items.put("c", 3) == 2
    assert items.items() == [("a", 1), ("c", 3)]


def test_an_item_that_is_put_again_is_the_most_recent() -> None:
    items: RecentItems[str, int] = RecentItems(2)
    for key in "aba":
        items.put(key, ord(key))
    assert items.put("c", 3) == ord("b")
    assert len(items) == 2


def test_a_removed_item_is_gone() -> None:
    items: RecentItems[str, int] = RecentItems(2)
    items.put("a", 1)
    items.remove("a")
    items.remove("a")
    assert (items.get("a"), len(items), repr(items)) == (None, 0, "<RecentItems: 0 of 2>")


@given(st.lists(st.tuples(st.sampled_from("gpr"), st.integers(0, 5), st.integers(1, 9))), st.integers(1, 4))
def test_it_is_an_ordered_mapping_with_a_bound(calls: list[tuple[str, int, int]], limit: int) -> None:
    items: RecentItems[int, int] = RecentItems(limit)
    model: OrderedDict[int, int] = OrderedDict()
    for call, key, value in calls:
        if call == "g":
            assert items.get(key) == model.get(key)
            if key in model:
                model.move_to_end(key)
        elif call == "r":
            items.remove(key)
            model.pop(key, None)
        else:
            forgotten = items.put(key, value)
            model[key] = value
            model.move_to_end(key)
            assert forgotten == (model.popitem(last=False)[1] if len(model) > limit else None)
        assert items.items() == list(model.items())
