"""Estimators: what one walk along the path measures, one group of columns per file.

Every file declares its columns at its head (`COLUMNS`), sums over the intervals and events of the walk in its
own row of accumulators (`SUMS` of them), and adds the result to the row of the bin. A further column of a
group touches its file alone; a further file also gets its lines in `measure`.
"""
