"""When a write happens, and the randomness that it may use: times, uids and generated names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING

from kubeloop.meta.times import format_time, parse_time

if TYPE_CHECKING:
    from random import Random

__all__ = ["Moment", "seconds_of", "time_text"]

_SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5
_LONGEST_PREFIX = 63 - _SUFFIX_LENGTH


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of a write, and the source of what is random in it.

    Attributes:
        now: Seconds since the epoch.
        random: The source of uids and generated names.
    """

    now: float
    random: Random

    @property
    def text(self) -> str:
        """The time in the form of `creationTimestamp`."""
        return time_text(self.now)

    def uid(self) -> str:
        """Return a new uid."""
        digits = f"{self.random.getrandbits(124):031x}"
        # Random bits with the version and the variant of RFC 9562.
        variant = "89ab"[int(digits[15], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{variant}{digits[16:19]}-{digits[19:]}"

    def name_after(self, prefix: str) -> str:
        """Return a name that begins with a prefix, of which at most 58 characters are used.

        Reference: apiserver pkg/storage/names, SimpleNameGenerator.
        """
        suffix = "".join(self.random.choice(_SAFE_LETTERS) for _ in range(_SUFFIX_LENGTH))
        return prefix.encode()[:_LONGEST_PREFIX].decode(errors="ignore") + suffix


def time_text(seconds: float) -> str:
    """Return seconds since the epoch in the form of `creationTimestamp`."""
    return _second_text(floor(seconds))


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return format_time(datetime.fromtimestamp(second, UTC))


def seconds_of(text: str) -> float:
    """Return the seconds since the epoch of a time such as `deletionTimestamp`.

    Raises:
        ValueError: The text is not a time.
    """
    return parse_time(text).timestamp()
