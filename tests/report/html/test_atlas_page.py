"""The page of the atlas in a real browser: it draws, chooses, tells and remembers, and asks nobody for
anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hpcbip.report.html.atlas_page import page_data, write_page
from tests.catalogue.records import atlas_record, write_atlas
from tests.report.flagged import flagged
from tests.report.html import browser

EVIL = '</script><script>document.title = "broken in"</script><b>'


def records() -> list[dict[str, Any]]:
    """Two curves of three points and one of another campaign; two points are flagged."""
    points = [atlas_record(lam, "first", omega=omega) for omega in (1.0, 0.5) for lam in (0.3, 0.4, 0.5)]
    points[1] |= flagged("tc_above_binding")
    points[2] |= flagged("not_bound")
    points[3] |= {"tc_over_omega": 0.02, "tc_over_omega_err": 0.001}
    points[4]["hpcbip"] = EVIL
    return [*points, atlas_record(0.3, "second", coupling="holstein", tc_over_omega=None)]


def test_data_of_the_page(tmp_path: Path) -> None:
    folder = write_atlas(tmp_path / "atlas", *records())
    data = page_data(records(), folder)
    by_key = {one["key"]: one for one in data["quantities"]}
    tc, mass = by_key["tc_over_omega"], by_key["mass_bipolaron"]
    assert tc["values"] == [0.17, 0.17, 0.17, 0.02, 0.17, 0.17, None] and tc["texts"][3] == "0.0200(10)"
    assert tc["against"] == [1, 2] and mass["against"] == [2]  # Tc >= binding says nothing against the mass
    assert tc["totals"][0] == pytest.approx((0.004**2 + 0.002**2) ** 0.5)
    assert by_key["t/omega"]["values"] == [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0]
    assert [one["key"] for one in data["coordinates"]] == ["coupling", "t/omega", "lambda", "U"]
    assert data["labels"][0] == "square, bond, t/Ω = 1, λ = 0.3, U/t = 8, V/t = 0"
    assert data["campaigns"]["second"].startswith("name: second")
    json.dumps(data, allow_nan=False)


@pytest.fixture
def opened(driver: Any, tmp_path: Path) -> Any:
    folder = write_atlas(tmp_path / "atlas", *records())
    driver.get(write_page(records(), tmp_path / "atlas.html", folder).as_uri())
    assert browser.messages(driver) == []
    return driver


def texts(driver: Any, selector: str) -> list[str]:
    return driver.execute_script(
        "return Array.from(document.querySelectorAll(arguments[0])).map(one => one.textContent.trim())",
        selector,
    )


def one(driver: Any, selector: str) -> Any:
    return driver.find_element("css selector", selector)


def choose(driver: Any, selector: str, value: str) -> None:
    one(driver, f"{selector} option[value='{value}']").click()


def fills(driver: Any) -> list[str]:
    return driver.execute_script(
        "return Array.from(document.querySelectorAll('.mark .shape')).map(one => one.getAttribute('fill'))"
    )


def test_it_draws_and_asks_nobody(opened: Any) -> None:
    assert browser.requests(opened) == [] and "broken in" not in opened.title
    assert texts(opened, "#shown") == [
        "6 of 7 points on 3 of 3 curves; the others are not known there, not above 0 or flagged"
    ]
    curves = ["bond, t/Ω = 1 (3)", "bond, t/Ω = 2 (3)", "holstein, t/Ω = 1 (1)"]
    assert texts(opened, "#curves li") == curves
    assert fills(opened) == ["#0072B2", "#fff", "#fff", "#D55E00", "#D55E00", "#D55E00"]
    assert len(texts(opened, ".line")) == 2 and len(texts(opened, "#numbers tbody tr")) == 6
    assert opened.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0


def test_axes_and_curves_are_chosen(opened: Any) -> None:
    heights = (
        "return Array.from(document.querySelectorAll('.mark')).map(one => one.getBoundingClientRect().y)"
    )
    before = opened.execute_script(heights)
    one(opened, "#logy").click()
    assert opened.execute_script(heights) != before and "0.05" in texts(opened, "#plot text")
    choose(opened, "#y", "mass_bipolaron")
    assert len(fills(opened)) == 7 and fills(opened).count("#fff") == 1
    choose(opened, "#x", "radius2")
    assert texts(opened, "#title-x")[0].startswith("mean-square distance of an electron")
    choose(opened, "#x", "t/omega")  # then curves run along it, one for each λ
    assert texts(opened, "#curves li") == [
        "bond, λ = 0.3 (2)",
        "bond, λ = 0.4 (2)",
        "bond, λ = 0.5 (2)",
        "holstein, λ = 0.3 (1)",
    ]
    one(opened, "#curves li:nth-child(4) input").click()
    one(opened, "#flagged").click()
    assert len(fills(opened)) == 5
    choose(opened, "#conditions select[data-key=coupling]", "holstein")
    assert texts(opened, "#shown") == ["1 of 1 point on 1 of 1 curve"]
    address = opened.current_url
    opened.get("about:blank")
    opened.get(address)  # keeps all of it but the curves left out
    assert (
        texts(opened, "#shown") == ["1 of 1 point on 1 of 1 curve"]
        and not one(opened, "#flagged").is_selected()
    )
    assert texts(opened, "#numbers thead th")[1:3] == ["t/omega", "mass_bipolaron"]
    assert browser.messages(opened) == []


def test_a_point_tells_all_about_itself(opened: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    assert not one(opened, "#hover").is_displayed() and not one(opened, "#point").is_displayed()
    mark = one(opened, ".mark[data-point='1'] .shape")
    ActionChains(opened).move_to_element(mark).perform()
    told, box, place = one(opened, "#hover").text, one(opened, "#hover").rect, mark.rect
    assert 0 < box["y"] - place["y"] < 40 and abs(box["x"] + box["width"] / 2 - place["x"]) < box["width"]
    assert "0.1700(40)" in told and "λ = 0.4" in told and "Tc >= binding energy" in told and "first" in told
    ActionChains(opened).move_to_element(mark).click().perform()
    assert "Tc >= binding energy" in one(opened, "#point .reason").text
    assert "2.610(50)" in one(opened, "#values").text and "4 chains, 512 bins" in one(opened, "#facts").text
    one(opened, "#point summary").click()
    assert one(opened, "#point pre").text.startswith("name: first")
    one(opened, ".mark[data-point='4']").send_keys("\ue007")
    assert "λ = 0.4" in one(opened, "#point h3").text and EVIL in one(opened, "#facts").text
    assert browser.messages(opened) == []


def test_a_phone(opened: Any) -> None:
    with browser.on_a_phone(opened):
        assert one(opened, "#plot").is_displayed() and browser.overflow(opened) <= 0
