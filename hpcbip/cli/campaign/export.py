"""`hpcbip export`: the results of a campaign for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from hpcbip.cli.options import FILE, directory_argument


@click.command()
@directory_argument
@click.argument("path", metavar="FILE.nc|.parquet|.csv", type=FILE)
def export(directory: Path, path: Path) -> None:
    """Write the results of a campaign into one file: netCDF for xarray, Parquet for pandas, or CSV.

    netCDF: observables over omega, lambda, U, V, with words and units. It and Parquet need
    `pip install 'hpcbip[export]'`.
    """
    from hpcbip.report.data_files import export as export_results

    export_results(directory, path)
    click.echo(f"written: {path}")
