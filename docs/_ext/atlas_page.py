"""Write the page on which the atlas is explored beside the built pages, from the results as they are now."""

from __future__ import annotations

from pathlib import Path

PAGE = "atlas-page.html"


def write(app, failure) -> None:
    """Write the page of all points."""
    if failure is None and app.builder.format == "html":
        from hpcbip.catalogue.entries import read_records
        from hpcbip.report.html.atlas_page import write_page

        write_page(read_records(), Path(app.outdir) / PAGE)


def setup(app) -> dict[str, bool]:
    """Write the page when everything else is built."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
