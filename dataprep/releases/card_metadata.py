"""The card's YAML as the Hub reads it."""

from typing import Any

from dataprep.releases.card_figures import Figures
from dataprep.releases.licences import hub_licence
from dataprep.releases.release import CONFIGS, table_path

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"), (10**8, "10M<n<100M"))
_LARGEST = "100M<n<1B"


def metadata(figures: Figures) -> dict[str, Any]:
    """The card's YAML as a mapping, without dataset_info: the Hub reads the features from the files."""
    languages = list(figures.recipe["filter"]["languages"]) or ["pl"]
    return {
        "pretty_name": figures.title,
        "language": languages,
        "multilinguality": "monolingual" if len(languages) == 1 else "multilingual",
        **hub_licence(figures),
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
