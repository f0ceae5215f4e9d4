"""Estimators: what one walk along the path measures, one group of columns per file.

Every file declares its columns at its head (`COLUMNS`, with a number for each name), sums over the intervals
and events of the walk in its own row of accumulators (`SUMS` of them), and adds the result to the row of the
bin in `write`. The layout of the bins and the parameters of the kernel follow from the declarations.

To add an observable that a walk can measure:

1. its column in the file of its group: the name in `COLUMNS`, its number, the line that sums it, and the
   number in `WINDOW_MEANS` if it is an average over the bulk window. A new group is a new file with its
   place in `ESTIMATORS` and its calls in `measure`;
2. its declaration in `hpcbip/vocabulary/observables.py`;
3. its exact value: an operator in `Problem.solve` (tests/exact/reference/problem.py), which all cases of
   tests/exact then compare with the kernel.
"""
