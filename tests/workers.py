"""How xdist's workers share the test files: those that need an operator's server go to one, and the longest come first."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

_SITE = ("test_crash.py", "test_deployments.py")  # fixture `site` takes fifteen seconds to start
_LONGEST = (*_SITE, "test_publish_build.py", "test_sample.py", "test_semantic.py", "test_dedup.py", "test_splits.py", "test_notebooks.py")


def place(item: pytest.Item) -> int:
    """Where a test's file stands in the order: the longest first, so that no worker is left alone with one at the end."""
    name = item.path.name
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)


class WholeFiles(LoadFileScheduling):
    """Files go to the workers whole and in their order; those with an operator's server are one."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False  # by the number of tests, which says nothing here
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "site" if file.endswith(_SITE) else file
