"""The report of a build: one page without network, made from whatever stages are finished.

The page shows samples of large tables and says so; every figure is that of the whole build.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dataprep import io
from dataprep.build import Build
from dataprep.pipeline import FINE_TUNE, PREPARE
from dataprep.reading_order import in_reading_order
from dataprep.releases import contracts
from dataprep.releases.contract_results import Result
from dataprep.releases.licences import questions
from dataprep.reports import report_charts, report_examples
from dataprep.reports.report_leaks import leaks
from dataprep.reports.report_remarks import remarks, signed
from dataprep.schemas import TERMINAL_ACTIONS

_MAX_CHECKED_ROWS = 20_000  # a build of this size is checked in a second or two
_FILES = {
    "manifest": "release/manifest.json",
    "lengths": "release/statistics/lengths.json",
    "quality": "release/statistics/quality.json",
    "splits": "release/statistics/splits.json",
    "negatives": "stages/negatives/report.json",
    "training": "stages/train/training.json",
    "evaluation": "evaluation.json",
    "ablation": "ablation.json",
}


def write_report(build: Build) -> Path:
    """Write BUILD/report.html from the finished stages; equal builds give equal bytes.

    Args:
        build: A build in any state. What is not finished has no section, and the page says so.

    Returns:
        The page's path.
    """
    path = build.folder / "report.html"
    io.write_text(render(build), path)
    return path


def render(build: Build) -> str:
    """The page's HTML. Everything that comes from the data is escaped."""
    figures = figures_of(build)
    examples = report_examples.examples(build) if figures["manifest"] else None
    page: str = _environment().get_template("report.html").render(
        **figures,
        charts=report_charts.charts(figures, ledger_address=ledger_address),
        remarks=remarks(figures),
        examples=examples,
    )  # fmt: skip
    return page


def figures_of(build: Build) -> dict[str, Any]:
    """All figures that the page shows; those of unfinished parts are None."""
    found = {name: _json(build.folder / path) for name, path in _FILES.items()}
    manifest = found["manifest"]
    results = _contracts(build, manifest)
    return {
        "recipe": build.recipe,
        "title": build.recipe.title or build.recipe.name,
        "stages": _stages(build),
        "totals": {end: sum(manifest["counts"][end].values()) for end in ("read", *TERMINAL_ACTIONS)} if manifest else None,
        "contracts": results,
        "licence_questions": questions(manifest["recipe"]) if manifest else [],
        "leaks": leaks(found["quality"], results),
        **{name: in_reading_order(content) for name, content in found.items()},
    }


def ledger_address(**filters: str) -> str:
    """Where on the page the ledger's rows stand that match: stage, action, rule, source, split, or q for any text."""
    return f"#ledger?{urlencode(filters)}"


def _json(path: Path) -> dict[str, Any] | None:
    return io.read_json(path) if path.is_file() else None


def _stages(build: Build) -> list[dict[str, Any]]:
    """Each stage in order, with the one line that it said, or None if it is not finished."""
    finished = {name: build.is_finished(name) for name in (*PREPARE, *FINE_TUNE)}
    return [{"name": name, "summary": build.json(name, "stage")["summary"] if done else None} for name, done in finished.items()]


def _contracts(build: Build, manifest: Mapping[str, Any] | None) -> list[Result] | None:
    """Results of all contracts, where that is cheap; else None."""
    n_rows = sum(manifest["counts"]["read"].values()) if manifest else None
    return contracts.check(build.folder) if n_rows is not None and n_rows <= _MAX_CHECKED_ROWS else None


def _environment() -> Any:  # noqa: ANN401 - jinja2 is imported late
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only this page needs it

    environment = Environment(
        loader=PackageLoader("dataprep.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters |= {
        "n": _count,
        "percent": _percent,
        "signed": signed,
        "decimal": "{:.3f}".format,
        "tenths": "{:,.1f}".format,
        "hundredths": "{:,.2f}".format,
    }
    environment.globals["ledger"] = ledger_address
    return environment


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _percent(share: float | None) -> str:
    """A share of 0-1 in percent; one that is not nothing never reads as 0, one that is not all never as 100."""
    if share is None:
        return "–"
    percent = 100 * share
    shown = f"{percent:.0f}" if share in {0, 1} else f"{min(max(percent, 0.1), 99.9):.1f}"
    return f"{shown}\N{NO-BREAK SPACE}%"
