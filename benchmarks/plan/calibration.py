"""What `hpcbip plan` says about campaigns, and what they took: the calibration of its cost model.

    python benchmarks/plan/calibration.py square-bond-1 runs/cubic-bond-1 --page docs/measured/plan.md

The campaigns are names of the atlas, or directories. Neither the cost model nor the expected values know
anything of the one that they foretell. With --pilot each ensemble is sampled as well, and there are both
forecasts.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of sampling.py

from cost import residual_rows
from sampling import markdown

from hpcbip.campaign.schema import Config, load_config
from hpcbip.catalogue.entries import campaign_names, configuration_path, read_records
from hpcbip.driver.forecast.campaign import CampaignForecast, Sources, forecast_campaign
from hpcbip.driver.forecast.projection import LONG_ENOUGH, SHORT
from hpcbip.driver.interactive.request import available_cores
from hpcbip.reduction.results import read_results
from hpcbip.vocabulary.flags import BETA_SHORT
from hpcbip.vocabulary.parameters import ALWAYS_SHOWN
from hpcbip.vocabulary.sectors import BIPOLARON, SECTORS

WITHIN = 2.0
"""Factor within which a forecast counts as right."""

ENDED, BETWEEN = "pair ended", "between"
FORESEEN, FLAGGED = "β is", "β short"
HOUR = 3600.0
CPU, UPDATES = "CPU h, true/foreseen", "updates, true/foreseen"
CPU_PILOT, UPDATES_PILOT = "CPU h, true/pilot", "updates, true/pilot"

PAGE = """# Costs that hpcbip plan foresaw

{made}

## What a measurement tells of the others

Effort (error² × updates) and seconds of an update of each ensemble of the benchmark and the atlas, foretold
from all others, with its mass, size and phonons known (`python benchmarks/plan/cost.py residuals`):

{residuals}
## Campaigns that were not known

{about}

{summary}

{rows}"""

ABOUT = (
    "Both sectors of a point (a polaron that points share is divided among them), from the configuration "
    "alone and as it was. Neither the cost model nor the expected masses and sizes know anything of the "
    "campaign that they foretell. CPU hours depend on the processor and on what else it does, the number of "
    "updates does not."
)


def read_campaign(name: str) -> tuple[Config, list[Mapping[str, Any]]]:
    """Read the configuration and the records of a campaign, a directory or a name of the atlas; nothing is
    written to the directory."""
    if name in campaign_names():
        return load_config(configuration_path(name)), list(read_records([name]))
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(name, Path(folder) / "campaign")
        results = read_results(copy)
        return results.config, list(results.records)


def rows_of(
    name: str, forecasts: Sequence[CampaignForecast], records: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Compare the points of a campaign with its forecasts: without a pilot, and with one."""
    first = forecasts[0]
    shares = Counter(key for point in first.plan.points for key in point.ensembles.values())
    sampling = first.config.sampling
    by_point = {record["point"]: record for record in records}
    rows = []
    for number, one in enumerate(first.points):
        record = by_point[one.point.identity]
        true = updates = 0.0
        for sector in SECTORS:
            share = shares[one.point.ensembles[sector]]
            thermal = record[f"chains_{sector}"] * sampling.thermal_blocks * sampling.bins_per_block
            true += (record[f"seconds_{sector}"] or math.nan) / share / HOUR
            updates += (record[f"bins_{sector}"] + thermal) * sampling.updates_per_bin / share
        row: dict[str, Any] = {"campaign": name}
        row |= {key: f"{record[key]:g}" for key in ALWAYS_SHOWN} | {"β": f"{one.beta.bipolaron:g}"}
        row[ENDED] = _end(first.config, record)
        row |= {FORESEEN: one.beta.verdict, FLAGGED: BETA_SHORT.code in record["flag_codes"]}
        row |= {"CPU h, foreseen": one.seconds.value / HOUR, "×/÷": math.exp(one.seconds.spread)}
        row["CPU h, true"] = true
        for forecast, cpu, of_updates in zip(
            forecasts, (CPU, CPU_PILOT), (UPDATES, UPDATES_PILOT), strict=False
        ):
            foreseen = sum(
                forecast.ensembles[key].updates.value / shares[key] for key in one.point.ensembles.values()
            )
            row[cpu] = true * HOUR / forecast.points[number].seconds.value
            row[of_updates] = updates / foreseen
        rows.append(row)
    return rows


def _end(config: Config, record: Mapping[str, Any]) -> str:
    """Say whether the pair of a point ended where every one does at first or at last, or between."""
    sampling, bins = config.sampling, record[f"bins_{BIPOLARON.name}"]
    if bins <= sampling.least_chains * sampling.min_blocks * sampling.bins_per_block:
        return "first goal"
    if bins >= sampling.most_chains * sampling.max_blocks * sampling.bins_per_block:
        return "last goal"
    return BETWEEN


def summary_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say how many points are within a factor of two, and of how many β was judged rightly."""
    judged = [row for row in rows if row[FORESEEN] in (SHORT, LONG_ENOUGH)]
    right = sum((row[FORESEEN] == SHORT) == row[FLAGGED] for row in judged)
    short = sum(row[FLAGGED] for row in judged)
    lines = [
        f"- β: {len(judged)} of {len(rows)} points judged, {right} rightly; {short} of them are flagged "
        f'"{BETA_SHORT.text}"'
    ]
    between = [row for row in rows if row[ENDED] == BETWEEN]
    for column in (UPDATES, UPDATES_PILOT):
        if between and column in between[0]:
            lines.append(
                f"- {column}, of pairs that ended neither at their first nor at their last goal: within a "
                f"factor of {WITHIN:g} at {_within([row[column] for row in between])} points"
            )
    for column in (UPDATES, CPU, UPDATES_PILOT, CPU_PILOT):
        ratios = np.array([row[column] for row in rows if column in row])
        if len(ratios):
            low, middle, high = np.quantile(ratios, (0.16, 0.5, 0.84))
            within = ", ".join(
                f"{name} {_within([row[column] for row in rows if row['campaign'] == name])}"
                for name in dict.fromkeys(row["campaign"] for row in rows)
            )
            lines.append(
                f"- {column}: within a factor of {WITHIN:g} at {_within(ratios)} points ({within}); median "
                f"{middle:.2f}, 16 to 84 %: {low:.2f} to {high:.2f}"
            )
    return lines


def _within(ratios: Sequence[float]) -> str:
    """Return how many of these are within the factor, as `7 of 8`."""
    return f"{int((np.abs(np.log(ratios)) <= math.log(WITHIN)).sum())} of {len(ratios)}"


@click.command(help=__doc__)
@click.argument("campaigns", nargs=-1, required=True)
@click.option("--pilot", type=float, help="CPU seconds for which each ensemble is sampled as well.")
@click.option("--page", type=click.Path(path_type=Path), help="Write the page.")
@click.option("--note", default="", help="A sentence for the page.")
def main(campaigns: tuple[str, ...], pilot: float | None, page: Path | None, note: str) -> None:
    """Print the table and how many are within a factor of two."""
    rows = []
    for name in campaigns:
        sources = Sources.of_campaigns([one for one in campaign_names() if one != Path(name).name])
        config, records = read_campaign(name)
        forecasts = [forecast_campaign(config, sources=sources)]
        if pilot is not None:
            forecasts.append(forecast_campaign(config, pilot, available_cores(), sources=sources))
        rows += rows_of(Path(name).name, forecasts, records)
    lines = "\n".join(summary_lines(rows))
    click.echo(f"{lines}\n\n{markdown(rows)}")
    if page is not None:
        words = ["python benchmarks/plan/calibration.py", *(Path(name).name for name in campaigns)]
        words += [f"--pilot {pilot:g}"] if pilot else []
        text = PAGE.format(
            made=textwrap.fill(f"Made by `{' '.join(words)}`.", 110, break_on_hyphens=False),
            residuals=markdown(residual_rows()),
            about=textwrap.fill(f"{ABOUT} {note}", 110, break_on_hyphens=False),
            summary="\n".join(
                textwrap.fill(line, 110, subsequent_indent="  ", break_on_hyphens=False)
                for line in lines.splitlines()
            ),
            rows=markdown(rows),
        )
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
