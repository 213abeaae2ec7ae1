"""A real headless Chromium, and what must be true of any page of ours that it opens."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MAX_MS = 1_000


def opened_browser(profile: Path) -> Iterator[Any]:
    """Chromium under Selenium, closed at the end; the test is skipped where one of the two is missing."""
    selenium = pytest.importorskip("selenium.webdriver", reason="no selenium: install the dev group")
    chromium, driver = (shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver"))
    if not chromium or not driver:
        pytest.skip("no browser: chromium and chromedriver are not on the path")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for switch in (*SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = selenium.Chrome(options=options, service=selenium.ChromeService(driver))
    yield running
    running.quit()


def freshly_opened(browser: Any, page: Path) -> Any:
    """Open a page with empty logs."""
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(page.as_uri())
    return browser


def assert_opens_well(browser: Any) -> None:
    """The open page was there within a second, without an error on the console and without a request to the network."""
    timing = browser.execute_script("const n = performance.getEntriesByType('navigation')[0]; return n.loadEventEnd - n.startTime")
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert browser.get_log("browser") == []
    assert timing < MAX_MS


def links_without_rows(browser: Any) -> list[str]:
    """Links of the open report into its ledger that find no row there."""
    script = "return [...new Set([...document.querySelectorAll('a[href^=\"#ledger?\"]')].map(a => a.getAttribute('href')))]"
    visit = "location.hash = arguments[0]; setTimeout(() => arguments[1](document.getElementById('ledger-status').textContent), 20)"
    return [address for address in browser.execute_script(script) if browser.execute_async_script(visit, address).startswith("No event")]
