"""The report: what is in the page, and that it works in a real browser, on paper, and without a network."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.schema import load_config
from hpcbip.errors import InputError
from hpcbip.models.description import lambda_convention
from hpcbip.report.figures import Drawn
from hpcbip.report.html import page as page_module
from hpcbip.report.html.page import headline, render, report_and_write
from hpcbip.report.html.results_table import table
from hpcbip.report.model_description import model_formula, model_words, tc_words
from hpcbip.report.provenance import describe_run, read_digests
from hpcbip.store.directory import prepare_directory
from hpcbip.store.run_log import Event, RunRecord
from tests.reduction.test_results import campaign
from tests.report.flagged import CODES, flagged
from tests.report.test_checks import good

EVIL = '<script>document.title="broken in"</script>&"\'<img src=x onerror=alert(1)>'
CONFIG = """
name: {name}
seed: 7    # </script><b>not bold</b>
model: {{lattice: square, coupling: bond}}
grid: {{omega: [1.0], lambda: [0.5, 0.7], U: [8.0], V: [0.0]}}
tc: {{omega_meV: 30}}
"""
RUN = RunRecord(
    1,
    started="2026-11-21T14:45:42+0000",
    ended="2026-11-21T14:46:20+0000",
    outcome="to go on",
    blocks=208,
    seconds=37.34,
    sampling_share=0.9367,
    ranks={"node1": 1, "node2": 1},
    versions={"hpcbip": "0.5.0", "Python": "3.11.7", "numpy": "2.4.6"},
    platform="Linux",
    mpi="Open MPI v5.0.11",
    seed=7,
    writer="the master",
    events=(
        Event("2026-11-21T14:46:19+0000", "damaged", "bins-0001.h5: set aside, its bins are computed again"),
        Event("2026-11-21T14:46:20+0000", "stopped", "time limit"),
    ),
)


def results(
    folder: Path, records: list[dict[str, Any]], name: str = "made up", peaks: Sequence[Any] = ()
) -> Any:
    """Stand-in for `Results`, with a directory that has a configuration and the record of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "config.yaml"
    source.write_text(CONFIG.format(name=json.dumps(name)), encoding="utf-8")
    config = load_config(source)
    prepare_directory(folder, config, source)
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / "run-0001.json").write_text(json.dumps(asdict(RUN)), encoding="utf-8")
    return SimpleNamespace(
        directory=folder,
        config=config,
        plan=make_plan(config),
        records=records,
        peaks=peaks,
        states=[],
        cpu_seconds=43200.0,
    )


def figures(folder: Path, number: int = 2) -> list[Drawn]:
    """Figures in files: PNGs of a few pixels, and empty others."""
    drawn = []
    (folder / "figures").mkdir(exist_ok=True)
    for i in range(number):
        files = [folder / "figures" / f"figure {i}.{end}" for end in ("png", "pdf", "csv")]
        files[0].write_bytes(_png(60 + 60 * i, 40))
        for file in files[1:]:
            file.touch()
        drawn.append(
            Drawn(f"figure {i}", f"Figure {i} {EVIL}", f"What it shows {EVIL}, by `hpcbip report`.", files)
        )
    return drawn


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return len(content).to_bytes(4, "big") + kind + content + crc.to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    pixels = zlib.compress(bytes((1 + width) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def many_kinds() -> list[dict[str, Any]]:
    """Good points, one point for every flag, and points with little or nothing in them."""
    records = [good(0.3 + 0.01 * i, 0.1 + 0.005 * i, point=f"good{i}") for i in range(10)]
    records += [good(0.5 + 0.01 * i, 0.3, **flagged(code), tc_valid=False) for i, code in enumerate(CODES)]
    records.append(good(0.9, None, **flagged("mass_not_resolved", "not_bound"), mass_bipolaron=None))
    empty = dict.fromkeys(good(), None)
    parameters = {name: good()[name] for name in ("lattice", "coupling", "t", "omega", "g", "U", "V", "beta")}
    bare = (
        empty
        | parameters
        | {"lambda": 0.95, "point": "bare", "tc_valid": False, **flagged("bipolaron:no_bins")}
    )
    return [*records, bare]


def embedded(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(found.group(1), parse_constant=refuse)


# --------------------------------------------------------------------------------------------------------
# What is in the page


def test_names_are_escaped(tmp_path: Path) -> None:
    page = render(results(tmp_path / EVIL.replace("/", "-"), many_kinds(), EVIL), [])
    page = page.replace(page[page.index("<style>") : page.index("</style>")], "")
    assert "<script>document" not in page and "<img src=x" not in page and "<b>not bold" not in page
    assert page.count("<script") == 2 and page.count("</script") == 2
    assert "&lt;script&gt;document.title" in page and "# &lt;/script&gt;&lt;b&gt;not bold" in page


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    page = render(results(tmp_path, many_kinds()), figures(tmp_path))
    assert not re.findall(r"(?:https?:)?//[a-z]", page.replace("http://www.w3.org/2000/svg", ""))
    sources = re.findall(r'\b(?:src|href|action|url)="([^"]*)"', page)
    links = {one for one in sources if not one.startswith(("data:", "#"))}
    assert links == {f"figures/figure%20{i}.{end}" for i in range(2) for end in ("png", "pdf", "csv")}
    assert all((tmp_path / one.replace("%20", " ")).is_file() for one in links)


def test_table_has_every_point_with_its_reasons(tmp_path: Path) -> None:
    records = many_kinds()
    page = render(results(tmp_path, records), [])
    data = embedded(page)
    assert len(data["rows"]) == len(records) and page.count('<th scope="row"><button') == len(records)
    columns, rows = table(records)
    for record, row, packed in zip(records, rows, data["rows"], strict=True):
        assert list(row.cells) == packed[0] and [data["words"][flag] for flag in packed[4]] == record["flags"]
        assert any(row.against) == (not record["tc_valid"])
    tc = [column.key for column in columns].index("tc_over_omega")
    assert rows[0].cells[tc] == "0.1000(40)" and rows[0].keys[tc] == 0.1 and rows[-1].cells[tc] == "–"
    assert rows[-1].keys[tc] is None


def test_columns_with_nothing_in_them_are_left_out() -> None:
    columns, rows = table([good(tc_kelvin=None), good(0.6, tc_kelvin=None, mass_bipolaron_verdict="not")])
    keys = [column.key for column in columns]
    assert "tc_kelvin" not in keys and "V" not in keys and {"omega", "lambda", "U"} <= set(keys)
    assert rows[1].cells[keys.index("mass_bipolaron")] == "2.610(50)??"


def test_long_table_is_left_to_the_script(tmp_path: Path) -> None:
    records = [good(0.001 * i, 0.1) for i in range(page_module.STATIC_ROWS + 1)]
    page = render(results(tmp_path, records), [])
    assert '<th scope="row"><button' not in page and "<noscript>" in page
    assert len(embedded(page)["rows"]) == len(records)


def test_size_of_a_large_campaign(tmp_path: Path) -> None:
    records = [good(0.001 * (i % 100), 0.1, omega=1.0 + 0.01 * (i // 100)) for i in range(1000)]
    page = render(results(tmp_path, records), [])
    assert len(page) < 1200 * len(records)  # 10,000 points stay below 12 MB


def test_headline(tmp_path: Path) -> None:
    records = [good(0.4, 0.1), good(0.5, 0.2, tc_over_omega_sys=0.003), good(0.6, 0.15)]
    (only,) = headline(results(tmp_path, records))
    assert only.text.startswith(
        "Highest Tc/Ω: 0.2000(40) ± 0.0030 (systematic), 69.6(14) K, at λ = 0.5 (square"
    )
    not_bound = good(0.9, 0.5, tc_valid=False, **flagged("not_bound"))
    top, above = headline(results(tmp_path, [*records, not_bound]))
    assert top == only and above.flags == ("not bound",) and "0.5000(40)" in above.text
    none, best = headline(results(tmp_path, [not_bound]))
    assert none.flags == ("flags speak against every Tc",) and best.flags == ("not bound",)
    assert headline(results(tmp_path, [good(tc=None)]))[0].flags == ("no Tc is known yet",)


def test_peaks_are_stated_and_flagged_ones_marked(tmp_path: Path) -> None:
    peaks = [
        SimpleNamespace(statement="A peak at 0.55(2).", flags=[]),
        SimpleNamespace(statement="A doubtful peak.", flags=["at the edge"]),
        SimpleNamespace(statement="Another (too few points)", flags=["too few points"]),
    ]
    page = render(results(tmp_path, [good(0.4), good(0.5), good(0.6)], peaks=peaks), [])
    assert re.search(r"<li>A peak at 0.55\(2\).\s*</li>", page)
    assert re.search(
        r'<li class="flagged">A doubtful peak. <span class="reason">⚑ at the edge</span></li>', page
    )
    assert 'Another (too few points) <span class="reason">⚑ flagged</span></li>' in page


def test_many_statements_are_folded(tmp_path: Path) -> None:
    peaks = [SimpleNamespace(statement=f"Peak {i}.", flags=[]) for i in range(30)]
    page = render(results(tmp_path, [good()], peaks=peaks), [])
    assert "<summary>19 more</summary>" in page and "Peak 29." in page


def test_a_run_in_words() -> None:
    run = describe_run(RUN)
    assert (run.name, run.outcome) == ("run-0001", "to go on")
    assert run.work == "208 blocks in 37.34 s, 93.67% sampling"
    assert run.ranks == "2 on node1 × 1, node2 × 1" and run.started < run.ended
    assert run.versions == "hpcbip 0.5.0, Python 3.11.7, numpy 2.4.6; Linux"
    assert run.mpi == "Open MPI v5.0.11; HDF5 written by the master"
    assert run.seed.startswith("7; the stream of a chain: SeedSequence(7, ")
    assert [event.split(":")[0] for event in run.events] == ["damaged", "stopped"]
    assert describe_run(replace(RUN, events=30 * RUN.events, more_events=5)).more_events == 45
    empty = describe_run(RunRecord(2))
    assert (empty.work, empty.ranks, empty.versions, empty.mpi, empty.seed) == ("", "", "", "", "")


def test_digests_are_left_out_where_there_are_too_many(tmp_path: Path) -> None:
    made = results(tmp_path, [good()])
    none, many = read_digests(tmp_path, len(made.plan.ensembles)), read_digests(tmp_path, 501)
    assert not none.lines and none.left_out == "no bins yet"
    assert not many.lines and "501" in many.left_out


@pytest.mark.parametrize(
    "model,words,formula,convention",
    [
        ("{lattice: square, coupling: bond}", "infinite square lattice", "⟨ij⟩", "λ = g²/(2Ωt)"),
        (
            "{lattice: chain, coupling: holstein}",
            "infinite chain",
            "<i>n</i><sub>i</sub> (<i>b</i>†",
            "λ = g²/(4Ωt)",
        ),
        ("{lattice: chain, coupling: bond}", "hopping over it", "⟨ij⟩", "λ = g²/(Ωt)"),
        (
            "{lattice: cubic, coupling: bond, shells: [1.0, -0.3]}",
            "interactions 1, -0.3 of",
            "<i>v</i>(|",
            "3Ωt",
        ),
        (
            "{lattice: cubic, coupling: bond, t_factors: [1, 1, 0.1]}",
            "multiplied by 1, 1, 0.1",
            "⟨ij⟩",
            "3Ωt",
        ),
        (
            "{lattice: {vectors: [[1, 0], [0, 1.5]], bonds: [[1, 0], [0, 1]]}, coupling: bond}",
            "[0.0, 1.5]",
            "h",
            "2",
        ),
    ],
)
def test_model_in_words(tmp_path: Path, model: str, words: str, formula: str, convention: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"name: x\nseed: 1\nmodel: {model}\ngrid: {{omega: [1.0], lambda: [0.5], U: [8.0], V: [0.8]}}\n"
    )
    config = load_config(path)
    assert words in model_words(config) and "Coulomb tail" in model_words(config)
    assert formula in model_formula(config) and convention in lambda_convention(config.model)


@pytest.mark.parametrize(
    "lattice,tc,words",
    [
        ("square", "{}", "Tc = 1.84 ρ/m* (BKT transition of the dilute pairs) at ρ = 1/(πR²)"),
        ("square", "{prefactor: published}", "Tc = 1.571 ρ/m*"),
        (
            "cubic",
            "{density: 0.01}",
            "ρ^(2/3)/m* (Bose–Einstein condensation of the dilute pairs) at ρ = 0.01 pairs",
        ),
        ("chain", "{}", "no Tc"),
    ],
)
def test_formula_of_tc(tmp_path: Path, lattice: str, tc: str, words: str) -> None:
    path = tmp_path / "config.yaml"
    model = f"model: {{lattice: {lattice}, coupling: bond}}"
    path.write_text(f"name: x\nseed: 1\n{model}\npoints: [{{omega: 1.0, lambda: 1.0, U: 0.0}}]\ntc: {tc}\n")
    assert words in tc_words(load_config(path))


def test_both_couplings(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    point = "{omega: 1.0, g: 1.0, U: 0.0, g_holstein: 0.5, omega_holstein: 2.0}"
    path.write_text(
        f"name: x\nseed: 1\nmodel: {{lattice: square, coupling: bond+holstein}}\npoints: [{point}]\n"
    )
    assert "Ω<sub>h</sub>" in model_formula(load_config(path)) and "on every site" in model_words(
        load_config(path)
    )


@pytest.mark.slow
def test_from_bins_to_the_page(tmp_path: Path) -> None:
    campaign(tmp_path)
    page, *others = report_and_write(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert len(embedded(text)["rows"]) == 2 and text.count("data:image/png;base64,") == len(others) // 3 > 3
    assert (
        "Highest Tc/Ω: 0.05" in text and "not a campaign" in text
    )  # the runs left no trace, so there are no digests
    prepare_directory(tmp_path, load_config(tmp_path / "config.yaml"), tmp_path / "config.yaml")
    digests = read_digests(tmp_path, 4)
    assert len(digests.lines) == 16 and len(digests.total) == 64 and not digests.left_out


def test_written_aside_or_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = results(tmp_path, [good()])
    drawn = figures(tmp_path)
    monkeypatch.setattr(page_module, "read_results", lambda directory: made)
    monkeypatch.setattr(page_module, "draw_all", lambda results, folder: drawn)
    page, *others = report_and_write(tmp_path)
    assert page == tmp_path / "report.html" and others == [file for figure in drawn for file in figure.files]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not list(tmp_path.glob("report.html.*"))
    first = page.read_bytes()
    report_and_write(tmp_path)
    assert page.read_bytes() == first  # the same results are the same page
    page.unlink()
    page.mkdir()
    with pytest.raises(InputError, match=r"report\.html: cannot be written"):
        report_and_write(tmp_path)
