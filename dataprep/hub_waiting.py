"""How long the Hub's client waits for an answer; left alone it waits for ever."""

from typing import Any

_CONNECT_S = 10.0


def limit_waiting(timeout_s: float) -> None:
    """Let every call to the Hub in this process end with an error when nothing comes.

    Args:
        timeout_s: How long to wait for the next bytes of an answer, or for some to be taken. A call that names a limit of its
            own keeps it; uploads by Xet have limits of their own.
    """
    from huggingface_hub import set_client_factory  # noqa: PLC0415 - start-up time
    from huggingface_hub.utils._http import default_client_factory  # noqa: PLC0415 - start-up time

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
