"""The wording check finds the wordings in texts, and nowhere else."""

import pytest

from tools.wording import CHECKED, ROOT, files, findings, texts_of_python


def found(source):
    return [
        (line + below, wording)
        for line, text, is_docstring in texts_of_python(source)
        for below, wording, _ in findings(text, is_docstring=is_docstring)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Where time-outs are."""', [(1, "time-outs")]),
        ('def f():\n    """Say if it runs."""', [(2, "Say"), (2, "Say if")]),
        ('def f():\n    """Return it.\n\n    The server answers.\n    """', [(4, "answers")]),
        ("x = 1  # what came", [(1, "what came")]),
        ("# one task a\n# handler", [(1, "one task a handler")]),
        ("# fine\n\nx = 1\n# it goes on\n# here", [(4, "goes on")]),
        ('print(f"{x} was due")', [(1, "was due")]),
        ('"""Stand\nstill: it stands\nstill."""', [(1, "Stand still"), (2, "stands still")]),
    ],
)
def test_finds_a_wording_in_each_kind_of_text(source, expected):
    assert found(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "answer = give(due)",
        '"""The method `answer` of a protocol."""',
        '"""A day-to-day answering-machine."""',
        '@property\ndef f():\n    """Whether it runs."""',
        'def f():\n    """Return whether it runs, as pods say."""',
        "# one task per handler",
        'def get():\n    """GET an object."""',
    ],
)
def test_leaves_code_and_plain_english_alone(source):
    assert found(source) == []


def test_every_place_to_check_has_files():
    names = [path.relative_to(ROOT).as_posix() for path in files()]

    assert [each for each in CHECKED if not any(name == each or name.startswith(f"{each}/") for name in names)] == []
