"""What `hpcbip plan` has said about campaigns, and what they took: the calibration of its cost model.

    python benchmarks/plan_calibration.py runs/cubic-bond-1 runs/square-bond-U --page docs/measured/plan.md

The campaigns are directories, or names of the atlas. Neither the cost model nor the expected values know
anything of them. With --pilot each ensemble is sampled first.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from sampling import markdown

from hpcbip.campaign.schema import Config, load_config
from hpcbip.catalogue.entries import campaign_names, configuration_path, read_records
from hpcbip.driver.forecast.campaign import CampaignForecast, Sources, forecast_campaign
from hpcbip.driver.interactive.request import available_cores
from hpcbip.reduction.results import read_results
from hpcbip.vocabulary.parameters import ALWAYS_SHOWN
from hpcbip.vocabulary.sectors import SECTORS

WITHIN = 2.0
"""Factor within which a forecast counts as right."""

HEAD = """# Costs that hpcbip plan foresaw

Made by `python benchmarks/plan_calibration.py {command}`. CPU hours of a point, both sectors (a polaron that
points share is divided among them), as foreseen from the configuration alone and as they were. Neither the
cost model nor the expected masses and sizes have seen these campaigns{pilot}.

"""


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
    name: str, forecast: CampaignForecast, records: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Compare the points of a campaign."""
    shares = Counter(key for point in forecast.plan.points for key in point.ensembles.values())
    per_bin = forecast.config.sampling.updates_per_bin
    thermal = forecast.config.sampling.thermal_blocks * forecast.config.sampling.bins_per_block
    by_point = {record["point"]: record for record in records}
    rows = []
    for one in forecast.points:
        record = by_point[one.point.identity]
        true = updates = foreseen = 0.0
        for sector in SECTORS:
            key = one.point.ensembles[sector]
            true += (record[f"seconds_{sector}"] or math.nan) / shares[key] / 3600.0
            bins = record[f"bins_{sector}"] + record[f"chains_{sector}"] * thermal
            updates += bins * per_bin / shares[key]
            foreseen += forecast.ensembles[key].updates.value / shares[key]
        hours = one.seconds.value / 3600.0
        rows.append(
            {"campaign": name}
            | {key: f"{record[key]:g}" for key in ALWAYS_SHOWN}
            | {"β": f"{one.beta.bipolaron:g}", "foreseen, CPU h": hours}
            | {
                "×/÷": math.exp(one.seconds.spread),
                "true": true,
                "true/foreseen": true / hours,
            }
            | {"updates, true/foreseen": updates / foreseen}
        )
    return rows


@click.command(help=__doc__)
@click.argument("campaigns", nargs=-1, required=True)
@click.option("--pilot", type=float, help="CPU seconds for which each ensemble is sampled first.")
@click.option("--page", type=click.Path(path_type=Path), help="Write the page.")
def main(campaigns: tuple[str, ...], pilot: float | None, page: Path | None) -> None:
    """Print the table and how many are within a factor of two."""
    unknown = {Path(name).name for name in campaigns}
    sources = Sources.of_campaigns([name for name in campaign_names() if name not in unknown])
    rows = []
    for name in campaigns:
        config, records = read_campaign(name)
        forecast = forecast_campaign(config, pilot, available_cores(), sources=sources)
        rows += rows_of(Path(name).name, forecast, records)
    lines = []
    for column, words in (("true/foreseen", "CPU time"), ("updates, true/foreseen", "updates")):
        ratios = np.array([row[column] for row in rows])
        within = int((np.abs(np.log(ratios)) <= math.log(WITHIN)).sum())
        lines.append(
            f"- {words}: within a factor of {WITHIN:g} at {within} of {len(ratios)} points "
            f"({within / len(ratios):.0%}); median ratio {np.median(ratios):.2f}, "
            f"16 to 84 %: {np.quantile(ratios, 0.16):.2f} to {np.quantile(ratios, 0.84):.2f}"
        )
    text = "\n".join(lines) + "\n\n" + markdown(rows)
    click.echo(text)
    if page is not None:
        words = " ".join([*campaigns, *([f"--pilot {pilot:g}"] if pilot else [])])
        sampled = f"; each ensemble was sampled for {pilot:g} s before" if pilot else ""
        page.write_text(HEAD.format(command=words, pilot=sampled) + text, encoding="utf-8")


if __name__ == "__main__":
    main()
