"""Killing a program and all processes that it has started, including those whose parents have ended.

Process groups are not enough: an interactive program must stay in the terminal's foreground group, which is ours, and
any program can leave its group. So each run has a unique variable in its environment, which its processes inherit.
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
    """Kill all processes of a run.

    A process belongs to the run if it has the mark, descends from the program, or is in the program's session. Only a
    process that has changed its environment, session and parent escapes.

    Args:
        mark: The value of the variable `MARK` in the environment of the run.
        pid: The program if it still runs; None once it has ended.

    Concurrency: Blocks for some milliseconds to read the list of processes.
    """
    stopped: set[int] = set()
    # A stopped process cannot start others, so the second pass is usually the last one.
    while found := _members(_processes(mark), pid) - stopped:
        _signal(found, signal.SIGSTOP)
        stopped |= found
    _signal(stopped, signal.SIGKILL)


def _members(processes: Mapping[int, _Process], root: int | None) -> set[int]:
    """Return the marked processes, the program, its session, and all descendants of these."""
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
    """Return all running processes by their IDs."""
    if Path("/proc/self/stat").exists():
        return dict(_from_proc(f"{MARK}={mark}".encode()))
    # On macOS and the BSDs, `ps` does not show the environment, so no process is marked.
    listing = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,pgid="], capture_output=True, text=True, check=False
    ).stdout
    return {pid: _Process(parent, group, group, False) for pid, parent, group in _from_ps(listing)}


def _from_proc(entry: bytes) -> Iterable[tuple[int, _Process]]:
    for directory in Path("/proc").iterdir():
        if not directory.name.isdecimal():
            continue
        try:
            # The name in parentheses may contain any character. After it: state, parent, process group, session.
            state, parent, group, session = (directory / "stat").read_bytes().rpartition(b")")[2].split()[:4]
            if state == b"Z":
                continue
            is_marked = False
            with suppress(PermissionError):  # a process of another user
                is_marked = entry in (directory / "environ").read_bytes().split(b"\0")
            yield int(directory.name), _Process(int(parent), int(group), int(session), is_marked)
        except (OSError, ValueError):  # the process has ended
            continue


def _from_ps(listing: str) -> Iterable[tuple[int, int, int]]:
    for line in listing.splitlines():
        pid, parent, group = map(int, line.split())
        yield pid, parent, group
