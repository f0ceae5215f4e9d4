"""The pages: built without a warning, tutorials run, no network needed, links that lead somewhere."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in path.parts),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]
WIDTH = 110

CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`]*`", re.MULTILINE | re.DOTALL)
UNKNOWN_TAG = re.compile(r"<(?!/?(?:a|b|p)\b|https?:|!--)/?[A-Za-z][^<>]*>")  # what a browser leaves out

LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
CITED = re.compile(r"docs/[\w./-]*\w\.(?:md|png|py|svg)")
NAMED = re.compile(r"`((?:\w+/)+[\w-]+\.(?:py|sh|yaml))[`:]")
PLACES = (ROOT, ROOT / "hpcbip", ROOT / "hpcbip" / "qmc")
LOADED = re.compile(r"""(?:<script[^>]*src|<img[^>]*src|<link[^>]*stylesheet[^>]*href)=["']https?://[^"']*""")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_wrap_and_their_links_lead_somewhere(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    wide = [line for line in lines if len(line) > WIDTH and not line.startswith("|")]
    assert not wide, f"wider than {WIDTH} columns"
    targets = {match[1] for line in lines for match in LINK.finditer(line) if "://" not in match[1]}
    assert not [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_text_is_lost_as_markup(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    lost = [line for line in text.splitlines() if line.startswith("%")]  # a comment
    assert not lost + UNKNOWN_TAG.findall(text)


def test_pages_that_the_code_cites_are_there() -> None:
    missing = set()
    for folder in ("hpcbip", "tests", "benchmarks", "configs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".yaml", ".html") and path != Path(__file__):
                cited = CITED.findall(path.read_text(encoding="utf-8"))
                missing |= {
                    f"{path.relative_to(ROOT)}: {page}" for page in cited if not (ROOT / page).exists()
                }
    assert not missing


def test_files_that_the_pages_name_are_there() -> None:
    missing = set()
    for page in PAGES:
        named = NAMED.findall(page.read_text(encoding="utf-8"))
        missing |= {
            f"{page.name}: {name}"
            for name in named
            if not name.startswith("runs/") and not any((place / name).exists() for place in PLACES)
        }
    assert not missing


def test_docstrings_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    markup = importlib.import_module("docstring_markup").markup
    text = "|r|² of m*, from `size`^d:\n\n    a*b\n\nArgs:\n    t, g: both\n        of them.\n\n"
    lines = [line for line in markup((text + "Returns:\n    x: y.\n").splitlines()) if line.strip()]
    assert lines == [
        "\\|r\\|² of m\\*, from ``size``\\ ^d:",
        "::",
        "    a*b",
        ":Parameters:",
        "   - **t, g**: both of them.",
        ":returns: x: y.",
    ]


@pytest.mark.minutes
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    html = tmp_path / "html"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "2", "-b", "html"]
    # functions in the contents beside each page warn of nothing, and make Sphinx slow
    command += ["-D", "toc_object_entries=0", "-d", str(tmp_path / "doctrees")]
    done = subprocess.run(
        [*command, str(ROOT / "docs"), str(html)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.relative_to(html): path.read_text(encoding="utf-8") for path in html.rglob("*.html")}
    assert not [(page, LOADED.findall(text)) for page, text in pages.items() if LOADED.search(text)]
    assert 'href="atlas-page.html"' in pages[Path("atlas.html")] and Path("atlas-page.html") in pages
    first = pages[Path("tutorials/1-campaign.html")]
    assert "0.1600(78)" in first  # what `reduce` printed: bins do not change
    assert "hpcbip.superconductivity.tc.radius2" in pages[Path("api/modules/hpcbip.superconductivity.html")]
