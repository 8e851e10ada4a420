"""Templates are parsed as by client-go, and a bad one is refused with its position and the next step."""

from __future__ import annotations

import pytest

from kubeloop.jsonpath import JSONPath, JSONPathError
from kubeloop.jsonpath.path_node import (
    Action,
    Descent,
    Field,
    Filter,
    Literal,
    OutsideText,
    RangeBlock,
    Slice,
    Union,
    Wildcard,
)
from kubeloop.jsonpath.template_parser import MAX_DEPTH, parse_template


@pytest.mark.parametrize(
    ("expression", "nodes"),
    [
        ("", ()),
        ("@", ()),
        (".a", (Field("a"),)),
        (".", (Field(""),)),
        (r".a\.b\\c", (Field("a.bc"),)),
        ("['a']", (Field("a"),)),
        ("['a.b']", (Field("a"), Field("b"))),
        (".a.*", (Field("a"), Wildcard())),
        ("..", (Descent(),)),
        ("..a", (Descent(), Field("a"))),
        ("...a", (Descent(), Field("a"))),
        ("..a..", (Descent(), Field("a"), Descent())),
        ("[1:3]", (Slice(1, 3, None, single=False),)),
        ("[*]", (Slice(None, None, None, single=False),)),
        ("[-5:]", (Slice(-5, None, None, single=False),)),
        ("[-1]", (Slice(-1, 0, None, single=True),)),
        ("[1:-1]", (Slice(1, -1, None, single=False),)),
        ("[::2]", (Slice(None, None, 2, single=False),)),
        ("[]", (Slice(None, 1, None, single=True),)),
        ("['a.b', 3]", (Union(((Field("a"), Field("b")), (Slice(3, 4, None, single=True),))),)),
        ("[?(@.a<3)]", (Filter((Field("a"),), "<", (Literal(3),)),)),
        ("[?(@.a)]", (Filter((Field("a"),), "exists", ()),)),
        ("[?(@.a == '()')]", (Filter((Field("a"),), "==", (Literal("()"),)),)),
        (r'[?(@.a == "(\"\")")]', (Filter((Field("a"),), "==", (Literal('("")'),)),)),
        ('[?(@.a == "())(")]', (Filter((Field("a"),), "==", (Literal("())("),)),)),
        ('[?(@.a == "{[()]}")]', (Filter((Field("a"),), "==", (Literal("{[()]}"),)),)),
        (r"[?(@.a == '\\\'')]", (Filter((Field("a"),), "==", (Literal("\\'"),)),)),
        ("1 -2 +3 2.5 true false 'x'", tuple(map(Literal, (1, -2, 3, 2.5, True, False, "x")))),
        (r'"\a\b\f\n\r\t\v\\\"\x41\101é\u00e9\U0001F600"', (Literal('\a\b\f\n\r\t\v\\"AAéé\U0001f600'),)),
    ],
)
def test_an_expression_is_parsed_into_nodes(expression, nodes):
    assert parse_template(f"{{{expression}}}") == (Action(nodes),)


def test_text_and_ranges_are_parts_of_a_template():
    assert parse_template("a}{range .x}b{range}{@}{end}{end}c") == (
        OutsideText("a}"),
        RangeBlock((Field("x"),), (OutsideText("b"), RangeBlock((), (Action(()),)))),
        OutsideText("c"),
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("x{.hello", "the braces are not closed; add } (position 1)"),
        ("{.a\n}", "the braces are not closed; add } (position 0)"),
        ("a{*}", "unexpected character '*'; write a field as .name or ['name'] (position 2)"),
        ("{hello}", "unknown word 'hello'; write a field as .hello (position 1)"),
        ("{+12.3.0}", "expected a number, got '+12.3.0' (position 1)"),
        ("{[1}", "the bracket is not closed; add ] (position 1)"),
        ("{[?(.price]}", "the condition is not closed; add )] (position 1)"),
        ("{[?(.price)}", "expected ] after the condition (position 11)"),
        ("{........}", "expected a field after .., got another .. (position 3)"),
        ("{'a}", "the quoted text is not closed; add ' (position 1)"),
        ("{'a\nb'}", "the quoted text is not closed; add ' (position 1)"),
        (r"{'a\q'}", r"invalid escape in a quoted text: '\\q' (position 3)"),
        (r"{'\"'}", "invalid escape"),
        (r"{'\ud800'}", "invalid escape"),
        (r"{'\400'}", "invalid escape"),
        (r"{'\U00110000'}", "invalid escape"),
        ("{.a[b]}", "expected a position, a slice, * or a name in single quotes, got 'b' (position 3)"),
        ("{.a[0,b]}", "got 'b' (position 5)"),
        ("{[-]}", "expected a position, got '-' (position 1)"),
        ("{[9223372036854775808]}", "expected a position"),
        ("{[::0]}", "expected a step of at least 1, got 0 (position 1)"),
        ("{.a[?(@.b<>1)]}", "unknown operator '<>'; use one of == != < <= > >= (position 9)"),
        ("{.a[?(@.b==x)]}", "unknown word 'x'; write a field as .x (position 11)"),
        ("{[?(range)]}", "expected a value, got range or end, which need braces of their own (position 4)"),
        ("{.a}{end}", "not in a range, so there is nothing to end; remove {end} (position 4)"),
        ("x{range .a}{.b}", "the range has no end; add {end} after its body (position 1)"),
        ("{range .a}{end .b}", "expected {range EXPRESSION} or {end}, got a mixture of both (position 10)"),
        ("{range range .a}{end}", "a mixture of both (position 0)"),
    ],
)
def test_a_bad_template_is_refused_with_its_position_and_the_next_step(template, message):
    with pytest.raises(JSONPathError) as caught:
        JSONPath(template)

    assert message in str(caught.value)
    assert str(caught.value).startswith("invalid JSONPath ")


def test_the_largest_integers_are_integers_and_larger_ones_are_floats():
    assert parse_template("{9223372036854775807}") == (Action((Literal(2**63 - 1),)),)
    assert parse_template("{-9223372036854775808}") == (Action((Literal(-(2**63)),)),)
    assert parse_template("{9223372036854775808}") == (Action((Literal(float(2**63)),)),)
    with pytest.raises(JSONPathError, match="expected a number"):
        parse_template(f"{{{'9' * 400}}}")


def test_ranges_are_nested_up_to_a_limit():
    parse_template("{range}" * MAX_DEPTH + "{end}" * MAX_DEPTH)

    with pytest.raises(JSONPathError, match="at most 100 ranges"):
        parse_template("{range}" * (MAX_DEPTH + 1) + "{end}" * (MAX_DEPTH + 1))


@pytest.mark.parametrize("unit", ["[", "[?(", "'", "[?(@.a'", "((((", "{", "[[]", "a=", "['a'", "....", "[0,"])
def test_a_huge_expression_that_is_wrong_is_refused(unit):
    with pytest.raises(JSONPathError):
        parse_template("{" + unit * 20_001 + "}")
