"""Datasets on the Hub as frames of records, streamed, at a commit that is settled first.

Offline (HF_HUB_OFFLINE=1) the local cache is read instead, which
`hf download --repo-type dataset OWNER/NAME` fills.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from dataprep.errors import DataError, DataprepError, RemoteError, SourceMissingError
from dataprep.hub_waiting import limit_waiting
from dataprep.sources import tables
from dataprep.sources.columns import Wanted

_CHUNK_ROWS = 10_000
_GATED = "the dataset is gated; ask for access on its page, then log in with `hf auth login`"
_TIMEOUT_S = 10.0
_MAX_RETRIES = 3


def commit(repo: str, revision: str | None) -> str:
    """The commit (40 hex digits) that a revision means now; offline, the one in the local cache.

    Args:
        repo: owner/name of the dataset.
        revision: Branch, tag or commit; None for the newest commit.

    Raises:
        SourceMissingError: The dataset or the revision is not there, or is private.
        RemoteError: The Hub was out of reach or refused, or the cache has no copy.
    """
    from huggingface_hub import HfApi, constants  # noqa: PLC0415 - start-up time

    if constants.HF_HUB_OFFLINE:
        return _cached(repo, revision).name
    with _explained(repo, revision):
        limit_waiting(_TIMEOUT_S)
        return str(HfApi().dataset_info(repo, revision=revision).sha)


def records(repo: str, columns: Wanted, *, config: str | None, split: str, commit: str) -> Iterator[pl.DataFrame]:
    """Stream a split.

    Args:
        repo: owner/name of the dataset.
        columns: The columns asked for.
        config: Configuration, None for the default one.
        split: Name of the split.
        commit: What `commit` gave.

    Returns:
        Frames of `position` (owner/name:row), `raw`, `rule`, `found` and one text column per role.

    Raises:
        SourceMissingError: The configuration, the split or a wanted column is not there.
        RemoteError: The Hub was out of reach or refused.
        DataError: The data on the Hub cannot be read.
    """
    limit_waiting(_TIMEOUT_S)
    first_row = 1
    roles: dict[str, str] = {}
    with _explained(repo, commit):
        for table in _tables(repo, config, split, commit):
            frame = pl.DataFrame(pl.from_arrow(table))
            if first_row == 1:
                roles = tables.text_columns(frame.schema, columns, where=repo)
            yield tables.records(frame, roles, name=repo, first_row=first_row)
            first_row += frame.height


def _tables(repo: str, config: str | None, split: str, commit: str) -> Iterator[Any]:
    """Arrow tables of a split."""
    import datasets  # noqa: PLC0415 - takes a second
    from huggingface_hub import constants  # noqa: PLC0415 - start-up time
    from pyarrow import ArrowException  # noqa: PLC0415 - start-up time

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what goes wrong is raised, and said by us
    where = {"path": str(_cached(repo, commit))} if constants.HF_HUB_OFFLINE else {"path": repo, "revision": commit}
    with _few_retries(datasets.config):
        try:
            rows = datasets.load_dataset(name=config, split=split, streaming=True, **where)
        except ArrowException:  # a ValueError too, but about the data
            raise
        except ValueError as error:  # what datasets raises for an unknown configuration or split, with those that are there
            raise SourceMissingError(f"{repo}: config {config!r}, split {split!r}: {_short(error)}") from error
        yield from rows.with_format("arrow").iter(batch_size=_CHUNK_ROWS)


@contextmanager
def _few_retries(settings: Any) -> Iterator[None]:  # noqa: ANN401 - a module without types
    """Let a stream that broke off be tried again for seconds, not for the minutes that are datasets' default."""
    names = ("STREAMING_READ_MAX_RETRIES", "STREAMING_OPEN_MAX_RETRIES")
    before = {name: getattr(settings, name) for name in names}
    try:
        for name in names:
            setattr(settings, name, _MAX_RETRIES)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


def _cached(repo: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - start-up time
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415 - start-up time

    try:
        return Path(snapshot_download(repo, repo_type="dataset", revision=revision, local_files_only=True))
    except LocalEntryNotFoundError as error:
        at = f" --revision {revision}" if revision else ""
        download = f"hf download --repo-type dataset {repo}{at}"
        raise RemoteError(f"{repo}: HF_HUB_OFFLINE is set and the local cache has no copy; run `{download}` while online") from error


@contextmanager
def _explained(repo: str, revision: str | None) -> Iterator[None]:
    """Turn what the clients raise into errors that say what to do."""
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError, DatasetsError  # noqa: PLC0415 - takes a second
    from huggingface_hub import errors as hub  # noqa: PLC0415 - start-up time
    from pyarrow import ArrowException  # noqa: PLC0415 - start-up time

    at = f" at {revision}" if revision else ""
    try:
        yield
    except DataprepError:
        raise
    except hub.GatedRepoError as error:
        raise RemoteError(f"{repo}: {_GATED}") from error
    except hub.RevisionNotFoundError as error:
        raise SourceMissingError(f"{repo}: there is no revision {revision!r}; mend `revision` of the source") from error
    except (hub.RepositoryNotFoundError, DatasetNotFoundError, hub.HFValidationError) as error:
        if "is a gated dataset" in str(error):  # datasets raises one error for both, and drops its cause
            raise RemoteError(f"{repo}: {_GATED}") from error
        advice = "Mend `repo` of the source; if the dataset is private, log in with `hf auth login`."
        raise SourceMissingError(f"{repo}: there is no such dataset on the Hub, or it is private. {advice}") from error
    except DataFilesNotFoundError as error:
        raise SourceMissingError(f"{repo}{at}: the dataset holds no data files that can be read: {_short(error)}") from error
    except (DatasetsError, ArrowException, pl.exceptions.PolarsError) as error:
        raise DataError(f"{repo}{at}: the data cannot be read: {_short(error)}") from error
    except (OSError, hub.HTTPError) as error:  # type: ignore[attr-defined] # the client's HTTP library, whichever it is
        raise RemoteError(f"{repo}{at}: {_unreachable(error)}") from error


def _unreachable(error: Exception) -> str:
    return (
        f"the Hub refused or was out of reach: {type(error).__name__}: {_short(error)}\n"
        "Try again later. To work offline, fill the local cache with `hf download --repo-type dataset` while online and set "
        'HF_HUB_OFFLINE=1, or download the file and read it with kind = "tsv", "jsonl" or "parquet" and `path`.'
    )


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
