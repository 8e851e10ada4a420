"""A source of randomness that always returns the same number, so that random results can be compared with a number."""

from __future__ import annotations

import random


class Drawing(random.Random):
    """A source of randomness of which each draw is the same number, from 0 to 1."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self._drawn = drawn

    def random(self) -> float:
        return self._drawn
