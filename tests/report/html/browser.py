"""A real browser without a window, for the tests of the report; as a program it takes pictures of pages.

python -m tests.report.html.browser runs/quickstart/report.html docs/images/report.png [HEIGHT]
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIZE = (1280, 800)
PHONE = (390, 800)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def missing() -> str:
    """Why there is no browser here; "" if there is one."""
    there = any(map(shutil.which, BROWSERS)) and shutil.which("chromedriver")
    return "" if there else "no Chromium with its chromedriver: make install-browser installs it on Debian"


@contextmanager
def browser() -> Iterator[Any]:
    """A browser with a profile of its own and a viewport of `SIZE` pixels; it takes down what it logs."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={SIZE[0]},{SIZE[1]}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
        try:
            driver.get("about:blank")
            driver.get_log("performance")  # of the browser's own first page
            resize(driver, *SIZE)
            yield driver
        finally:
            driver.quit()


def resize(driver: Any, width: int, height: int) -> None:
    """Give the viewport this size, in pixels."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@contextmanager
def on_a_phone(driver: Any) -> Iterator[None]:
    """A narrow viewport, for a while."""
    resize(driver, *PHONE)
    try:
        yield
    finally:
        resize(driver, *SIZE)


def overflow(driver: Any) -> int:
    """By how many pixels the page is wider than the viewport."""
    return driver.execute_script("return document.documentElement.scrollWidth - innerWidth")


def messages(driver: Any) -> list[str]:
    """What has been logged on the console since the last call."""
    return [f"{entry['level']}: {entry['message']}" for entry in driver.get_log("browser")]


def requests(driver: Any) -> list[str]:
    """Addresses that have been asked for since the last call, the page and what lies within it left out."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [url for url in urls if not url.startswith("data:") and url != driver.current_url.split("#")[0]]


def on_paper(driver: Any) -> bytes:
    """The page as a PDF, on the paper that it asks for."""
    options = {"preferCSSPageSize": True, "printBackground": False}
    return base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", options)["data"])


def screenshot(driver: Any, path: Path, height: int | None = None) -> None:
    """A picture of the page from its top: `height` pixels of it, or all."""
    whole = driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": SIZE[0], "height": min(height or whole, whole), "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(taken["data"]))


def main() -> None:
    """PAGE PNG [HEIGHT]."""
    page, picture, *height = sys.argv[1:]
    with browser() as driver:
        driver.get(Path(page).resolve().as_uri())
        screenshot(driver, Path(picture), *map(int, height))


if __name__ == "__main__":
    main()
