"""The card's YAML as the Hub reads it, and the licence where several or unknown ones meet."""

from typing import Any

from dataprep.releases.card_figures import Figures, plain
from dataprep.releases.release import CONFIGS, table_path

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"), (10**8, "10M<n<100M"))
_LARGEST = "100M<n<1B"
# Licences that the Hub knows by name and that sources of text commonly carry (hub docs, repositories-licenses).
HUB_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "wtfpl",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "agpl-3.0",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "pddl",
        "gfdl",
        "unlicense",
    ]
)


def metadata(figures: Figures) -> dict[str, Any]:
    """The card's YAML as a mapping, without dataset_info: the Hub reads the features from the files."""
    languages = list(figures.recipe["filter"]["languages"]) or ["pl"]
    return {
        "pretty_name": figures.title,
        "language": languages,
        "multilinguality": "monolingual" if len(languages) == 1 else "multilingual",
        **_licence(figures),
        "task_categories": ["text-retrieval", "sentence-similarity"],
        "task_ids": ["document-retrieval"],
        "size_categories": [_size(figures.rows("corpus"))],
        "source_datasets": _source_datasets(figures),
        "tags": ["retrieval", "question-answering", "hard-negatives", "polish", "sentence-transformers", "mteb", "beir"],
        "configs": [config for name in CONFIGS if (config := _config(figures, name))["data_files"]],
    }


def front_matter(figures: Figures) -> str:
    """The YAML between its two lines of dashes."""
    from huggingface_hub.repocard_data import DatasetCardData  # noqa: PLC0415 - costs a tenth of a second, and only cards need it

    dumped = DatasetCardData(**metadata(figures)).to_yaml()
    return f"---\n{dumped.strip()}\n---\n"


def licences(figures: Figures) -> dict[str, list[str]]:
    """Each licence with the sources that carry it, as written in the recipe."""
    found: dict[str, list[str]] = {}
    for source in figures.manifest["sources"]:
        found.setdefault(str(source["licence"]), []).append(str(source["name"]))
    return dict(sorted(found.items()))


def licence_file(figures: Figures) -> str | None:
    """LICENSE.md, which names the licence of each source; null where the Hub knows the one licence of all."""
    if "license_link" not in _licence(figures):
        return None
    lines = [f"- {plain(', '.join(names))}: {plain(licence)}" for licence, names in licences(figures).items()]
    return "\n".join(
        [
            f"# Licence of {plain(figures.title)}",
            "",
            "The texts keep the licence of the source that they come from; `row_id` in the ledger and the table of sources",
            "in README.md say which that is. Whoever passes the whole on must respect all of them. `unknown` means that",
            "the source's licence is not established: ask its owner before you pass it on.",
            "",
            *lines,
            "",
        ]
    )


def _licence(figures: Figures) -> dict[str, str]:
    """The Hub's licence fields: one known licence, or `other` with a name and a link to LICENSE.md."""
    found = list(licences(figures))
    if len(found) == 1 and found[0].lower() in HUB_LICENCES:
        return {"license": found[0].lower()}
    alone = "unknown" if found[0] == "unknown" else "see-licence-file"
    return {"license": "other", "license_name": alone if len(found) == 1 else "several-licences", "license_link": "LICENSE.md"}


def _size(n_rows: int) -> str:
    """The Hub's class of sizes."""
    return next((name for limit, name in _SIZES if n_rows < limit), _LARGEST)


def _source_datasets(figures: Figures) -> list[str]:
    """Datasets on the Hub that the rows come from; `original` for files."""
    return sorted({str(source["repo"] or "original") for source in figures.recipe["sources"]})


def _config(figures: Figures, name: str) -> dict[str, Any]:
    """One configuration. A split without a row is not declared: `datasets` refuses a whole configuration for it."""
    tables = figures.manifest["tables"]
    filled = [split for split in CONFIGS[name] if tables[table_path(name, split)]["rows"]]
    files = [{"split": split, "path": f"data/{name}/{split}-*.parquet"} for split in filled]
    return {"config_name": name, **({"default": True} if name == "qrels" else {}), "data_files": files}
