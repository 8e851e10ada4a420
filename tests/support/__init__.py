"""Doubles and clocks that the tests of several packages share, one per file."""
