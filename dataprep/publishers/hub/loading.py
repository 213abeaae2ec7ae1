"""Load a published commit as its users do, in a process and a cache of its own, and compare it with what was sent.

`python -m dataprep.publishers.hub.loading KIND REPO COMMIT FOLDER` is that process: it exits with 0 if the commit
loads and is what the folder holds.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from dataprep.errors import RemoteError
from dataprep.publishers.hub.token import redacted
from dataprep.publishers.targets import HubTarget
from dataprep.releases.release import CONFIGS, table_path
from dataprep.releases.release_files import manifest

_ATTEMPTS = 3
_TIMEOUT_S = 6 * 3600
_MESSAGE_CHARS = 600
_MAX_LOADED_BYTES = 1_000_000_000
_SENTENCE = "Kiedy odbyła się bitwa pod Grunwaldem?"
_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TQDM_DISABLE": "1"}
_NOT_INHERITED = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_XET_CACHE", "HF_TOKEN_PATH")


def require_loadable(target: HubTarget, commit: str, folder: Path, secret: SecretStr) -> None:
    """Prove that a published commit loads: a dataset with the rows of the manifest, a model with the same vectors.

    Args:
        target: The repository.
        commit: The published commit.
        folder: The release or the model that was published.
        secret: The token, for repositories that are private.

    Raises:
        RemoteError: It does not load, or is something else; the message has the loader's last words.
    """
    command = [sys.executable, "-m", "dataprep.publishers.hub.loading", target.kind, target.repo, commit, str(folder)]
    said = ""
    for attempt in range(_ATTEMPTS):
        with TemporaryDirectory(prefix="dataprep-loading-") as cache:
            inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
            environment = inherited | _QUIET | {"HF_HOME": cache, "HF_TOKEN": secret.get_secret_value()}
            try:
                subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)  # noqa: S603 - our own module
            except subprocess.CalledProcessError as error:
                said = redacted(error.stderr.strip(), secret)[-_MESSAGE_CHARS:]
            except subprocess.TimeoutExpired:
                said = f"it took more than {_TIMEOUT_S} s"
            else:
                return
        time.sleep(2.0**attempt)
    raise RemoteError(f"{target}: commit {commit} is published, but it does not load, and has no tag: {said}")


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


def _end_with_parent() -> None:
    """Linux: end at once if the publisher is killed outright (prctl PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    _end_with_parent()
    kind, repo, commit, folder = sys.argv[1:]
    {"dataset": load_dataset, "model": load_model}[kind](repo, commit, Path(folder))
