"""`python -m dataprep.publishers.hub_loaders KIND REPO COMMIT FOLDER`: loads a published commit.

Exits 0 if the commit loads and is what the folder holds.
"""

import sys
from pathlib import Path

from dataprep.releases.release import CONFIGS, table_path
from dataprep.releases.release_files import manifest

_MAX_LOADED_BYTES = 1_000_000_000
_SENTENCE = "Kiedy odbyła się bitwa pod Grunwaldem?"


def load_dataset(repo: str, commit: str, release: Path) -> None:
    """Load every configuration and compare its rows with the manifest; of a large release only the first row of each split.

    Raises:
        ValueError: A split has other rows than the manifest says.
    """
    import datasets  # noqa: PLC0415 - takes a second

    datasets.config.USE_PARQUET_EXPORT = False  # the viewer's copy is not what was published
    is_large = sum(path.stat().st_size for path in release.glob("data/**/*.parquet")) > _MAX_LOADED_BYTES
    tables = manifest(release)["tables"]
    for config, splits in CONFIGS.items():
        wanted = {split: rows for split in splits if (rows := tables[table_path(config, split)]["rows"])}
        if not wanted:
            continue
        loaded = datasets.load_dataset(repo, config, revision=commit, streaming=is_large)
        found = {split: len(list(rows.take(1))) if is_large else rows.num_rows for split, rows in loaded.items()}
        if found != (dict.fromkeys(wanted, 1) if is_large else wanted):
            raise ValueError(f"{repo}: config {config!r} has the rows {found}, the manifest {wanted}")


def load_model(repo: str, commit: str, folder: Path) -> None:
    """Load the model and compare the vector that it gives a sentence with the local model's.

    Raises:
        ValueError: The vectors differ.
    """
    import numpy as np  # noqa: PLC0415 - with the rest
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - brings torch

    published, local = SentenceTransformer(repo, revision=commit), SentenceTransformer(str(folder))
    if not np.allclose(published.encode(_SENTENCE), local.encode(_SENTENCE), atol=1e-5):
        raise ValueError(f"{repo}: gives other vectors than {folder.name}")


if __name__ == "__main__":
    kind, repo, commit, folder = sys.argv[1:]
    {"dataset": load_dataset, "model": load_model}[kind](repo, commit, Path(folder))
