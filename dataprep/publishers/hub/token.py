"""The Hub's token: where it comes from, who it belongs to and what it may do; and texts without it."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from dataprep.errors import RefusedError
from dataprep.publishers.targets import HubTarget

_ONLY_READS = "read"


def token(given: SecretStr | None = None) -> SecretStr:
    """The token to write with: the one that is given, else HF_TOKEN, else that of `hf auth login`.

    Raises:
        RefusedError: There is none, or it cannot be one.
    """
    from huggingface_hub import get_token  # noqa: PLC0415 - start-up time

    found = (given.get_secret_value() if given else get_token() or "").strip()
    if not found:
        raise RefusedError("the Hub needs a token with the right to write: set HF_TOKEN, or log in with `hf auth login`")
    if not (found.isascii() and found.isprintable() and " " not in found):
        raise RefusedError("the Hub's token holds white space or characters outside ASCII, so it is none; copy it again")
    return SecretStr(found)


def require_write_right(account: Mapping[str, Any], target: HubTarget, *, proposes: bool) -> None:
    """Refuse a token that cannot publish to a repository.

    Fine-grained tokens name rights per user, organisation or repository, and so does a role in an
    organisation; where the Hub does not say, the first call that writes will.

    Args:
        account: What whoami answered.
        target: The repository.
        proposes: Only a pull request is opened, which needs no right to the repository itself.

    Raises:
        RefusedError: The token only reads, or its owner may not write there.
    """
    access = account.get("auth", {}).get("accessToken", {})
    user = account.get("name")
    if access.get("role") == _ONLY_READS:
        raise RefusedError(f"{target}: the token of {user!r} may only read; make one that may write at huggingface.co/settings/tokens")
    if proposes:
        return
    roles = {str(org.get("name")): org.get("roleInOrg") for org in account.get("orgs", [])}
    if target.owner != user and target.owner not in roles:
        known = ", ".join(sorted(map(repr, [user, *roles])))
        raise RefusedError(
            f"{target}: {user!r} may not write for {target.owner!r}, only for {known}; "
            "use another token, or open a pull request with --create-pr"
        )
    if roles.get(target.owner) == _ONLY_READS:
        raise RefusedError(f"{target}: {user!r} has the role 'read' in {target.owner!r}; ask for the role 'write'")
    scopes = (access.get("fineGrained") or {}).get("scoped")
    if access.get("role") == "fineGrained" and scopes is not None and not any(_grants(scope, target) for scope in scopes):
        raise RefusedError(f"{target}: the fine-grained token has no right to write there; add 'repo.write' for {target.owner!r} to it")


def _grants(scope: Mapping[str, Any], target: HubTarget) -> bool:
    names = {target.owner, target.repo}
    return scope.get("entity", {}).get("name") in names and any("write" in right for right in scope.get("permissions", []))


def redacted(text: str, secret: SecretStr) -> str:
    """A text without the token."""
    return text.replace(secret.get_secret_value(), "[token]")
