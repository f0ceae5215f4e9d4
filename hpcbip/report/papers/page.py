"""The page of the documentation with all figures of the papers, made with them."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.report.papers.figure import MISSING_WORDS
from hpcbip.report.papers.registry import PAPER_FIGURES

_WIDTH = 110
_EXPECTED = "Expected from the papers, and not yet shown here, for points are missing: "
_IN_PART = "Shown here in part, for some points are missing: "
_FIRST = """# The figures of the papers

Every figure of the two source papers, and of the neighbours that the first one names, from this program's own
runs and theories:

    hpcbip figure domes                  # or its number in the first paper: hpcbip figure 6
    hpcbip figure domes --run runs -n 8  # its campaigns first, from scratch or going on, and from these
    hpcbip figure --list                 # all of them, with their campaigns and what these cost
    hpcbip figure all --out docs/papers/images --page docs/papers/figures.md    # this page

Each writes PNG, PDF, and a CSV with the numbers drawn. Points come from the atlas and are chosen by their
parameters, whatever campaign they are from; of equal points the one with the smallest error is drawn. (Points
of `square-cloud`, which is sampled for the phonon cloud and not for Tc, are in its own figure only.) Hollow
points have a flag that speaks against them. Tc in two dimensions is drawn at the published prefactor 0.5, in
all figures alike, so that published heights can stand beside it; the program's default, 1.84/π, makes every
Tc larger by 1.171. Published values and how each was read are in `hpcbip/report/papers/published.py`.
"""


def page_text(captions: Mapping[str, str], images: str) -> str:
    """Return the page in Markdown, without a date: equal figures, equal page.

    Args:
        captions: of the figures that have been drawn, by name.
        images: folder of their folders, relative to the page.
    """
    parts = [_FIRST]
    for figure in PAPER_FIGURES:
        number = f" (figure {figure.number})" if figure.number else ""
        parts.append(f"## {figure.title}{number}\n")
        if figure.name in captions:
            parts.append(f"![{figure.title}]({images}/{figure.name}/{figure.name}.png)\n")
        parts.append(_wrapped(_reservation(captions.get(figure.name)) + figure.message))
        parts.append(f"    hpcbip figure {figure.name}\n")
        names = ", ".join(f"`{name}`" for name in figure.campaigns)
        parts.append(_wrapped(captions.get(figure.name) or "Not drawn yet: its campaigns have no points."))
        if names:
            parts.append(_wrapped(f"Campaigns: {names}."))
    return "\n".join(parts)


def write_page(path: Path, captions: Mapping[str, str], folder: Path) -> None:
    """Write the page.

    Args:
        path: of the page; folders are made.
        captions: as in `page_text`.
        folder: of the figures, in which each has a folder.

    Raises:
        InputError: if it cannot be written.
    """
    images = Path(os.path.relpath(folder, path.parent)).as_posix()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, page_text(captions, images).encode())
    except OSError as error:
        raise InputError(f"{path}: the page cannot be written: {error.strerror}") from None


def _reservation(caption: str | None) -> str:
    """Return what stands before the message of a figure that is not drawn, or not all of it; else ""."""
    if caption is None:
        return _EXPECTED
    return _IN_PART if MISSING_WORDS in caption else ""


def _wrapped(text: str) -> str:
    plain = text.replace("*", r"\*").replace("|", r"\|").replace("<", "&lt;")
    return textwrap.fill(plain, _WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"
