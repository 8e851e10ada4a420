"""Simulation of leader elections: three candidates, each with a clock of its own, in worlds made from seeds.

python -m tests.election --seeds 5000          many worlds
python -m tests.election --seed 1234           one of them again, with its story
"""
