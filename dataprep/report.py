"""The report of a build: one page without network, made from whatever stages are finished.

The page shows samples of large tables and says so; every figure is that of the whole build.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dataprep import contracts, io, report_charts, report_examples
from dataprep.build import Build
from dataprep.pipeline import FINE_TUNE, PREPARE
from dataprep.report_remarks import remarks
from dataprep.schemas import TERMINAL_ACTIONS

_MAX_CHECKED_ROWS = 20_000  # a build of this size is checked in a second or two
_LEAKS = (
    ("question", "questions of held-out rows that are trained on too", "no held-out question is trained on"),
    ("passage", "passages of held-out rows that are trained on too", "no positive passage of a held-out question is trained on"),
)


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
    return _environment().get_template("report.html").render(
        **figures,
        charts=report_charts.charts(figures, ledger_address=ledger_address),
        remarks=remarks(figures),
        examples=examples,
    )  # fmt: skip


def figures_of(build: Build) -> dict[str, Any]:
    """All figures that the page shows; those of unfinished parts are None."""
    manifest = _json(build.release / "manifest.json")
    statistics = {name: _json(build.release / f"statistics/{name}.json") for name in ("lengths", "quality", "splits")}
    return {
        "recipe": build.recipe,
        "title": build.recipe.title or build.recipe.name,
        "stages": _stages(build),
        "manifest": manifest,
        "totals": {end: sum(manifest["counts"][end].values()) for end in ("read", *TERMINAL_ACTIONS)} if manifest else None,
        **statistics,
        "negatives": _json(build.folder / "stages/negatives/report.json"),
        "training": _json(build.folder / "stages/train/training.json"),
        "evaluation": _json(build.folder / "evaluation.json"),
        **_contracts(build, manifest),
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


def _contracts(build: Build, manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    """Results of all contracts, where that is cheap; beside them what the release leaks by them."""
    n_rows = sum(manifest["counts"]["read"].values()) if manifest else None
    results = contracts.check(build.folder) if n_rows is not None and n_rows <= _MAX_CHECKED_ROWS else None
    found = {result.name: result for result in results or ()}
    leaks = [{"key": key, "what": what, "result": found.get(contract)} for key, what, contract in _LEAKS]
    return {"contracts": results, "leaks": leaks}


def _environment() -> Any:  # noqa: ANN401 - jinja2 is imported late
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only this page needs it

    environment = Environment(
        loader=PackageLoader("dataprep"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters |= {"n": _count, "percent": _percent, "signed": "{:+.3f}".format, "decimal": "{:.3f}".format}
    environment.globals["ledger"] = ledger_address
    return environment


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _percent(share: float | None) -> str:
    """A share of 0-1 in percent; small ones keep a digit that counts."""
    if share is None:
        return "–"
    percent = 100 * share
    return f"{percent:.0f} %" if percent in {0, 100} else f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"  # noqa: PLR2004 - one tenth of a percent
