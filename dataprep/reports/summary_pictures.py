"""The few pictures that tell a build at a glance, as SVG on white: for places that show a summary and no page."""

from typing import Any

from dataprep import io
from dataprep.build import Build
from dataprep.models.metrics import PRIMARY
from dataprep.reading_order import in_reading_order
from dataprep.releases.card_pictures import on_white
from dataprep.reports import charts
from dataprep.reports.report_charts import by_source, evaluation_points


def summary_pictures(build: Build) -> dict[str, str]:
    """SVG by what it shows; nothing for what is not finished.

    Args:
        build: A build in any state.
    """
    found: dict[str, str] = {}
    manifest, judged = build.release / "manifest.json", build.folder / "evaluation.json"
    if manifest.is_file():
        counts: dict[str, Any] = io.read_json(manifest)["counts"]
        found["How the rows of each source ended"] = on_white(charts.fates(by_source(counts)))
    if judged.is_file():
        evaluation = in_reading_order(io.read_json(judged))
        points = evaluation_points(evaluation, PRIMARY)
        found[f"{PRIMARY} by system and dimension"] = on_white(charts.intervals(points, unit=PRIMARY))
    return found
