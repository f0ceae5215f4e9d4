"""The forecast of a campaign: rows, the table on the terminal, and lines that say what it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from hpcbip.campaign.points import PointSection
from hpcbip.driver.forecast.campaign import CampaignForecast, PointForecast
from hpcbip.driver.forecast.projection import LONG_ENOUGH, NOT_KNOWN, NOT_RESOLVED, cure_line
from hpcbip.driver.forecast.regression import Estimate
from hpcbip.driver.progress import duration
from hpcbip.messages import counted
from hpcbip.report.tables import MAX_ROWS, Record, console_for, print_rows, varying_parameters
from hpcbip.vocabulary.flags import BETA_SHORT
from hpcbip.vocabulary.observables import (
    BINDING_ENERGY,
    MASS_BIPOLARON,
    MASS_POLARON,
    PHONONS_BIPOLARON,
    RADIUS2,
)
from hpcbip.vocabulary.parameters import BETA

EXPECTED_COLUMNS = (MASS_POLARON, MASS_BIPOLARON, RADIUS2, PHONONS_BIPOLARON, BINDING_ENERGY)
"""Expected observables in the table; csv and json have all of them."""

HOUR, MEGABYTE = 3600.0, 1e6
MOST_RATIO = 1e3
"""Error over its target above which it says nothing: the binding energy is not known."""

MOST_LINES = 30
"""Lines of YAML that are printed."""

_MISSED = 1.05
"""Error over its target above which a point is expected to end with its targets missed."""


def point_rows(forecast: CampaignForecast) -> list[dict[str, Any]]:
    """Return one row per point: parameters, β and why, expected values with their spreads, core hours."""
    return [_row(one) for one in forecast.points]


def _row(one: PointForecast) -> dict[str, Any]:
    row: dict[str, Any] = {"point": one.point.identity, **one.point.parameters}
    row |= {
        "beta_polaron": one.beta.polaron,
        "beta_bipolaron": one.beta.bipolaron,
        "beta_reason": one.beta.reason,
        "beta_shortest": one.beta.shortest,
        "beta_verdict": one.beta.verdict,
        "beta_proposed": one.beta.proposed,
    }
    for name, value in one.expected.items():
        row[name] = _shown(one, name)
        row[f"{name}_factor"] = None if value.shown is None else math.exp(value.estimate.spread)
        row[f"{name}_source"] = None if value.shown is None else value.source
    row |= {
        "core_hours": one.seconds.value / HOUR,
        "core_hours_factor": math.exp(one.seconds.spread),
        "error_over_target": one.ratio,
    }
    return row


def _shown(one: PointForecast, name: str) -> float | None:
    """Return an expected value in the units of results, if it is known well enough."""
    value = one.expected[name].shown
    return value * one.point.parameters["t"] if value and name == BINDING_ENERGY.name else value


def summary(forecast: CampaignForecast, ranks: int | None) -> dict[str, Any]:
    """Return what the whole campaign takes.

    Args:
        forecast: of the campaign.
        ranks: of MPI; None: the most that make sense.
    """
    needs, ensembles = forecast.resources, forecast.ensembles.values()
    ranks = ranks or needs.most_ranks
    wall = needs.wall_seconds(ranks)
    return {
        "points": len(forecast.points),
        "ensembles": len(forecast.ensembles),
        "chains": sum(one.size.chains for one in ensembles),
        "core_hours": needs.seconds.value / HOUR,
        "core_hours_low": needs.seconds.low / HOUR,
        "core_hours_high": needs.seconds.high / HOUR,
        "processor": forecast.processor or "this machine",
        "ranks": ranks,
        "wall_hours": wall.value / HOUR,
        "wall_hours_low": wall.low / HOUR,
        "wall_hours_high": wall.high / HOUR,
        "longest_chain_hours": needs.longest.value / HOUR,
        "fewest_ranks": needs.fewest_ranks,
        "most_ranks": needs.most_ranks,
        "time": slurm_time(needs.time_limit(ranks)),
        "memory_per_rank_MB": needs.memory / MEGABYTE,
        "memory_of_master_MB": needs.master_memory / MEGABYTE,
        "disk_MB": needs.disk / MEGABYTE,
        "beta_short": sum(one.beta.proposed is not None for one in forecast.points),
        "targets_missed": sum(one.ratio > _MISSED for one in forecast.points),
    }


def slurm_time(seconds: float) -> str:
    """Write a limit as sbatch takes it, `hours:minutes:seconds`."""
    minutes = math.ceil(seconds / 60.0)
    return f"{minutes // 60}:{minutes % 60:02d}:00"


def summary_lines(forecast: CampaignForecast, ranks: int | None) -> Iterator[str]:
    """Yield the lines that say what the campaign takes."""
    found, needs = summary(forecast, ranks), forecast.resources
    yield (
        f"{counted(found['points'], 'point')}, {counted(found['ensembles'], 'ensemble')}, "
        f"{counted(found['chains'], 'chain')} at the end"
    )
    where = "this machine" if not forecast.processor else f"the reference processor ({forecast.processor})"
    yield f"core hours: {_range(needs.seconds)}, on {where}; others are up to 2.5 times as slow"
    wall = needs.wall_seconds(found["ranks"])
    yield (
        f"wall time on {counted(found['ranks'], 'rank')}: {_wall(wall)}; at least "
        f"{duration(needs.longest.value)} on any number: the longest chain; sensible --time {found['time']}"
    )
    yield (
        f"ranks that make sense: {found['fewest_ranks']} (done within a day) to {found['most_ranks']} "
        "(more would wait for the longest chain)"
    )
    yield (
        f"memory: {found['memory_per_rank_MB']:.0f} MB a rank, {found['memory_of_master_MB']:.0f} MB the "
        f"master; disk: {found['disk_MB']:.3g} MB"
    )
    if found["targets_missed"]:
        points = counted(found["targets_missed"], "point")
        yield f"{points} will probably end at max_blocks before the targets are met"


def request_lines(forecast: CampaignForecast, ranks: int | None, limit: float) -> Iterator[str]:
    """Yield the lines about a request to a batch system, and what about it does not fit.

    Args:
        forecast: of the campaign.
        ranks: of MPI, as far as the request says; None: whole nodes.
        limit: time limit in seconds; infinite without one.
    """
    yield from summary_lines(forecast, ranks)
    needs = forecast.resources
    if ranks is not None and ranks > needs.most_ranks:
        yield f"warning: {ranks} ranks are more than make sense, {needs.most_ranks}: the others would wait"
    if ranks is not None and (wall := needs.wall_seconds(ranks)).value > limit:
        goes = math.ceil(wall.value / limit)
        yield (
            f"warning: --time covers {limit / wall.value:.0%} of the wall time on {counted(ranks, 'rank')}: "
            f"the job would be requeued, about {counted(goes, 'go', 'goes')} in all"
        )
    short = sum(one.beta.proposed is not None for one in forecast.points)
    if short:
        yield (
            f'warning: {counted(short, "point")} may or will be flagged "{BETA_SHORT.text}"; hpcbip plan '
            "prints the lines that cure it"
        )


def _range(seconds: Estimate) -> str:
    return f"{seconds.value / HOUR:.2g} ({seconds.low / HOUR:.2g} to {seconds.high / HOUR:.2g})"


def _wall(seconds: Estimate) -> str:
    return f"{duration(seconds.value)} ({duration(seconds.low)} to {duration(seconds.high)})"


def beta_lines(forecast: CampaignForecast) -> Iterator[str]:
    """Yield the lines that say which paths are short, and the YAML that cures it."""
    if unknown := sum(one.beta.verdict == NOT_KNOWN for one in forecast.points):
        yield (
            f"{counted(unknown, 'point')}: the binding energy, against which β has to be long, is not known; "
            "--pilot SECONDS finds out"
        )
    if unresolved := sum(one.beta.verdict == NOT_RESOLVED for one in forecast.points):
        yield (
            f"{counted(unresolved, 'point')}: not bound, or more weakly than this pilot can tell; a longer "
            "one may"
        )
    short = [one for one in forecast.points if one.beta.proposed is not None]
    if not short:
        return
    yield (
        f'{counted(len(short), "point")} may or will be flagged "{BETA_SHORT.text}": Δ β is small, and the '
        "pair has not relaxed where mass and size are measured."
    )
    listed = set(forecast.config.points)
    in_grid = any(not _is_listed(one, listed) for one in short)
    where = "; take them out of the grid, which would sample them once more" if in_grid else ""
    yield f"These lines instead, with paths that are long against 1/Δ{where}:"
    yield "points:"
    for one in short[:MOST_LINES]:
        energy = one.expected[BINDING_ENERGY.name]
        spread = math.exp(energy.estimate.spread)
        why = f"Δ = {energy.estimate.value:.2g} t ×/÷ {spread:.2f} ({energy.source})"
        yield f"{cure_line(one.point, one.beta)}  # {why}"
    if len(short) > MOST_LINES:
        yield f"  # and {len(short) - MOST_LINES} more: beta_proposed of --format csv"
    if forecast.cured is not None:
        yield f"core hours with these paths: {_range(forecast.cured.resources.seconds)}"


def _is_listed(one: PointForecast, listed: set[PointSection]) -> bool:
    """Tell whether a point is one of those that are listed, and not of the grid."""
    own = one.point.parameters
    return any(
        (entry.omega, entry.U, entry.V) == (own["omega"], own["U"], own["V"])
        and (own["lambda"] == entry.lam or own["g"] == entry.g)
        for entry in listed
    )


def print_forecast(forecast: CampaignForecast, ranks: int | None, console: Console | None = None) -> None:
    """Print the table of points and what all of them take."""
    console = console_for(console)
    rows, points = point_rows(forecast), forecast.points
    names = [name for name in varying_parameters(rows) if name != BETA.name]
    shown = [_shown_row(row, one, names) for row, one in zip(rows, points, strict=True)]
    print_rows(shown[:MAX_ROWS], console)
    if len(rows) > MAX_ROWS:
        note = f"  the first {MAX_ROWS} of {len(rows)} points; --format csv prints all"
        console.print(note, highlight=False)
    console.print(
        "  a atlas, i interpolated, t theory (antiadiabatic), p pilot, - not known within a factor of two; "
        "x/÷: a factor of one standard deviation",
        highlight=False,
        markup=False,
    )
    for line in (*summary_lines(forecast, ranks), *beta_lines(forecast)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _shown_row(row: Record, one: PointForecast, names: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: row[name] for name in names}
    shown["g"] = f"{row['g']:.4g}"
    beta = f"{one.beta.polaron:g}, {one.beta.bipolaron:g}"
    shown["beta pol, bip"] = beta
    shown["why"] = one.beta.reason
    verdict = one.beta.verdict
    if verdict != LONG_ENOUGH and one.beta.shortest is not None:
        verdict += f": >= {one.beta.shortest:.0f}"
    shown["beta is"] = verdict
    for observable in EXPECTED_COLUMNS:
        value, source = _shown(one, observable.name), one.expected[observable.name].source
        title = observable.terminal or observable.name
        shown[title] = None if value is None else f"{value:.3g}{source[0]}"
    shown["core h"] = f"{row['core_hours']:.2g} x/÷ {row['core_hours_factor']:.1f}"
    if one.ratio > 0.0:  # it has targets
        shown["error/target"] = f"{one.ratio:.2g}" if one.ratio < MOST_RATIO else "-"
    return shown
