"""The Hub's token where a server keeps it: in a Secret block, read when it is needed and never passed on as a parameter."""

from typing import cast

from prefect.blocks.system import Secret
from pydantic import SecretStr

from dataprep.errors import CallError


def hub_token(block: str | None) -> SecretStr | None:
    """The token that a Secret block of the server holds; None without a block.

    Raises:
        CallError: There is no such block.
    """
    if block is None:
        return None
    try:
        return SecretStr(str(cast("Secret[str]", Secret.load(block)).get()))
    except ValueError:
        raise CallError(f"the server has no Secret block {block!r}; make one, or mend `publish.token_block` of the recipe") from None
