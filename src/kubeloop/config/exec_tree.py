"""Ending everything that a program has started, wherever it went: its children, theirs, and those that outlived them.

A process group would be simpler, and is not enough: a program that may ask a person has to stay in the terminal's
foreground group, which is our own, and any program can leave its group. So each run carries a mark of its own in its
environment, which whatever it starts inherits. A process belongs to the run if it has the mark, or descends from the
program, or is in the program's session. Only a process that has left all three behind escapes: one that dropped its
environment, its session and its parent.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MARK", "end_all"]

MARK = "KUBELOOP_EXEC_RUN"


class _Process(NamedTuple):
    parent: int
    group: int
    session: int
    is_marked: bool


def end_all(mark: str, pid: int | None) -> None:
    """Kill every process of a run.

    Args:
        mark: The value of the variable `MARK` in the environment that the run was started with.
        pid: The program, if it still runs and so can have children; None once it has ended.

    Concurrency: Blocks for as long as reading the list of processes takes, which is milliseconds.
    """
    stopped: set[int] = set()
    # What is stopped cannot start more, so that the second look is the last one, or nearly so.
    while found := _members(_processes(mark), pid) - stopped:
        _signal(found, signal.SIGSTOP)
        stopped |= found
    _signal(stopped, signal.SIGKILL)


def _members(processes: Mapping[int, _Process], root: int | None) -> set[int]:
    """Return the marked processes, the program's session, the program itself, and all that descend from these."""
    members = {pid for pid, process in processes.items() if process.is_marked}
    if root is not None and root in processes:
        members.add(root)
        if processes[root].session == root:
            members |= {pid for pid, process in processes.items() if root in (process.session, process.group)}
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    pending = list(members)
    while pending:
        found = [child for child in children.get(pending.pop(), ()) if child not in members]
        members.update(found)
        pending += found
    return members - {os.getpid()}


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _processes(mark: str) -> dict[int, _Process]:
    """Return all processes that live, by their ids."""
    if Path("/proc/self/stat").exists():
        return dict(_from_proc(f"{MARK}={mark}".encode()))
    # macOS and the BSDs: their `ps` shows no environment of other programs, so that nothing is marked.
    listing = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,pgid="], capture_output=True, text=True, check=False
    ).stdout
    return {pid: _Process(parent, group, group, False) for pid, parent, group in _from_ps(listing)}


def _from_proc(entry: bytes) -> Iterable[tuple[int, _Process]]:
    for directory in Path("/proc").iterdir():
        if not directory.name.isdecimal():
            continue
        try:
            # The name, in parentheses, may hold anything; after it: state, parent, process group, session.
            state, parent, group, session = (directory / "stat").read_bytes().rpartition(b")")[2].split()[:4]
            if state == b"Z":
                continue
            is_marked = False
            with suppress(PermissionError):  # somebody else's
                is_marked = entry in (directory / "environ").read_bytes().split(b"\0")
            yield int(directory.name), _Process(int(parent), int(group), int(session), is_marked)
        except (OSError, ValueError):  # it has ended meanwhile
            continue


def _from_ps(listing: str) -> Iterable[tuple[int, int, int]]:
    for line in listing.splitlines():
        pid, parent, group = map(int, line.split())
        yield pid, parent, group
