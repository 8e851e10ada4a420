"""Doubles and clocks that tests of several floors share; one file each."""
