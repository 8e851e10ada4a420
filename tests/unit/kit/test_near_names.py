"""Suggestions for misspelt names."""

from __future__ import annotations

from kubeloop._kit.near_names import did_you_mean

MANY = [f"{letter}things{number}" for letter in "abcdefghijklmnopqrst" for number in range(150)]


def test_the_name_that_is_most_alike_is_suggested() -> None:
    assert did_you_mean("deploymnts", ["deployments", "daemonsets", "eployments"]) == "; did you mean 'deployments'?"


def test_a_name_with_another_first_letter_is_suggested_if_there_are_few_names() -> None:
    assert did_you_mean("xtheme", ["theme"]) == "; did you mean 'theme'?"


def test_of_thousands_of_names_only_those_with_the_same_first_letter_are_compared() -> None:
    assert did_you_mean("Deploymnts", [*MANY, "deployments"]) == "; did you mean 'deployments'?"
    assert did_you_mean("xdeployments", [*MANY, "deployments"]) == ""


def test_without_a_similar_name_there_is_no_suggestion() -> None:
    assert did_you_mean("q", ["deployments"]) == did_you_mean("", MANY) == ""
