"""The dataset card, written from the manifest and the statistics alone, so that every figure can be recomputed."""

from pathlib import Path

from dataprep.releases import card_limits, card_loading, card_statistics, card_text
from dataprep.releases.card_figures import Figures
from dataprep.releases.card_metadata import front_matter
from dataprep.releases.licences import licence_file
from dataprep.releases.release_files import manifest, statistics


def card(release: Path) -> str:
    """The card of a release: YAML for the Hub, then text in Markdown.

    Args:
        release: A folder with manifest.json and statistics/.

    Returns:
        The whole of README.md. Equal figures give equal text.
    """
    figures = _figures(release)
    sections = [
        card_text.summary(figures),
        card_loading.loading(figures),
        card_text.tables(figures),
        card_text.sources(figures),
        card_text.curation(figures),
        card_statistics.splits(figures),
        card_statistics.lengths(figures),
        card_statistics.questions(figures),
        card_limits.limits(figures),
        card_text.licence(figures),
        card_text.citation(figures),
    ]
    return front_matter(figures) + "\n" + "\n\n".join(section.strip("\n") for section in sections) + "\n"


def rendered_files(release: Path) -> dict[str, str]:
    """Every text of a release that follows from manifest and statistics: name to content.

    Args:
        release: A folder with manifest.json and statistics/.

    Returns:
        README.md and mteb_task.py, and LICENSE.md where the Hub has no name for the sources' licences.
    """
    figures = _figures(release)
    texts = {"README.md": card(release), "mteb_task.py": card_loading.task_class(figures)}
    licence = licence_file(figures)
    return texts | ({"LICENSE.md": licence} if licence else {})


def _figures(release: Path) -> Figures:
    return Figures(manifest=manifest(release), **statistics(release))
