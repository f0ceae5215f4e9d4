"""The report in a real browser: it runs clean, sorts, filters, selects, prints, and asks nobody for
anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpcbip.report.html.page import render
from hpcbip.vocabulary.flags import split_code
from tests.report.flagged import CODES, flag_text, flagged
from tests.report.html import browser
from tests.report.html.test_html import EVIL, figures, many_kinds, results
from tests.report.test_checks import good

Open = Callable[..., Any]
TC = "#table th[data-key=tc_over_omega]"


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Open:
    """Opens the page of these records, and looks that nothing went wrong on the way."""

    def open_page(records: list[dict[str, Any]], name: str = "made up", number: int = 2) -> Any:
        page = tmp_path / "report.html"
        page.write_text(render(results(tmp_path, records, name), figures(tmp_path, number)), encoding="utf-8")
        driver.get(page.as_uri())
        assert browser.messages(driver) == []
        return driver

    return open_page


def texts(driver: Any, selector: str) -> list[str]:
    return driver.execute_script(
        "return Array.from(document.querySelectorAll(arguments[0])).map(one => one.textContent.trim())",
        selector,
    )


def points(driver: Any) -> list[int]:
    return [int(text) for text in texts(driver, "#table tbody th")]


def column(driver: Any, key: str) -> list[str]:
    place = driver.execute_script(
        "return Array.from(document.querySelectorAll('#table thead tr:last-child th'))"
        ".findIndex(one => one.dataset.key === arguments[0])",
        key,
    )
    return texts(driver, f"#table tbody tr > :nth-child({place + 1})")


def one(driver: Any, selector: str) -> Any:
    return driver.find_element("css selector", selector)


def test_clean_and_alone(opened: Open) -> None:
    driver = opened(many_kinds(), EVIL)
    assert driver.title.startswith(EVIL) and one(driver, "h1").text == EVIL
    widths = driver.execute_script(
        "return Array.from(document.images).map(one => one.complete && one.naturalWidth)"
    )
    assert widths == [60, 120]
    loaded = driver.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert [url for url in loaded if not url.startswith("data:")] == [] and browser.requests(driver) == []
    assert driver.execute_script("return innerWidth") == browser.SIZE[0] and browser.overflow(driver) <= 0
    assert texts(driver, "#table tbody th") == [str(i + 1) for i in range(len(many_kinds()))]


def test_an_injected_script_is_stopped(opened: Open) -> None:
    driver = opened([good()])
    driver.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = \"broken in\"';"
        "document.body.append(s); const i = new Image(); i.src = 'http://127.0.0.1:9/x.png';"
        "document.body.append(i)"
    )
    said = browser.messages(driver)
    assert driver.title != "broken in"
    assert len(said) == 2 and all("Content Security Policy" in message for message in said)
    browser.requests(driver)  # the refused one is among them


def test_every_reason_is_in_its_row(opened: Open) -> None:
    driver = opened(many_kinds())
    reasons = column(driver, "flags")
    assert reasons[:10] == [""] * 10 and reasons[10 : 10 + len(CODES)] == list(map(flag_text, CODES))
    greyed = [
        cell.text for cell in driver.find_elements("css selector", "#table tbody tr:nth-child(11) .against")
    ]
    assert "0.3000(40)" in greyed
    assert not driver.find_elements("css selector", "#table tbody tr:nth-child(1) .against")


def test_sorting(opened: Open) -> None:
    driver = opened(many_kinds())
    assert texts(driver, "th[aria-sort=ascending]") == ["#"]
    one(driver, f"{TC} button").click()
    rising = column(driver, "tc_over_omega")
    known = [float(text.split("(")[0]) for text in rising if text != "–"]
    assert known == sorted(known) and rising[-2:] == [
        "–",
        "–",
    ]  # what is not known is last in both directions
    assert one(driver, TC).get_attribute("aria-sort") == "ascending"
    assert len(driver.find_elements("css selector", "th[aria-sort=ascending]")) == 1
    one(driver, f"{TC} button").send_keys("\ue007")  # the key Enter
    falling = column(driver, "tc_over_omega")
    assert falling[: len(known)] == sorted(rising[:-2], reverse=True) and falling[-2:] == ["–", "–"]
    assert one(driver, TC).get_attribute("aria-sort") == "descending"
    one(driver, "#table thead tr:last-child th:first-child button").click()
    assert points(driver) == list(range(1, len(many_kinds()) + 1))


def test_words_sort_as_words_and_numbers_as_numbers(opened: Open) -> None:
    driver = opened([good(0.1 * i, omega=omega) for i, omega in enumerate((9.0, 10.0, 0.5), 1)])
    one(driver, "#table th[data-key=omega] button").click()
    assert column(driver, "omega") == ["0.5", "9", "10"]


def test_filters(opened: Open) -> None:
    driver = opened(many_kinds())
    everything = len(many_kinds())
    box, choice = one(driver, "#filter"), one(driver, "#flag")
    box.send_keys("not bound")
    assert points(driver) == [11, everything - 1]
    assert one(driver, "#shown").text == f"2 of {everything} points"
    box.clear()
    box.send_keys("lambda = 0.3, omega = 1")
    assert points(driver) == [1]  # and not 0.31
    box.clear()
    box.send_keys("(")  # no pattern of the user's; the last point has no numbers
    assert points(driver) == list(range(1, everything))
    box.clear()
    for level in ("red", "yellow"):
        one(driver, f"[name=level][value={level}]").click()
    assert points(driver) == list(range(1, 11))
    choice.send_keys("flagged")
    assert points(driver) == [] and one(driver, "#shown").text == f"0 of {everything} points"
    one(driver, "[name=level][value=yellow]").click()
    codes = [CODES[i - 11] for i in points(driver)]
    assert codes and all(split_code(code)[0].severity == "yellow" for code in codes)
    options = texts(driver, "#flag option")
    assert "not bound (2)" in options and not any("sigma" in text for text in options)


def test_selecting_a_point_shows_its_checks(opened: Open) -> None:
    driver = opened(many_kinds())
    assert one(driver, "#point h3").text.startswith("Point 1: ")
    one(driver, "#table tbody tr:nth-child(2) td:nth-child(4)").click()
    assert (
        one(driver, "#point h3").text.startswith("Point 2: ") and "λ = 0.31" in one(driver, "#point h3").text
    )
    one(driver, "#table tbody tr:nth-child(11) button").send_keys("\ue007")
    assert one(driver, "#point h3").text.startswith("Point 11: ")
    red = [row.text for row in driver.find_elements("css selector", "#point tr:has([aria-label=red])")]
    assert len(red) == 1 and "not bound" in red[0] and "no bipolaron to condense" in red[0]
    assert one(driver, "#table tr.selected button").get_attribute("aria-pressed") == "true"


def test_many_points(opened: Open) -> None:
    records = [good(0.001 * i, 0.1, **(flagged("beta_short") if i % 7 == 0 else {})) for i in range(2000)]
    driver = opened(records)
    assert points(driver) == list(range(1, 101)) and browser.overflow(driver) <= 0
    one(driver, "#forth").click()
    assert points(driver)[0] == 101 and one(driver, "#page").text == "101–200 of 2000"
    one(driver, "#back").click()
    assert not one(driver, "#back").is_enabled()
    one(driver, "#table th[data-key=lambda] button").click()
    one(driver, "#table th[data-key=lambda] button").click()
    assert points(driver)[0] == 2000
    one(driver, "#flag").send_keys("beta short")
    assert one(driver, "#shown").text == "286 of 2000 points, 1 to 100 shown"
    assert browser.messages(driver) == []


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of the pages, in points."""
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


def test_paper(opened: Open) -> None:
    driver = opened(many_kinds())
    one(driver, "#filter").send_keys("not bound")
    few = sizes(browser.on_paper(driver))
    one(driver, "#filter").clear()
    pages = sizes(browser.on_paper(driver))
    assert 4 <= len(few) <= len(pages) < 15
    assert {tuple(sorted(size)) for size in pages} == {(595, 842)} and (
        842,
        595,
    ) in pages  # A4, the table on its side
    assert not driver.find_elements("css selector", "#configuration details[open]")  # as it was before
    assert browser.messages(driver) == []


def test_long_tables_are_not_printed_whole(opened: Open) -> None:
    driver = opened([good(0.001 * i, 0.1) for i in range(1000)])
    assert len(sizes(browser.on_paper(driver))) < 15 and len(points(driver)) == 100


def test_without_a_script(opened: Open, driver: Any) -> None:
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(many_kinds())
        source = driver.page_source
        assert '<html lang="en">' in source  # the script would have left its mark
        tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        seen = " ".join(str(node.get("name", {}).get("value", "")) for node in tree)
        assert "0.1450(40)" in seen and "Tc >= binding energy" in seen and "Point by point" in seen
        assert "any or none" not in seen  # no filter that would not work
        assert len(sizes(browser.on_paper(driver))) >= 4
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_phone(opened: Open) -> None:
    driver = opened(many_kinds())
    with browser.on_a_phone(driver):
        assert one(driver, "#table tbody tr").is_displayed() and browser.overflow(driver) <= 0


def test_screenshot(opened: Open, tmp_path: Path) -> None:
    browser.screenshot(opened(many_kinds()), tmp_path / "top.png", 800)
    head = (tmp_path / "top.png").read_bytes()[:24]
    assert head[:4] == b"\x89PNG" and int.from_bytes(head[16:20], "big") == browser.SIZE[0]
