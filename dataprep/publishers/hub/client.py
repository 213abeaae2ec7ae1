"""The Hub's client, made to wait for each answer for a limited time; left alone it waits for ever."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_CONNECT_S = 10.0


@lru_cache(maxsize=1)  # the time limit holds for the whole process, so a client with another one takes the place of the last
def client(secret: SecretStr, timeout_s: float) -> "HfApi":
    """The client of a token, kept: it remembers what the Hub said of the token, which the Hub does not like to be asked twice.

    Args:
        secret: The token.
        timeout_s: How long it waits for the next bytes of an answer, or for some to be taken; uploads by Xet have limits of their own.
    """
    from huggingface_hub import HfApi, set_client_factory  # noqa: PLC0415 - start-up time
    from huggingface_hub.utils._http import default_client_factory  # noqa: PLC0415 - start-up time
    from huggingface_hub.utils.logging import set_verbosity_error  # noqa: PLC0415 - start-up time
    from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - start-up time

    def limited(request: Any) -> None:  # noqa: ANN401 - of the client's HTTP library, whichever it is
        """Calls of the client pass "no limit" on, so that a default of the session would not reach them."""
        told = {key: limit for key, limit in request.extensions.get("timeout", {}).items() if limit is not None}
        request.extensions["timeout"] = {"connect": _CONNECT_S, "read": timeout_s, "write": timeout_s} | told

    def patient() -> Any:  # noqa: ANN401 - as above
        session = default_client_factory()
        hooks = session.event_hooks
        session.event_hooks = {**hooks, "request": [*hooks["request"], limited]}
        return session

    set_client_factory(patient)
    disable_progress_bars()
    set_verbosity_error()  # type: ignore[no-untyped-call]  # what goes wrong is raised, and said by us
    return HfApi(token=secret.get_secret_value(), library_name="dataprep")
