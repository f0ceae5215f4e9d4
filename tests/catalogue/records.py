"""Records of an atlas that are made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpcbip.catalogue.csv_format import csv_text
from tests.report.test_checks import good

SECTORS = ("polaron", "bipolaron")
CONFIGURATION = """\
name: {name}
seed: 14
model: {{lattice: square, coupling: bond, t: 1.0}}
grid: {{omega: [1.0], lambda: [0.3, 0.4, 0.5], U: [8.0]}}
"""


def atlas_record(lam: float = 0.5, campaign: str = "made-up", **other: Any) -> dict[str, Any]:
    """A record of the atlas that nothing speaks against."""
    record = {"campaign": campaign, "seed": 14, "hpcbip": "0.5.0", **good(lam)}
    for sector in SECTORS:
        record[f"ensemble_{sector}"] = f"{lam:055.6f}{sector:_>9}"
        record[f"chain_bins_{sector}"] = [128, 128, 128, 128]
        record[f"digest_{sector}"] = 64 * "d"
    return record | {"columns": "energy,diffusion"} | other


def write_atlas(folder: Path, *records: dict[str, Any]) -> Path:
    """Write an atlas with these records, and a campaign `waiting` that has no results yet; its folder."""
    folder.mkdir(exist_ok=True)
    for name in dict.fromkeys(record["campaign"] for record in records):
        own = [record for record in records if record["campaign"] == name]
        (folder / f"{name}.csv").write_text(csv_text(own), encoding="utf-8")
        (folder / f"{name}.yaml").write_text(CONFIGURATION.format(name=name), encoding="utf-8")
    (folder / "waiting.yaml").write_text(CONFIGURATION.format(name="waiting"), encoding="utf-8")
    return folder
