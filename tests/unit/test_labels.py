"""Label selectors: the facts of apimachinery's labels/selector_test.go, and the structured form."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kubeloop import labels
from kubeloop.labels import Operator, Requirement, Selector

IN, NOT_IN, EXISTS, ABSENT = Operator.IN, Operator.NOT_IN, Operator.EXISTS, Operator.DOES_NOT_EXIST
EQ, NE, GT, LT = Operator.EQUALS, Operator.NOT_EQUALS, Operator.GREATER_THAN, Operator.LESS_THAN


@pytest.mark.parametrize(
    "text",
    ["x=a,y=b,z=c", "", "x!=a,y=b", "x=", "x= ", "x=,z= ", "x= ,z= ", "!x", "x>1", "x>1,z<5"],
)
def test_prints_what_it_parsed_without_spaces(text):
    assert str(Selector.parse(text)) == text.replace(" ", "")


PARSED = [
    ("", []),
    ("\rx", [("x", EXISTS)]),
    ("this-is-a-dns.domain.com/key-with-dash", [("this-is-a-dns.domain.com/key-with-dash", EXISTS)]),
    (
        "this-is-another-dns.domain.com/key-with-dash in (so,what)",
        [("this-is-another-dns.domain.com/key-with-dash", IN, "so", "what")],
    ),
    (
        "0.1.2.domain/99 notin (10.10.100.1, tick.tack.clock)",
        [("0.1.2.domain/99", NOT_IN, "10.10.100.1", "tick.tack.clock")],
    ),
    ("foo  in\t (abc)", [("foo", IN, "abc")]),
    ("x notin\n (abc)", [("x", NOT_IN, "abc")]),
    ("x  notin\t\t(abc,def)", [("x", NOT_IN, "abc", "def")]),
    ("x in (abc,def)", [("x", IN, "abc", "def")]),
    ("x in (abc,)", [("x", IN, "abc", "")]),
    ("x in (abc,abc)", [("x", IN, "abc")]),
    ("x in ()", [("x", IN, "")]),
    ("x in (a,,)", [("x", IN, "a", "")]),
    ("x in (a,,a,,a,,a,,)", [("x", IN, "a", "")]),
    (
        "x notin (abc,,def),bar,z in (),w",
        [("bar", EXISTS), ("w", EXISTS), ("x", NOT_IN, "abc", "", "def"), ("z", IN, "")],
    ),
    ("x,y in (a)", [("x", EXISTS), ("y", IN, "a")]),
    ("x=a", [("x", EQ, "a")]),
    ("x==a", [("x", Operator.DOUBLE_EQUALS, "a")]),
    ("x>1", [("x", GT, "1")]),
    ("x<7", [("x", LT, "7")]),
    ("x=a,y!=b,z in (h,i,j)", [("x", EQ, "a"), ("y", NE, "b"), ("z", IN, "h", "i", "j")]),
    ("x notin ( )", [("x", NOT_IN, "")]),
    ("x notin (, a)", [("x", NOT_IN, "", "a")]),
    ("a ", [("a", EXISTS)]),
    ("a in (x,y,notin, z,in)", [("a", IN, "in", "notin", "x", "y", "z")]),
    ("!x", [("x", ABSENT)]),
]


@pytest.mark.parametrize(("text", "expected"), PARSED)
def test_parses_as_go(text, expected):
    requirements = tuple(Requirement(key, operator, values) for key, operator, *values in expected)
    assert Selector.parse(text).requirements == requirements


@pytest.mark.parametrize(
    "text",
    [
        "x=a||y=b", "x==a==b", "!x=a", "x<a", "x,,y", ",x,y", "x nott in (y)", "a in (xyz),", "a in (xyz)b notin ()",
        "a in (xyz abc)", "a notin(", "a (", "(", "a in", "a in b", "a in (,", "a=(", "!", "=a", "a=b,", "x>", "x>1>2",
    ],
)  # fmt: skip
def test_refuses_what_is_no_selector(text):
    with pytest.raises(ValueError, match="invalid label selector"):
        Selector.parse(text)


def test_an_error_shows_what_was_expected_and_what_was_found():
    with pytest.raises(ValueError, match=r"expected a label after ',', got the end of the text: 'a=b,'"):
        Selector.parse("a=b,")


LABELS = {"foo": "bar", "baz": "blah"}


@pytest.mark.parametrize(
    ("text", "present", "matches"),
    [
        ("", {"x": "y"}, True),
        ("x=y", {"x": "y"}, True),
        ("x=y,z=w", {"x": "y", "z": "w"}, True),
        ("x!=y,z!=w", {"x": "z", "z": "a"}, True),
        ("notin=in", {"notin": "in"}, True),
        ("x", {"x": "z"}, True),
        ("!x", {"y": "z"}, True),
        ("x>1", {"x": "2"}, True),
        ("x<1", {"x": "0"}, True),
        ("x=z", {}, False),
        ("x=y", {"x": "z"}, False),
        ("x=y,z=w", {"x": "w", "z": "w"}, False),
        ("x!=y,z!=w", {"x": "z", "z": "w"}, False),
        ("x", {"y": "z"}, False),
        ("!x", {"x": "z"}, False),
        ("x>1", {"x": "0"}, False),
        ("x<1", {"x": "2"}, False),
        ("x>1", {"x": "v2"}, False),
        ("x>1", {}, False),
        ("x>1", {"x": "9223372036854775808"}, False),
        ("x!=y", {}, True),
        ("x notin (y)", {}, True),
        ("x in (,y)", {"x": ""}, True),
        ("x in ()", {}, False),
        ("foo=bar,baz=blah", LABELS, True),
        ("foo=blah", LABELS, False),
        ("foo=bar,foobar=bar,baz=blah", LABELS, False),
    ],
)
def test_matches_as_go(text, present, matches):
    assert Selector.parse(text).matches(present) is matches


@pytest.mark.parametrize(
    ("key", "operator", "values", "fault"),
    [
        ("x1", IN, (), "at least one value"),
        ("x2", NOT_IN, (), "at least one value"),
        ("x5", EQ, ("foo", "bar"), "expected one value"),
        ("x6", EXISTS, ("foo",), "expected no value"),
        ("x7", ABSENT, ("foo",), "expected no value"),
        ("x8", GT, ("a",), "expected an integer"),
        ("x9", LT, ("1", "2"), "expected one value"),
        ("a" * 254, EXISTS, (), "63 bytes"),
        ("x14", EQ, ("a" * 65,), "63 bytes"),
        ("x15", EQ, ("a b",), "must consist of"),
        ("/x", EXISTS, (), "prefix must not be empty"),
        ("A/x", EXISTS, (), "prefix must consist of lower case"),
        ("a/b/c", EXISTS, (), "optional DNS subdomain"),
        ("", EXISTS, (), "must not be empty"),
    ],
)
def test_a_requirement_that_no_label_can_fulfil_is_refused(key, operator, values, fault):
    with pytest.raises(ValueError, match=fault):
        Requirement(key, operator, values)


def test_an_unknown_operator_is_refused():
    with pytest.raises(ValueError, match="unsupported"):
        Requirement("x", "unsupported", ("a",))  # type: ignore[arg-type]


def test_builds_selectors_from_functions():
    selector = labels.equals("x", "abc") & labels.not_equals("y", "jkl") & labels.is_in("z", ["b", "a"])
    assert str(selector & labels.not_in("w", ["q"])) == "w notin (q),x=abc,y!=jkl,z in (a,b)"
    assert str(labels.greater_than("x", 2) & labels.less_than("y", 8)) == "x>2,y<8"
    assert str(labels.exists("x") & labels.does_not_exist("y")) == "x,!y"
    assert labels.from_mapping({"b": "2", "a": "1"}) == Selector.parse("a=1,b=2")


def test_parsing_does_not_depend_on_the_order():
    assert Selector.parse("x=a,a=x") == Selector.parse("a=x,x=a")
    assert hash(Selector.parse("x in (b,a)")) == hash(Selector.parse("x in (a,b)"))


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("key in (value)", "key", "value"),
        ("key in (value,value2)", "key", None),
        ("key in (value,value1),key2 in (value2)", "key2", "value2"),
        ("key=value", "key", "value"),
        ("key==value", "key", "value"),
        ("key!=value", "key", None),
        ("key", "key", None),
        ("key=value", "other", None),
    ],
)
def test_says_which_value_is_required(text, key, value):
    assert Selector.parse(text).required_value(key) == value


def test_everything_selects_everything_and_nothing_nothing():
    assert labels.everything().matches(LABELS)
    assert labels.everything().matches(None)
    assert labels.everything().is_everything
    assert not labels.nothing().matches(LABELS)
    assert not labels.nothing().matches({"nothing": ""})


def test_the_text_of_nothing_selects_nothing():
    assert not Selector.parse(str(labels.nothing())).matches(LABELS)
    assert str(labels.nothing())


def structured(match_labels=None, *expressions):
    listed = [SimpleNamespace(key=key, operator=operator, values=values) for key, operator, values in expressions]
    return SimpleNamespace(match_labels=match_labels or {}, match_expressions=listed)


def test_an_absent_structured_selector_selects_nothing_and_an_empty_one_everything():
    assert labels.from_label_selector(None) is labels.nothing()
    assert labels.from_label_selector(structured()).is_everything


def test_reads_the_structured_form():
    selector = labels.from_label_selector(
        structured(
            {"app": "web"},
            ("tier", "In", ["a", "b"]),
            ("canary", "DoesNotExist", []),
            ("zone", "Exists", []),
            ("size", "NotIn", ["s"]),
        )
    )
    assert str(selector) == "app=web,!canary,size notin (s),tier in (a,b),zone"


@pytest.mark.parametrize("expression", [("a", "Gt", ["1"]), ("a", "", []), ("a", "In", []), ("a b", "Exists", [])])
def test_refuses_a_structured_selector_that_the_server_would_refuse(expression):
    with pytest.raises(ValueError, match="invalid label selector"):
        labels.from_label_selector(structured(None, expression))


STRUCTURED = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a"]}]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("app=web", "app=web"),
        (labels.exists("app"), "app"),
        ({"tier": "a", "app": "web"}, "app=web,tier=a"),
        ({}, ""),
        ({"app": ""}, "app="),
        ({"matchLabels": "a"}, "matchLabels=a"),
        (STRUCTURED, "app=web,tier in (a)"),
        ({"matchLabels": None, "matchExpressions": None}, ""),
        (SimpleNamespace(match_labels={"app": "web"}, match_expressions=[]), "app=web"),
    ],
)
def test_a_selector_can_be_made_of_every_form(value, text):
    assert str(Selector.of(value)) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "expected text, a selector, a mapping of labels or a LabelSelector, got int"),
        (None, "expected text, a selector, a mapping of labels or a LabelSelector, got NoneType"),
        ({"a": 1}, "expected text as the value of the label 'a', got int: write '1'"),
        ({"a": True}, "got bool: write 'true'"),
        ({"a": None}, r"write labels\.exists\('a'\) or labels\.does_not_exist\('a'\)"),
        ({"a": ["b"]}, r"write labels\.is_in\('a', \[\.\.\.\]\)"),
        ({"a": "b", "matchLabels": {"c": "d"}}, r"write labels\.Selector\.of"),
        ({1: "a"}, "expected text as the key of a label, got int: 1"),
        ({"matchLabels": ["a"]}, "expected a mapping as matchLabels, got list"),
        ({"matchExpressions": {"a": 1}}, "expected a list as matchExpressions, got dict"),
        ({"matchExpressions": ["a"]}, "expected a mapping in matchExpressions, got str"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": "b"}]}, "expected a list as values, got str"),
    ],
)
def test_a_value_of_another_type_is_refused_with_a_hint(value, message):
    with pytest.raises(TypeError, match=message):
        Selector.of(value)


@pytest.mark.parametrize("value", [{"-": "a"}, {"a": "-"}, {"matchExpressions": [{"key": "a", "operator": "Is"}]}])
def test_a_mapping_is_checked_by_the_rules_of_labels(value):
    with pytest.raises(ValueError, match="invalid label selector"):
        Selector.of(value)
