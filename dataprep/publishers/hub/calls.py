"""Calls to the Hub: tried again while a failure may pass, explained where it does not, and never with the token in a message."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

from pydantic import SecretStr

from dataprep.errors import DataprepError, RefusedError, RemoteError
from dataprep.publishers.hub.token import redacted

ATTEMPTS = 12
_PATIENCE_S = 1800.0
_LONGEST_WAIT_S = 300.0
_LONGEST_BACKOFF_S = 16.0
_PASSING = frozenset([408, 409, 412, 429, 500, 502, 503, 504])
_MESSAGE_CHARS = 400
_REFUSED = "the Hub refused what was sent"
_ADVICE = {
    400: _REFUSED,
    401: "the Hub does not know the token; make one at huggingface.co/settings/tokens and log in with `hf auth login`",
    403: "the token has no right to do this; use one with the right to write to this repository",
    404: "there is no such repository or revision, or it is private to somebody else",
    413: _REFUSED,
    422: _REFUSED,
    429: "the Hub asks to wait; publish again later",
}
Answer = TypeVar("Answer")


def failures() -> tuple[type[Exception], ...]:
    """What the clients raise: over HTTP, from the operating system, from uploads, and on answers that make no sense."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # noqa: PLC0415 - start-up time; the client's HTTP library

    return (HTTPError, OSError, RuntimeError, ValueError, KeyError)


def may_pass(error: Exception) -> bool:
    """Whether a failure may be gone on the next attempt."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled  # type: ignore[attr-defined]  # noqa: PLC0415 - as above

    if isinstance(error, OfflineModeIsEnabled | PermissionError):
        return False
    status = status_of(error)
    if status is not None:
        return status in _PASSING
    # an upload's failure is a RuntimeError, or an OSError of the storage client; an expired address is renewed by another attempt
    return isinstance(error, HTTPError | OSError | RuntimeError)


def status_of(error: Exception) -> int | None:
    """The HTTP status that an error stands for; None where there was no answer."""
    answer = getattr(error, "response", None)
    return None if answer is None else int(answer.status_code)


def wait_s(error: Exception, attempt: int) -> float:
    """Seconds to wait before the next attempt: as long as the answer's headers say, else 1, 2, 4, 8 and then 16.

    Args:
        error: What the attempt ended with.
        attempt: Its number, from 0.
    """
    from huggingface_hub.utils._http import parse_ratelimit_headers  # noqa: PLC0415 - start-up time

    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    limit = parse_ratelimit_headers(headers)
    if limit and limit.remaining == 0:
        return min(limit.reset_in_seconds + 1.0, _LONGEST_WAIT_S)
    told = str(headers.get("Retry-After", ""))
    return min(float(told) + 1.0, _LONGEST_WAIT_S) if told.isdecimal() else min(2.0**attempt, _LONGEST_BACKOFF_S)


def retried(call: Callable[[], Answer], attempts: int = ATTEMPTS) -> Answer:
    """Make a call that may be repeated without harm; failures that may pass are waited out, for half an hour at most.

    Raises:
        Exception: What the last attempt ended with, one of `failures`.
    """
    return settled(call, lambda: None, attempts)


def settled(call: Callable[[], Answer], outcome: Callable[[], Answer | None], attempts: int = ATTEMPTS) -> Answer:
    """Make a call that changes something; after a failure look first whether it took effect, for its answer may be lost.

    Args:
        call: The change; its answer says what came of it.
        outcome: Looks for the change; None if it is not there and may be tried again.
        attempts: How often it is tried at most; no attempt starts half an hour after the first.

    Raises:
        Exception: What the last attempt ended with, or what `outcome` raised.
    """
    began = time.monotonic()
    for attempt in count():
        try:
            return call()
        except failures() as error:
            found = outcome()
            if found is not None:
                return found
            wait = wait_s(error, attempt)
            is_over = attempt + 1 >= attempts or time.monotonic() + wait - began > _PATIENCE_S
            if is_over or not may_pass(error):
                raise
            time.sleep(wait)
    raise AssertionError  # counting does not end


@contextmanager
def explained(secret: SecretStr, where: str) -> Iterator[None]:
    """Turn what the clients raise into errors that say what to do.

    The cause is left out of the chain: its text may hold the request's header, and so the token.

    Args:
        secret: The token; wherever a message holds it, `[token]` stands instead.
        where: The repository.
    """
    try:
        yield
    except DataprepError:
        raise
    except failures() as error:
        kind = RemoteError if may_pass(error) else RefusedError
        raise kind(redacted(f"{where}: {_advice(error)}: {described(error)}", secret)) from None


def described(error: Exception) -> str:
    """A client's error in a line, behind the notes that were put on it."""
    text = " ".join(" ".join([*getattr(error, "__notes__", ()), str(error)]).split())
    return f"{type(error).__name__}: {text[:_MESSAGE_CHARS]}"


def _advice(error: Exception) -> str:
    from huggingface_hub.errors import OfflineModeIsEnabled  # noqa: PLC0415 - start-up time

    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it to publish"
    if status_of(error) is None and isinstance(error, ValueError | KeyError):
        return f"{_REFUSED}, or its answer makes no sense"
    return _ADVICE.get(status_of(error) or 0, "the Hub was out of reach; publish again, what is there already is not sent twice")
