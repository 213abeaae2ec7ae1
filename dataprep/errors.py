"""The errors a user can meet, grouped by what to do next.

    DataprepError              exit code
    ├── CallError              2   mend the call or the recipe
    │   └── SourceMissingError 2   mend the source's path, repository or columns
    ├── DataError              3   mend the data: unreadable, no row, or every row rejected
    ├── RemoteError            4   a remote refused or was out of reach
    │   └── RefusedError       4   it refused for good: trying again alone does not help
    └── BusyError              4   another run holds the build folder

Every message names where (file, row or key), what was found, what was wanted and how to go on.
"""

from typing import ClassVar


class DataprepError(Exception):
    """Anything a user can act on. Shown without a traceback."""

    exit_code: ClassVar[int] = 1


class CallError(DataprepError):
    """The command line or the recipe asks for something that cannot be."""

    exit_code = 2


class SourceMissingError(CallError):
    """A source is not there, or lacks a column that the recipe names."""


class DataError(DataprepError):
    """The data cannot be used: unreadable, empty, or nothing of it was left."""

    exit_code = 3


class RemoteError(DataprepError):
    """A remote (the Hub, an object store, a web server) refused or was out of reach."""

    exit_code = 4


class RefusedError(RemoteError):
    """A remote refused for a reason that stays: no right, a tag that is taken, a commit by somebody else."""


class BusyError(DataprepError):
    """Another run holds the build folder."""

    exit_code = 4
