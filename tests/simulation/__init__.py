"""Deterministic simulation of informers: worlds of servers, networks, faults and writes, each made from one integer.

    make simulate SEEDS=10000      many worlds
    make simulate SEED=1234        one of them again, with its story

`docs/design/simulation.md` describes it.
"""
