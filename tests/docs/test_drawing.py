"""The diagram of the packages shows the imports, and no arrow follows from two others."""

import pytest

from tools import house


def test_the_page_has_the_diagram_of_todays_imports() -> None:
    page = house.PAGE.read_text(encoding="utf-8")

    assert house.insert(page, house.draw(house.read_imports())) == page, "run `make drawing`"


def test_an_arrow_that_follows_from_two_others_is_left_out() -> None:
    imports = {"cache": {"clients", "rest", "errors"}, "clients": {"rest"}, "rest": {"errors"}, "errors": set[str]()}

    assert house.without_shortcuts(imports) == {
        "cache": {"clients"},
        "clients": {"rest"},
        "rest": {"errors"},
        "errors": set(),
    }


def test_rooms_that_import_each_other_are_refused_with_the_circle() -> None:
    with pytest.raises(ValueError, match=r"got a -> b -> c -> a"):
        house.without_shortcuts({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_what_stands_beside_the_house_is_drawn_round() -> None:
    drawn = house.draw({"cli": {"rest"}, "rest": set[str]()}).splitlines()

    assert drawn == ["```mermaid", "flowchart TD", "    cli([cli])", "    rest[rest]", "    cli --> rest", "```"]


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected the marks"):
        house.insert("# Architecture\n", "diagram")
