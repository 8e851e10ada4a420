"""YAML by the rules of sigs.k8s.io/yaml, with libyaml and without; the expected values are those of its v1.6."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import yaml as pyyaml

from kubeloop.errors import DecodeError, EncodeError
from tests.support.growth import growth
from tests.support.yaml_readers import READERS, reader


@pytest.fixture(params=READERS)
def yaml(request: pytest.FixtureRequest) -> Any:
    """The module, with libyaml and without: results are the same."""
    return reader(request.param)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on", True), ("off", False), ("yes", True), ("No", False),
        ("Y", True), ("n", False), ("TRUE", True), ("yEs", "yEs"),
        ("~", None), ("", None), ("null", None), ("NULL", None), ("nUll", "nUll"),
        ("0777", 511), ("0o17", 15), ("0O7", 7), ("0x1F", 31), ("0X1f", 31), ("-0x1F", -31), ("0b11", 3), ("+0b1", 1),
        ("1_000", 1000), ("0_7", 7), ("00", 0), ("-0", 0), ("08", 8), ("0b2", "0b2"), ("0x", "0x"), ("_1", "_1"),
        ("12:30:45", "12:30:45"), ("01:30", "01:30"), ("2001-01-01", "2001-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("1.", 1),
        ("1e3", 1000), ("1.0e5", 100000), ("1e-7", 1e-7), ("8.0", 8),
        ("1e400", "1e400"), (".", "."), ("+", "+"), ("1_0.5", 10.5), (".4_0", 0.4), ("1.2.3", "1.2.3"),
        ("18446744073709551615", 18446744073709551615), ("1e21", 1e21), ("9223372036854775807", 2**63 - 1),
        ("=", "="), ("'on'", "on"), ('"5"', "5"), ("!!str 5", "5"),
        ("!!float 5", 5), ("!!int '5'", 5), ("!!bool yes", True),
        ("!!binary aGk=", "hi"), ("!foo 5", "5"), ("!!str on", "on"),
    ],
)  # fmt: skip
def test_resolves_scalars_as_kubernetes_does(yaml, text, expected):
    value = yaml.load(f"k: {text}")["k"]
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k: one\n two", {"k": "one two"}),
        ("- one\n two", ["one two"]),
        ("a:\n  b: one\n   two", {"a": {"b": "one two"}}),
        ("k: one\n\n two", {"k": "one\ntwo"}),
    ],
)
def test_a_plain_scalar_continues_where_it_is_indented_by_one(yaml, text, expected):
    assert yaml.load(text) == expected


@pytest.mark.parametrize("indicator", ["---", "..."])
def test_a_plain_scalar_ends_with_its_document(yaml, indicator):
    assert yaml.load_first(f"one\n{indicator}\n") == "one"
    assert yaml.load_first(f"one\n ---\n{indicator}") == "one ---"
    with pytest.raises(DecodeError):
        yaml.load(f"[a\n{indicator}\nb]")


def test_byte_order_marks_before_the_first_document_are_skipped(yaml):
    assert yaml.load("\ufeff\ufeffa: 1") == yaml.load("\ufeff\ufeffa: 1".encode()) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("on", "true"), ("n", "false"), ("5", "5"), ("0x10", "16"),
        ("1.5", "1.5"), ("1e6", "1e+06"), ("999999.0", "999999"),
        ("1234567.0", "1.234567e+06"), ("123456789.5", "1.2345679e+08"), ("0.00001", "1e-05"),
        ("-0.0", "-0"), (".inf", ".inf"),
        ("1e39", ".inf"), ("2001-01-01", "2001-01-01"), ("'5'", "5"),
    ],
)  # fmt: skip
def test_keys_become_text_as_go_writes_them(yaml, text, key):
    assert yaml.load(f"{text}: v") == {key: "v"}


@pytest.mark.parametrize(
    "text",
    [".inf", "-.Inf", ".nan", "!!int x", "!!int 1.5", "!!float x", "!!bool 5", "!!null x", "!!binary '*'"],
)
def test_refuses_scalars_that_json_cannot_hold_or_that_belie_their_tag(yaml, text):
    with pytest.raises(DecodeError, match="line 1, column 4"):
        yaml.load(f"k: {text}")


@pytest.mark.parametrize("text", ["[1]: 2", "{a: 1}: 2", "null: 2"])
def test_refuses_keys_that_are_neither_text_nor_number(yaml, text):
    with pytest.raises(DecodeError, match="cannot be a key"):
        yaml.load(text)


def test_the_last_of_equal_keys_wins_unless_strict(yaml):
    assert yaml.load("a: 1\nb: 2\na: 3") == {"a": 3, "b": 2}
    with pytest.raises(DecodeError, match="line 3, column 1: a key that is already set"):
        yaml.load("a: 1\nb: 2\na: 3", strict=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: &x {b: 1}\nd: {<<: *x, e: 2}", {"b": 1, "e": 2}),
        ("x: &x {b: 1}\nd: {b: 5, <<: *x}", {"b": 1}),
        ("x: &x {b: 1}\nd: {<<: [*x, {b: 2, g: 3}]}", {"b": 1, "g": 3}),
        ("d: {'<<': {a: 1}}", {"<<": {"a": 1}}),
    ],
)
def test_merge_keys_count_where_they_stand(yaml, text, expected):
    assert yaml.load(text)["d"] == expected


def test_refuses_a_merge_of_something_else(yaml):
    with pytest.raises(DecodeError, match="merge key"):
        yaml.load("a: {<<: 5}")


def test_each_alias_gives_a_value_of_its_own(yaml):
    value = yaml.load("a: &x {b: [1]}\nc: *x")
    value["a"]["b"].append(2)
    assert value["c"] == {"b": [1]}


def test_refuses_a_document_that_explodes_through_aliases(yaml):
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(DecodeError, match="aliases"):
        yaml.load(f"l0: &l0 [x]\n{levels}")


@pytest.mark.parametrize("text", ["&x {a: *x}", "&x [*x]"])
def test_refuses_an_anchor_that_contains_itself(yaml, text):
    with pytest.raises(DecodeError, match="contains itself"):
        yaml.load(text)


@pytest.mark.parametrize("text", ["[" * 10001 + "]" * 10001, "{a: " * 20000, "- " * 10001 + "x", "[" * 20000])
def test_refuses_what_is_nested_deeper_than_go_yaml_does(yaml, text):
    """(F16)"""
    with pytest.raises(DecodeError, match=r"YAML: line 1, column \d+: nested too deeply"):
        yaml.load(text)


@pytest.mark.parametrize("depth", [150, 250, 999, 9_999])
def test_reads_what_is_nested_as_deeply_as_go_yaml_does(yaml, depth):
    """(F16) This includes depths at which libyaml would be slow."""
    value = yaml.load("[" * depth + "x" + "]" * depth)
    for _ in range(depth):
        (value,) = value
    assert value == "x"


@pytest.mark.parametrize(
    "data", ["a: [", "a: b: c", "\tx: 1", "a: *nowhere", "a: \x01", b"a: \xff", "a: \ud800", "- a\nb: c", "%YAML 9"]
)
def test_an_error_is_a_decode_error(yaml, data):
    with pytest.raises(DecodeError, match="YAML"):
        yaml.load(data)


def test_an_error_says_where_and_never_shows_the_text(yaml):
    with pytest.raises(DecodeError) as caught:
        yaml.load("user:\n  token: [s3cret")
    assert "line" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_reads_one_document_or_all(yaml):
    assert yaml.load("") is None
    assert yaml.load("---\na: 1\n...\n") == {"a": 1}
    assert list(yaml.load_all("a: 1\n---\n# nothing\n---\nb: 2\n")) == [{"a": 1}, None, {"b": 2}]
    with pytest.raises(DecodeError, match="expected one document"):
        yaml.load("a: 1\n---\nb: 2")


def test_reads_bytes_and_json(yaml):
    assert yaml.load('{"a": [1, 2.5, "é", null, true]}'.encode()) == {"a": [1, 2.5, "é", None, True]}
    assert yaml.load("a: é".encode("utf-16")) == {"a": "é"}


def test_writes_sorted_keys_lists_without_indent_and_text_as_blocks(yaml):
    value = {"kind": "ConfigMap", "data": {"b": "x\ny\n", "a": ["1", 1]}, "e": {}, "l": []}
    assert yaml.dump(value) == "data:\n  a:\n  - '1'\n  - 1\n  b: |\n    x\n    y\ne: {}\nkind: ConfigMap\nl: []\n"


AMBIGUOUS = [
    "on", "No", "y", "~", "", "null", "0777", "0o7", "1e3",
    "1_000", "5", ".5", "1.", "12:30:45", "1:2", "2001-01-01", "=", "<<",
    "- x", "a: b", "# c", " x", "x ", "\t", "x\n", "\n", "x\ny",
    "  x\ny", "x \ny", "é\U0001f600", "\x00", "\x85", "---", "{a}", "*a",
    "&a", "!a", "%a", "@a", "`a", "'", '"', "a'b", "0x1F",
    "0b1", "+1", "-", ".inf", ".nan", "\ufeff", "a" * 200, "a b " * 60,
    "...", "...\n", "---\na: b\n...\n", "a\n\n", "...\n\n",
]  # fmt: skip


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_text_stays_text_for_us_and_for_other_readers(yaml, text):
    written = yaml.dump({"k": text, text or "empty": [text]})
    assert yaml.load(written) == {"k": text, text or "empty": [text]}
    assert pyyaml.safe_load(written) == {"k": text, text or "empty": [text]}
    assert yaml.load(yaml.dump(text)) == yaml.load(yaml.dump({"z": text}))["z"] == text


@pytest.mark.parametrize("number", [0, -1, 2**64, 1.5, -0.25, 1e300, 1e-9, True, False, None])
def test_what_is_no_text_is_read_back_as_what_it_was(yaml, number):
    assert yaml.load(yaml.dump([number])) == [number]
    assert pyyaml.safe_load(yaml.dump([number])) == [number]


def test_writes_equal_parts_twice_instead_of_an_alias(yaml):
    part = {"a": 1}
    assert yaml.dump([part, part]) == "- a: 1\n- a: 1\n"


def test_writes_tuples_and_other_mappings(yaml):
    from types import MappingProxyType

    assert yaml.dump(MappingProxyType({"a": (1, 2)})) == "a:\n- 1\n- 2\n"


def test_writes_several_documents(yaml):
    assert yaml.dump_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"
    assert list(yaml.load_all(yaml.dump_all([{"a": 1}, None, {"b": 2}]))) == [{"a": 1}, None, {"b": 2}]


@pytest.mark.parametrize("value", [{1: 2}, object(), b"x", {"a": {1, 2}}, float("nan"), {"a": float("inf")}])
def test_refuses_to_write_what_json_cannot_hold(yaml, value):
    with pytest.raises(TypeError):
        yaml.dump(value)


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("a: 1\n---\n", [{"a": 1}]),
        ("a: 1\n---", [{"a": 1}]),
        ("a: 1\n--- # c\n", [{"a": 1}]),
        ("a: 1\n---\n# c\n", [{"a": 1}]),
        ("a: 1\n---\n---\n---\n", [{"a": 1}]),
        ("a: 1\n...\n", [{"a": 1}]),
        ("a: 1\r\n---\r\n", [{"a": 1}]),
        ("---\na: 1\n---\nb: 2", [{"a": 1}, {"b": 2}]),
        ("a: 1\n---\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("# c\n---\na: 1\n", [None, {"a": 1}]),
        ("---\n---\na: 1", [None, {"a": 1}]),
        ("s: |\n  a\n---\nb: 1\n", [{"s": "a\n"}, {"b": 1}]),
        ("", []), ("# c", []), ("---", []), ("---\n---\n", []),
    ],
)  # fmt: skip
def test_documents_are_separated_as_by_kubectl(yaml, text, documents):
    """(B5) A separator after the last document does not begin another document."""
    assert list(yaml.load_all(text)) == documents
    assert list(yaml.load_all(text.encode())) == documents


@pytest.mark.parametrize(
    "text", ["a: 1\n---\n", "a: 1\n--- # c", "# c\n---\na: 1\n---\n# c\n", "---\na: 1\n---\n---\n"]
)
def test_separators_around_the_only_document_do_not_count(yaml, text):
    """(B5)"""
    assert yaml.load(text) == {"a": 1}


@pytest.mark.parametrize("text", ["--- x\n", "--- {a: 1}\n", "a: 1\n---- b\n", "a: 'b\n---c'\n"])
def test_a_separator_has_nothing_behind_it_but_a_comment(yaml, text):
    """(H4) In a file of several documents; kubectl's reader refuses such a separator as well."""
    with pytest.raises(DecodeError, match="behind a separator"):
        list(yaml.load_all(text))


@pytest.mark.parametrize("text", ["a: 1\n...\nb: 2\n", "a: 1\n...\n--- \nb: 2", "[a] b\n"])
def test_a_document_that_kubectl_would_lose_is_an_error(yaml, text):
    """(H4) kubectl reads the first document and ignores the others without a message: an intended difference."""
    if text.endswith("b: 2"):
        assert list(yaml.load_all(text)) == [{"a": 1}, {"b": 2}]
        return
    for read in (yaml.load, lambda data: list(yaml.load_all(data))):
        with pytest.raises(DecodeError, match="YAML"):
            read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\n---\nb: 2\n", {"a": 1}), ("a: 1\n---\n[", {"a": 1}), ("a: 1\n...\n}", {"a": 1}),
        ("---\na: 1\n---\n# c\n", {"a": 1}), ("---\n---\na: 1", None), ("", None), ("--- {a: 1}", {"a": 1}),
        ("%YAML 1.1\n---\na: 1", {"a": 1}),
        ("a: |\n  x", {"a": "x"}), ("a: |\n  x\n", {"a": "x\n"}), ("a: >\n  x", {"a": "x"}),
    ],
)  # fmt: skip
def test_the_first_document_counts_and_is_read_as_it_stands(yaml, text, value):
    """(B5, E16) As client-go reads a kubeconfig."""
    assert yaml.load_first(text) == value
    assert yaml.load_first(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: |\n  x", "x\n"), ("a: |+\n  x", "x\n"), ("a: |-\n  x", "x"), ("a: >\n  x", "x\n"),
        ("a: |\n  x\n", "x\n"), ("a: |\n  x\n\n", "x\n"), ("a: |+\n  x\n\n", "x\n\n"), ("a: |\r\n  x\r\n  y", "x\ny\n"),
        ("a: |\n  x\n---", "x\n"),
    ],
)  # fmt: skip
def test_a_block_at_the_end_of_a_file_has_a_line_break_as_for_kubectl(yaml, text, expected):
    """(H4) The same bytes in ConfigMaps and Secrets."""
    assert yaml.load(text) == {"a": expected}
    assert next(yaml.load_all(text)) == {"a": expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[fd00::]", ["fd00::"]),
        ("addresses: [1.2.3.4, 001:db8::]", {"addresses": ["1.2.3.4", "001:db8::"]}),
        ("{a: b::}", {"a": "b::"}),
        ("{a::1}", {"a::1": None}),
        ("{a:}", {"a:": None}),
        ("[a:b, c: d]", ["a:b", {"c": "d"}]),
        ("{\"a\":1, 'b':2}", {"a": 1, "b": 2}),
        ("a: b\t\n", {"a": "b"}),
        ("a: b \t # c\n", {"a": "b"}),
        ("a:\t1\n", {"a": 1}),
        ("a: x\ty\n", {"a": "x\ty"}),
        ('{\n\t"a": [\n\t\t1,\n\t\t{"b":\t2}\n\t]\n}\n', {"a": [1, {"b": 2}]}),
        ("a: |\t\n  x\n", {"a": "x\n"}),
        ("a: !!str\t5\n", {"a": "5"}),
        ("a: 'x\n\ty'", {"a": "x y"}),
        ("a: x\n  y\n\n  z\n", {"a": "x y\nz"}),
        ("[?b]", [{"b": None}]),
        ("[a?b, http://x/?y=1]", ["a?b", "http://x/?y=1"]),
        ("a: x#y #z\n", {"a": "x#y"}),
        ("a: '\u00e9\U0001f600'", {"a": "é😀"}),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_text_is_split_as_by_go(yaml, text, expected):
    """(H3) Colons at the end of flow scalars; tabs after a value and before JSON."""
    assert yaml.load(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a:\n\t- b", "\ta: 1", "- \t- a", "a: x\n  y\n\tz", "a: |\n\tx", "{a: ?b}", "a: b: c", "a\n b: c", "[a\n b: c",
        '"\\ud800"', '"\\U00110000"', '"\\UFFFFFFFF"', '"\\q"', "%YAML 2.0\n---\na", "%FOO\n---\na", "!! x",
        "a: |0\n x",
        "a" * 1100 + ": 1",
    ],
)  # fmt: skip
def test_refuses_what_go_refuses(yaml, text):
    """(H3)"""
    with pytest.raises(DecodeError, match="YAML"):
        yaml.load_first(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
        ("a: &x 1\nb: *x\nc: &x [2]\nd: *x", {"a": 1, "b": 1, "c": [2], "d": [2]}),
        ("a: &x 1.0\n*x : v", {"a": 1, "1": "v"}),
        ("k: ! 1", {"k": "1"}),
        ("k: ! on", {"k": "on"}),
        ("k: ! ", {"k": ""}),
        ("k: [! 1, ! 'a']", {"k": ["1", "a"]}),
        ("k: ! [1]", {"k": [1]}),
        ("! 1: v", {"1": "v"}),
        ("k: !foo 1", {"k": "1"}),
        ("k: !!timestamp 2001-1-1 1:1:1", {"k": "2001-1-1 1:1:1"}),
        ("k: !!float 1", {"k": 1}),
    ],
)
def test_anchors_and_tags_mean_what_they_mean_in_go(yaml, text, expected):
    """(E10)"""
    assert yaml.load(text) == expected


@pytest.mark.parametrize("text", ["a: &x [*x, &x 1]", "a: &x 1\nb: &x {c: *x}", "a: *b\nb: &b 1"])
def test_an_alias_of_nothing_or_of_itself_is_refused(yaml, text):
    """(E10) An anchor that is set again hides the older one at once."""
    with pytest.raises(DecodeError, match=r"alias without|contains itself"):
        yaml.load(text)


@pytest.mark.parametrize(
    "text",
    ["k: !!timestamp x", "k: !!timestamp 2001-02-30", "k: !!binary é", "k: !!binary aGk", "18446744073709551615: x"],
)
def test_a_tag_that_is_belied_and_a_key_that_json_cannot_hold_are_refused(yaml, text):
    """(F10)"""
    with pytest.raises(DecodeError, match="line 1"):
        yaml.load(text)


@pytest.mark.parametrize("digits", [20, 4_000, 5_000, 50_000])
def test_an_integer_of_any_length_is_text_or_a_number(yaml, digits):
    """(F10) Never a ValueError from Python's own limit."""
    for number in ("9" * digits, "-" + "9" * digits, "0x" + "F" * digits, "0b" + "1" * digits, "0" + "7" * digits):
        value = yaml.load(f"k: {number}")["k"]
        assert value == number or isinstance(value, float | int)
    assert yaml.load("k: " + "9" * 5_000) == {"k": "9" * 5_000}
    assert yaml.load("? " + "9" * 5_000 + "\n: v") == {"9" * 5_000: "v"}


@pytest.mark.parametrize(
    "text",
    ["x: &x {b: 1}\nd: {b: 5, <<: *x}", "x: &x {b: 1}\nd: {<<: [*x, *x]}", "x: &x {b: 1}\nd: {<<: *x, b: 2}"],
)
def test_strict_reading_refuses_a_key_that_a_merge_brings_again(yaml, text):
    """(E16)"""
    assert "b" in yaml.load(text)["d"]
    with pytest.raises(DecodeError, match="already set"):
        yaml.load(text, strict=True)


@pytest.mark.parametrize("text", ["x: &x [{a: 1}]\ny: {<<: *x}", "<<: [[{a: 1}]]", "<<: 1", "x: &x 1\ny: {<<: *x}"])
def test_a_merge_key_takes_mappings_only(yaml, text):
    """(E16) A list of mappings is accepted only directly after the key."""
    with pytest.raises(DecodeError, match="merge key"):
        yaml.load(text)


@pytest.mark.parametrize(("aliases", "accepted"), [(98, True), (99, True), (130, False), (1_000, False)])
def test_the_share_of_aliases_is_bounded_as_in_go(yaml, aliases, accepted):
    """(F16) 99 of a hundred values may come from aliases; Go accepts and refuses the same documents."""
    text = "b: &b [" + "x," * 1_000 + "]\nc: [" + "*b," * aliases + "]\n"
    if accepted:
        assert len(yaml.load(text)["c"]) == aliases
        return
    with pytest.raises(DecodeError, match="aliases"):
        yaml.load(text)


@pytest.mark.parametrize(("aliases", "accepted"), [(203, True), (204, False)])
def test_exactly_99_of_a_hundred_values_may_come_from_aliases_and_the_document_itself_counts(yaml, aliases, accepted):
    """203 aliases create 40,194 of 40,600 nodes; Go accepts and refuses the same documents."""
    text = "b: &b [" + "x," * 197 + "]\nc: [" + "*b," * aliases + "]\n"
    if accepted:
        assert len(yaml.load(text)["c"]) == aliases
        return
    with pytest.raises(DecodeError, match=r"line 2, column 614: the document consists mostly of aliases"):
        yaml.load(text)


GROWTH = {
    "a chain of aliases": lambda n: "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 4 * n)),
    "lists that are never closed": lambda n: "[" * (20 * n),
    "one line of deep lists": lambda n: "[" * (20 * n) + "]" * (20 * n),
    "many values far below": lambda n: "[" * 150 + "1," * (20 * n) + "]" * 150,
    "blocks in blocks": lambda n: "- " * (20 * n) + "x",
    "keys of keys": lambda n: "{? " * (20 * n),
    "separators": lambda n: "---\n" * (20 * n),
    "documents": lambda n: "a: 1\n---\n" * (4 * n),
    "block scalars": lambda n: "- |\n  x\n" * (4 * n),
    "lone tags": lambda n: "- ! x\n" * (4 * n),
    "blanks": lambda n: "a: x" + " " * (40 * n) + "y",
    "line breaks": lambda n: "a: x" + "\n" * (40 * n) + "  y",
    "anchors": lambda n: "- &a x\n" * (4 * n),
}


@pytest.mark.parametrize("make", GROWTH.values(), ids=GROWTH)
def test_the_cost_grows_with_the_length(yaml, make: Callable[[int], str]):
    """(F16) Eight times the text takes less than sixteen times as long."""

    def read(text: str) -> None:
        with suppress(DecodeError):
            list(yaml.load_all(text))

    assert growth(make, read, 20) < 16


def test_both_readers_and_their_errors_are_the_same():
    """(H3) A message is the same with and without libyaml."""
    for text in [
        "a: [",
        "a: b: c",
        "a: *b",
        "\tx",
        "a: \x01",
        "{",
        "- a\nb: c",
        "'",
        '"',
        "&",
        "a: |x",
        "[" * 20_000,
    ]:
        messages: set[str] = set()
        for name in READERS:
            with pytest.raises(DecodeError) as caught:
                reader(name).load(text)
            messages.add(str(caught.value))
        assert len(messages) == 1, messages


def test_what_is_nested_too_deeply_to_be_written_is_an_error_of_ours(yaml: Any) -> None:
    """(F10)"""
    value: Any = []
    for _ in range(sys.getrecursionlimit()):
        value = [value]
    with pytest.raises(EncodeError, match="nested too deeply"):
        yaml.dump(value)
