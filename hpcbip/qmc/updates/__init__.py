"""The updates, one family per file, each with its acceptance ratio derived beside it.

To add an update: its file here, a function (path, state, rng, par) that returns whether it was accepted, and
in `hpcbip/qmc/cycle.py` its line in `CYCLE`, its number and its call. It must leave the distribution of paths
as it is on its own. tests/qmc checks the path after it, tests/exact what the paths average to.
"""
