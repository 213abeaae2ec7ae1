"""Load a published revision as its users do, in a process and a cache of its own, and compare it with what was sent."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from dataprep.errors import RemoteError
from dataprep.publishers.hub_calls import redacted
from dataprep.publishers.targets import HubTarget

_ATTEMPTS = 3
_TIMEOUT_S = 6 * 3600
_MESSAGE_CHARS = 600
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
    command = [sys.executable, "-m", "dataprep.publishers.hub_loaders", target.kind, target.repo, commit, str(folder)]
    said = ""
    for attempt in range(_ATTEMPTS):
        with TemporaryDirectory(prefix="dataprep-loading-") as cache:
            inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
            environment = inherited | _QUIET | {"HF_HOME": cache, "HF_TOKEN": secret.get_secret_value()}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 - our own module
        if done.returncode == 0:
            return
        said = redacted(done.stderr.strip(), secret)[-_MESSAGE_CHARS:]
        time.sleep(2.0**attempt)
    raise RemoteError(f"{target}: commit {commit} is published, but it does not load: {said}")
