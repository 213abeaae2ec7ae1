"""The report page in a real browser: what a reader and their keyboard can do with it."""

import time
from pathlib import Path
from typing import Any

import pytest
from browser_case import assert_opens_well, freshly_opened, links_without_rows

from dataprep.build import Build, finish, opened
from dataprep.io import read_json, write_json
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe import Recipe
from dataprep.reports.report import write_report

SAMPLE = Path(__file__).parent.parent / "data/sample/pairs.tsv"
HOSTILE = "</script><script>window.isHostile = true</script><img src=x onerror='window.isHostile = true'>"
METRICS = ("ndcg@10", "mrr@10", "recall@10", "accuracy@1", "accuracy@10", "map@100")


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A release of the bundled sample and a hostile row, with the figures of a model that was trained and judged."""
    folder = tmp_path_factory.mktemp("build")
    passage = f"Znacznik {HOSTILE} wstawia  do strony program , który działa w przeglądarce."
    row = f"{HOSTILE}\tCo to jest {HOSTILE} w języku znaczników?\t{passage}\t1"
    (folder / "pairs.tsv").write_bytes(SAMPLE.read_bytes().rstrip(b"\n") + f"\n{row}\n".encode())
    source = {"name": "sample", "kind": "tsv", "path": str(folder / "pairs.tsv"), "licence": "cc0-1.0", "quoting": "none"}
    recipe = Recipe.model_validate({"name": "browser", "sources": [source], "clean": {"html": False}, "filter": {"languages": []}})
    with opened(folder / "build", recipe) as made:
        for name in PREPARE:
            finish(STAGES[name], made)
    systems = {("bm25", "all"): 0.51, ("base", "64"): 0.3, ("base", "128"): 0.35, ("finetuned", "64"): 0.4, ("finetuned", "128"): 0.45}
    figures: dict[str, Any] = {"split": "test", "n_queries": 54, "n_passages": 826, "tie_rule": "ties by id", "bootstrap_samples": 100}
    figures |= {"systems": {}, "differences": {"finetuned-base": {"128": {"ndcg@10": interval(0.1)}, "64": {"ndcg@10": interval(0.1)}}}}
    for (system, dimension), value in systems.items():
        figures["systems"].setdefault(system, {})[dimension] = {metric: interval(value) for metric in METRICS}
    write_json(figures, made.folder / "evaluation.json")
    points = [{"table": "pairs", "epoch": step / 5, "step": step, "loss": 4 / step, "learning_rate": 0.01} for step in range(1, 11)]
    scores = [{"table": "pairs", "epoch": epoch, "ndcg@10": 0.3 + epoch / 100} for epoch in range(3)]
    tables = {"pairs": {"rows": 170, "rows_used": 170, "batches_per_epoch": 5, "steps": 10}}
    write_json(
        {"settings": {}, "tables": tables, "loss": points, "validation": scores, "kept": scores[2]},
        made.folder / "stages/train/training.json",
    )
    write_report(made)
    return made


@pytest.fixture
def page(browser: Any, build: Build) -> Any:
    """The page, freshly opened."""
    return freshly_opened(browser, build.folder / "report.html")


def text(page: Any, selector: str) -> str:
    return str(page.find_element("css selector", selector).text)


def rows(page: Any) -> list[list[str]]:
    """Cells of the ledger's rows as shown."""
    script = "return [...document.querySelectorAll('#ledger-table tbody tr')].map(r => [...r.cells].map(c => c.innerText))"
    shown: list[list[str]] = page.execute_script(script)
    return shown


def test_the_headline_is_the_manifests(page: Any, build: Build) -> None:
    manifest = read_json(build.release / "manifest.json")
    facts = [found.text for found in page.find_elements("css selector", ".facts .figure")]
    assert facts[0] == f"{sum(manifest['counts']['kept'].values()):,}"
    assert facts[1] == f"{sum(split['queries'] for split in manifest['splits'].values()):,}"
    assert "met" in facts[2]
    assert facts[3] == "0.450"  # the fine-tuned model at its largest dimension


def test_it_opens_fast_without_errors_and_without_the_network(page: Any) -> None:
    assert_opens_well(page)


def test_hostile_texts_are_shown_as_text(page: Any) -> None:
    search = page.find_element("id", "ledger-q")
    search.send_keys("window.isHostile")
    assert any("<script>window.isHostile = true</script>" in row[4] for row in rows(page))
    assert page.execute_script("return window.isHostile ?? false") is False
    assert page.execute_script("return document.images.length") == 0


def test_a_charts_bar_leads_to_its_rows(page: Any, build: Build) -> None:
    n_rows = read_json(build.release / "manifest.json")["counts"]["by_rule"]["clean.white_space"]
    bar = page.find_element("css selector", '.chart a[href="#ledger?stage=clean&rule=white_space"] path')
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", bar)
    bar.click()
    time.sleep(0.2)
    found = rows(page)
    assert {(row[1], row[3].split("\n")[0]) for row in found} == {("clean", "white_space")}
    assert len({row[0] for row in found}) == n_rows
    assert page.switch_to.active_element.get_attribute("id") == "ledger-heading"
    assert page.find_element("id", "ledger-rule").get_property("value") == "white_space"


def test_no_link_leads_to_an_empty_ledger(page: Any) -> None:
    assert page.find_elements("css selector", 'a[href^="#ledger?q="]')
    assert links_without_rows(page) == []


def test_every_number_leads_to_as_many_rows_where_the_sample_is_whole(page: Any, build: Build) -> None:
    by_rule = read_json(build.release / "manifest.json")["counts"]["by_rule"]
    for link in page.find_elements("css selector", "#rules-table a"):
        stage, rule = link.find_element("xpath", "ancestor::tr").text.split()[:2]
        n_rows = by_rule[f"{stage}.{rule}"]
        if n_rows > 20:
            continue
        page.execute_script("arguments[0].click()", link)
        time.sleep(0.05)
        assert len({row[0] for row in rows(page)}) == n_rows, rule
        assert "in the whole ledger" in text(page, "#ledger-status")


def test_the_ledger_is_sorted_by_its_heads_with_the_keyboard(page: Any) -> None:
    page.execute_script("location.hash = '#ledger?action=rejected'")
    time.sleep(0.2)
    head = page.find_element("css selector", 'th[data-sort="rule"]')
    button = head.find_element("tag name", "button")
    for direction, is_reversed in (("ascending", False), ("descending", True)):
        button.send_keys("\ue007")  # Enter
        shown = [row[3].split("\n")[0] for row in rows(page)]
        assert head.get_attribute("aria-sort") == direction
        assert shown == sorted(shown, reverse=is_reversed)
    assert len(set(shown)) > 1


def test_filters_search_and_clearing(page: Any) -> None:
    whole = text(page, "#ledger-status")
    page.find_element("css selector", "#ledger-action option[value=dropped]").click()
    assert {row[2] for row in rows(page)} == {"dropped"}
    page.find_element("id", "ledger-q").send_keys("no such text anywhere")
    assert rows(page) == []
    assert "No event here matches" in text(page, "#ledger-status")
    page.find_element("css selector", "#ledger-form button[type=reset]").click()
    time.sleep(0.1)
    assert text(page, "#ledger-status") == whole
    assert page.execute_script("return location.hash") == "#ledger"


def test_pages_of_the_ledger_turn(page: Any) -> None:
    first = rows(page)
    assert not page.find_element("id", "ledger-previous").is_enabled()
    page.find_element("id", "ledger-next").click()
    assert len(first) == len(rows(page)) == 25
    assert first != rows(page)
    page.find_element("id", "ledger-previous").click()
    assert rows(page) == first


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_every_screen_and_keeps_its_contrast(page: Any, width: int, scheme: str) -> None:
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    )
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    page.refresh()
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth && innerWidth") == width
    colours = page.execute_script(
        "const style = getComputedStyle(document.documentElement);"
        "return Object.fromEntries(['paper', 'panel', 'ink', 'muted', 'accent', 'kept', 'rejected', 'removed', 'added']"
        ".map(name => [name, style.getPropertyValue('--' + name).trim()]))"
    )
    texts = [("ink", "paper"), ("ink", "panel"), ("muted", "paper"), ("muted", "panel"), ("accent", "paper"), ("accent", "panel")]
    texts += [("kept", "paper"), ("rejected", "paper"), ("ink", "removed"), ("ink", "added")]
    low = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in texts}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}  # WCAG 2.2, 1.4.3 (AA)
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def contrast(one: str, other: str) -> float:
    """Contrast of two #rrggbb colours as WCAG 2.2 defines it."""
    lights = sorted(luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_everything_that_can_be_used_has_a_name(page: Any) -> None:
    tree = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = [
        node
        for node in tree
        if node.get("role", {}).get("value") in {"link", "button", "combobox", "searchbox"} and not node.get("ignored")
    ]
    nameless = [node["role"]["value"] for node in used if not node.get("name", {}).get("value")]
    assert len(used) > 50
    assert nameless == []
