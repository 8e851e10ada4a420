"""Label and field selectors against naive models; YAML and keys back and forth."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from kubeloop import fields, labels
from kubeloop.errors import DecodeError
from kubeloop.labels import Operator, Requirement, Selector
from kubeloop.meta import yaml
from kubeloop.meta.int_or_string import scaled_int_or_percent
from kubeloop.meta.keys import join_key, split_key
from kubeloop.meta.times import format_duration, format_micro_time, parse_duration, parse_time

KEYS = ["a", "app", "in", "notin", "k8s.io/x"]
VALUES = ["", "a", "b", "3", "10", "in"]
label_sets = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))


@st.composite
def requirements(draw):
    operator = draw(st.sampled_from(list(Operator)))
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST):
        values = []
    elif operator in (Operator.IN, Operator.NOT_IN):
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4))
    elif operator in (Operator.GREATER_THAN, Operator.LESS_THAN):
        values = [str(draw(st.integers(0, 12)))]
    else:
        values = [draw(st.sampled_from(VALUES))]
    return Requirement(draw(st.sampled_from(KEYS)), operator, tuple(values))


selectors = st.lists(requirements(), max_size=5).map(lambda listed: Selector(tuple(listed)))


def holds(requirement, present):
    key, values = requirement.key, requirement.values
    number = int(present[key]) if present.get(key, "").isdigit() else None
    return {
        Operator.EQUALS: present.get(key) in values,
        Operator.DOUBLE_EQUALS: present.get(key) in values,
        Operator.IN: present.get(key) in values,
        Operator.NOT_EQUALS: present.get(key) not in values,
        Operator.NOT_IN: present.get(key) not in values,
        Operator.EXISTS: key in present,
        Operator.DOES_NOT_EXIST: key not in present,
        Operator.GREATER_THAN: number is not None and number > int((*values, "0")[0] or "0")
        if requirement.operator is Operator.GREATER_THAN
        else False,
        Operator.LESS_THAN: number is not None and number < int((*values, "0")[0] or "0")
        if requirement.operator is Operator.LESS_THAN
        else False,
    }[requirement.operator]


@given(selectors, label_sets)
def test_label_selectors_match_as_the_model(selector, present):
    assert selector.matches(present) == all(holds(each, present) for each in selector.requirements)


@given(selectors)
def test_label_selectors_survive_their_text(selector):
    again = Selector.parse(str(selector))
    assert str(again) == str(selector)
    assert set(again.requirements) == set(selector.requirements)


@given(selectors, selectors, label_sets)
def test_joined_selectors_match_what_both_match(first, second, present):
    assert (first & second).matches(present) == (first.matches(present) and second.matches(present))


@given(st.text("ab=!(),<> in\t5", max_size=15))
def test_any_text_is_a_label_selector_or_a_value_error(text):
    try:
        selector = Selector.parse(text)
    except ValueError:
        return
    assert Selector.parse(str(selector)) == selector


@given(st.dictionaries(st.text("abc.", min_size=1, max_size=4), st.text("ab\\,=!", max_size=6)))
def test_field_selectors_survive_their_text_and_match_their_own_fields(values):
    selector = fields.from_mapping(values)
    again = fields.Selector.parse(str(selector))
    assert set(again.requirements) == set(selector.requirements)
    assert again.matches(values)


@given(st.text(max_size=20))
def test_any_value_can_stand_in_a_field_selector(value):
    assert fields.unescape_value(fields.escape_value(value)) == value
    assert fields.Selector.parse(f"f={fields.escape_value(value)}").required_value("f") == value


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)), label_sets)
def test_a_selector_of_a_mapping_matches_its_supersets(wanted, present):
    assert labels.from_mapping(wanted).matches(present) == (wanted.items() <= present.items())


characters = st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"], exclude_characters="\ufffe\uffff")
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(characters, max_size=30),
    st.text("0123456789+-._eExobnyYNOof:~ #'\"\n\t|>&*!%@`{}[],?", max_size=8),
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters, max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_what_is_written_as_yaml_is_read_back(value):
    assert yaml.load(yaml.dump(value)) == value


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_any_input_is_yaml_or_a_decode_error(data):
    try:
        value = yaml.load(data)
    except DecodeError:
        return
    assert yaml.load(yaml.dump(value)) == value


@given(st.text("ab-", max_size=4), st.text("ab-", max_size=4))
def test_keys_split_into_what_they_were_joined_from(namespace, name):
    assert split_key(join_key(namespace, name)) == (namespace, name)


@given(st.timedeltas())
def test_durations_survive_their_text(duration):
    try:
        assert parse_duration(format_duration(duration)) == duration
    except ValueError:
        assert abs(duration.total_seconds()) > 2**63 / 1e9


@given(st.datetimes(timezones=st.timezones()))
def test_micro_times_survive_their_text(time):
    try:
        text = format_micro_time(time)
    except OverflowError:
        return
    assert parse_time(text) == time.astimezone(UTC)  # across zones, a time that clocks skip equals none


@given(st.integers(-200, 200), st.integers(0, 10_000))
def test_shares_round_up_and_down_by_at_most_one(percent, total):
    up = scaled_int_or_percent(f"{percent}%", total, round_up=True)
    down = scaled_int_or_percent(f"{percent}%", total, round_up=False)
    assert down * 100 <= percent * total <= up * 100
    assert up - down in (0, 1)
