"""Which processes belong to a run of a plugin. `test_exec_plugin` shows with real processes that they are ended."""

import os

import pytest

from kubeloop.config.process_tree import _from_ps, _members, _Process

ROOT = 100
OURS = 50


def process(*, parent=1, group=OURS, session=OURS, is_marked=False):
    return _Process(parent, group, session, is_marked)


@pytest.mark.parametrize(
    ("other", "belongs"),
    [
        (process(parent=ROOT), True),
        (process(is_marked=True), True),
        (process(session=ROOT, group=7), True),
        (process(group=ROOT), True),
        (process(), False),
        (process(parent=OURS), False),
    ],
)
def test_what_descends_from_the_program_is_marked_or_in_its_session_belongs_to_the_run(other, belongs):
    """(F17)"""
    processes = {OURS: process(), ROOT: process(parent=OURS, group=ROOT, session=ROOT), 101: other}
    assert _members(processes, ROOT) == ({ROOT, 101} if belongs else {ROOT})


def test_of_an_interactive_program_our_own_group_and_session_do_not_belong_to_the_run():
    """(F17)"""
    processes = {OURS: process(), ROOT: process(parent=OURS), 101: process(parent=OURS), 102: process(parent=ROOT)}
    assert _members(processes, ROOT) == {ROOT, 102}


def test_what_a_marked_process_started_belongs_to_the_run_when_the_program_has_ended():
    """(F17)"""
    processes = {101: process(is_marked=True), 102: process(parent=101), 103: process(parent=102), 104: process()}
    assert _members(processes, None) == {101, 102, 103}


def test_this_process_never_belongs_to_a_run():
    """(F17)"""
    processes = {os.getpid(): process(is_marked=True)}
    assert _members(processes, os.getpid()) == set()


def test_reads_the_listing_of_ps():
    """(F17) For systems without /proc."""
    assert list(_from_ps("    1     0     1\n  501     1   501\n")) == [(1, 0, 1), (501, 1, 501)]
