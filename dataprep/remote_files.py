"""Files behind a URL, through fsspec: its many errors as the two that a user can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from dataprep.errors import CallError, RemoteError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@contextmanager
def opened(url: str, *, advice: str) -> "Iterator[tuple[AbstractFileSystem, str]]":
    """The file system of a URL and the path in it.

    Args:
        url: Any that fsspec opens; s3:// needs the extra `s3`.
        advice: What to do if the remote refuses.

    Raises:
        CallError: The URL cannot be opened, or a package for it is missing.
        RemoteError: The remote refused or was out of reach.
        FileNotFoundError: There is no such file.
        IsADirectoryError: A file was wanted, and this is a folder.
    """
    import fsspec  # noqa: PLC0415 - start-up time
    from huggingface_hub.errors import (  # type: ignore[attr-defined] # noqa: PLC0415 - start-up time
        HTTPError,  # the root of what its HTTP library raises, whichever library that is
    )

    try:
        yield fsspec.core.url_to_fs(url)
    except FileNotFoundError as error:
        if (cause := error.__cause__) and not _is_missing(cause):
            raise _refused(url, cause, advice) from error
        raise
    except IsADirectoryError:
        raise
    except ImportError as error:
        raise CallError(f"{url}: a package for this kind of URL is missing: {error}") from error
    except ValueError as error:
        raise CallError(f"{url}: this URL cannot be opened: {error}") from error
    except (OSError, HTTPError) as error:
        raise _refused(url, error, advice) from error
    except Exception as error:
        if type(error).__module__.startswith("botocore"):  # s3fs lets some of its client's own errors through
            raise _refused(url, error, advice) from error
        raise


def _is_missing(cause: BaseException) -> bool:
    """Whether a file is really not there: over http fsspec says so of whatever went wrong, with what it was as the cause."""
    if isinstance(cause, OSError):  # no connection, or none in time
        return isinstance(cause, FileNotFoundError)
    return getattr(cause, "status", HTTPStatus.NOT_FOUND) in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def _refused(url: str, error: BaseException, advice: str) -> RemoteError:
    return RemoteError(f"{url}: the remote refused or was out of reach: {type(error).__name__}: {str(error)[:300]}. {advice}")
