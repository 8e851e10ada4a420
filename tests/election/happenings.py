"""What happens in some of many worlds: a run in which one of these never happens tests less than it seems to."""

from __future__ import annotations

__all__ = ["HAPPENINGS"]

HAPPENINGS = (
    "the lease was taken after it had expired",
    "the lease was taken after it was released",
    "the lease was lost at the deadline",
    "the lease was lost to another holder",
    "a leader was killed",
    "a leader was cancelled from outside",
    "a cancelled body worked for ten seconds more as the leader",
    "the loop of a leader was blocked",
    "the loop of a leader was blocked past the deadline",
    "a leader was blocked past the deadline just before it sent work",
    "a loop was blocked while a request of the election was under way",
    "the fence refused the first attempt of a call",
    "the fence refused a retry",
    "a silent request of a leader timed out before the deadline",
    "a silent request of a leader was under way at the deadline",
    "a response to a renewal took more than 2.5 s",
    "a claim was stored, and its response came after the deadline",
    "the lease was written, and the response was lost",
    "a write of the lease was refused with a conflict",
    "a request of the election was refused with 429",
    "the server went down while a request of the election was under way",
    "a request of the election was sent to a server that was down",
    "the wall clock of a leader jumped",
)
