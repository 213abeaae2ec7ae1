"""Shingles that wait for the second pass: in memory while they are few, in a file beyond that."""

import os
from collections.abc import Iterator
from tempfile import TemporaryFile
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from dataprep.duplicates.near_shingles import Shingles
from dataprep.words import Hashes, Integers

_MAX_HELD = 1 << 25  # hashes in memory: 256 MB, some 700,000 passages of 50 words


class _Place(NamedTuple):
    """Where a run of hashes lies in the file."""

    start: int  # in bytes
    n_bytes: int


class Waiting:
    """Shingles of runs of texts, given back in the order in which they came. A context manager: the file ends with it."""

    def __init__(self) -> None:
        """Begin with none; there is no file until there are too many."""
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - this is the context manager
        self._runs: list[tuple[Hashes | _Place, Integers]] = []
        self._n_held, self._n_bytes = 0, 0

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the file, which deletes it."""
        self._file.close()

    def add(self, found: Shingles) -> None:
        """Take in the shingles of the next run."""
        if self._n_held + len(found.hashes) <= _MAX_HELD:
            self._n_held += len(found.hashes)
            self._runs.append((found.hashes, found.counts))
            return
        data = memoryview(found.hashes.tobytes())
        self._runs.append((_Place(self._n_bytes, len(data)), found.counts))
        written = 0
        while written < len(data):
            written += os.pwrite(self._file.fileno(), data[written:], self._n_bytes + written)
        self._n_bytes += len(data)

    def numbers(self) -> Iterator[tuple[int, int]]:
        """Of each run its number and that of its first text."""
        first = 0
        for number, (_, counts) in enumerate(self._runs):
            yield number, first
            first += len(counts)

    def take(self, number: int) -> Shingles:
        """The shingles of a run; several threads may ask at once."""
        held, counts = self._runs[number]
        if not isinstance(held, _Place):
            return Shingles(held, counts)
        data = bytearray()
        while len(data) < held.n_bytes:
            data += os.pread(self._file.fileno(), held.n_bytes - len(data), held.start + len(data))
        return Shingles(np.frombuffer(data, np.uint64), counts)
