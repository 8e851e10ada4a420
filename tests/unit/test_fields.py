"""Field selectors: the facts of apimachinery's fields/selector_test.go."""

from __future__ import annotations

import pytest

from kubeloop import fields
from kubeloop.fields import Selector

FIELDS = {"foo": "bar", "baz": "blah", "complex": "=value\\,\\"}


@pytest.mark.parametrize("text", ["x=a,y=b,z=c", "", "x!=a,y=b", r"x=a||y\=b", r"x=a\=\=b", "함=수"])
def test_prints_what_it_parsed(text):
    assert str(Selector.parse(text)) == text


@pytest.mark.parametrize("text", ["x=a||y=b", "x==a==b", "x=a,b", "x in (a)", "x in (a,b,c)", "x", "k=\\", "k=\\a"])
def test_refuses_what_is_no_selector(text):
    with pytest.raises(ValueError, match="invalid field selector"):
        Selector.parse(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (r"k=\,,k2=v2", {"k": ",", "k2": "v2"}),
        (r"k=\\,k2=v2", {"k": "\\", "k2": "v2"}),
        (r"k=\\\,,k2=v2", {"k": "\\,", "k2": "v2"}),
        ("a=a,", {"a": "a"}),
        (",a=a", {"a": "a"}),
        ("함=수,목=록", {"함": "수", "목": "록"}),
    ],
)
def test_splits_at_commas_that_are_not_escaped(text, values):
    assert {each.field: each.value for each in Selector.parse(text).requirements} == values


@pytest.mark.parametrize(
    ("value", "text"),
    [("", ""), ("a", "a"), ("=", r"\="), (",", r"\,"), ("\\", r"\\"), ("\\=\\,\\", r"\\\=\\\,\\")],
)
def test_escapes_values_and_back(value, text):
    assert fields.escape_value(value) == text
    assert fields.unescape_value(text) == value


@pytest.mark.parametrize("text", ["\\", "\\\\\\", "\\a", "a,b", "a=b"])
def test_refuses_values_that_are_not_escaped(text):
    with pytest.raises(ValueError, match="invalid field selector"):
        fields.unescape_value(text)


@pytest.mark.parametrize(
    ("text", "present", "matches"),
    [
        ("", {"x": "y"}, True),
        ("x=y", {"x": "y"}, True),
        ("x==y", {"x": "y"}, True),
        ("x=y,z=w", {"x": "y", "z": "w"}, True),
        ("x!=y,z!=w", {"x": "z", "z": "a"}, True),
        ("notin=in", {"notin": "in"}, True),
        ("x=y", {"x": "z"}, False),
        ("x=y,z=w", {"x": "w", "z": "w"}, False),
        ("x!=y,z!=w", {"x": "z", "z": "w"}, False),
        ("x=", {}, True),
        ("x!=y", {}, True),
        (r"foo=bar,baz=blah,complex=\=value\\\,\\", FIELDS, True),
        ("foo=bar,foobar=bar,baz=blah", FIELDS, False),
    ],
)
def test_matches_as_go(text, present, matches):
    assert Selector.parse(text).matches(present) is matches


def test_builds_selectors():
    assert str(fields.equals("x", "y") & fields.not_equals("a", "b,c")) == r"x=y,a!=b\,c"
    assert fields.from_mapping({"b": "2", "a": "1"}) == Selector.parse("a=1,b=2")
    assert fields.from_mapping({}).is_everything
    assert Selector.parse("x=a,a=x") == Selector.parse("a=x,x=a")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a=b", None),
        ("test=b", "b"),
        ("test=", ""),
        ("test!=b", None),
        ("test!=", None),
        ("a=b,test=c", "c"),
    ],
)
def test_says_which_value_is_required(text, value):
    assert Selector.parse(text).required_value("test") == value


def test_transforms_fields_and_drops_those_that_become_empty():
    selector = Selector.parse("a=b,c!=d,e=f")
    assert str(selector.transform(lambda field, value: (field, value))) == "a=b,c!=d,e=f"
    assert (
        str(selector.transform(lambda field, value: ("z", "w") if field == "c" else (field, value))) == "a=b,z!=w,e=f"
    )
    assert str(selector.transform(lambda field, value: ("", "") if field == "c" else (field, value))) == "a=b,e=f"
    assert selector.transform(lambda field, value: ("", "")).is_everything


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("spec.nodeName=n1", "spec.nodeName=n1"),
        (fields.equals("a", "b"), "a=b"),
        ({"spec.nodeName": "n1", "metadata.name": "a,b"}, r"metadata.name=a\,b,spec.nodeName=n1"),
        ({}, ""),
    ],
)
def test_a_selector_can_be_made_of_every_form(value, text):
    assert str(Selector.of(value)) == text


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (3, TypeError, "expected text, a selector or a mapping of fields, got int"),
        ({"spec.unschedulable": True}, TypeError, "of the field 'spec.unschedulable', got bool: write 'true'"),
        ({"a": None}, TypeError, "of the field 'a', got NoneType$"),
        ({1: "a"}, TypeError, "expected text as a field, got int"),
        ({"": "a"}, ValueError, "expected the path of a field, got ''"),
        ({"a!": "b"}, ValueError, "expected the path of a field, got 'a!'"),
        ({"a,b": "c"}, ValueError, "expected the path of a field, got 'a,b'"),
    ],
)
def test_a_mapping_is_checked(value, error, message):
    with pytest.raises(error, match=message):
        Selector.of(value)
