"""Where we differ from client-go: on purpose (`INTENDED`), and by mistake (`KNOWN_FAULTS`, which should be empty).

An entry names the kind of a difference, not single cases, and as narrowly as it can. One that names no recorded case
any more fails the tests: what was mended must not come back under its cover.
"""

from __future__ import annotations

from . import connecting, values
from .entry import Difference
from .known_faults import KNOWN_FAULTS

__all__ = ["INTENDED", "KNOWN_FAULTS", "Difference"]

INTENDED: list[Difference] = [*values.INTENDED, *connecting.INTENDED]
