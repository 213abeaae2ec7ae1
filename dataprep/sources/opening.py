"""The bytes of a file, decompressed on the way: plain, .gz, .zst, in a .zip or not."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from zstandard import ZstdDecompressor, ZstdError

from dataprep.errors import DataError
from dataprep.sources.files import File

BLOCK_BYTES = 2**20


def blocks(file: File) -> Iterator[bytes]:
    """Read a file from its beginning to its end.

    Returns:
        Non-empty blocks of the decompressed bytes, none for an empty file.

    Raises:
        DataError: The file is a folder, cannot be read, is compressed but cut off or broken, or is encrypted.
    """
    if file.path.is_dir():
        raise DataError(f"{file.shown}: this is a folder; wanted a file. Add a pattern such as /*, or a file's name.")
    try:
        with ExitStack() as stack:
            yield from _decompressed(_opened(file, stack), file.name)
    except (EOFError, zlib.error, gzip.BadGzipFile, ZstdError, BadZipFile) as error:
        raise DataError(f"{file.shown}: the compressed file is cut off or broken: {error}. Get the file again.") from error
    except (OSError, RuntimeError, NotImplementedError) as error:  # the last two: an encrypted or oddly packed member
        raise DataError(f"{file.shown}: the file cannot be read: {error}") from error


def _opened(file: File, stack: ExitStack) -> IO[bytes]:
    if file.member is None:
        return stack.enter_context(file.path.open("rb"))
    archive = stack.enter_context(ZipFile(file.path))
    return stack.enter_context(archive.open(file.member))


def _decompressed(stream: IO[bytes], name: str) -> Iterator[bytes]:
    if name.endswith(".zst"):
        yield from _unzstd(stream)
        return
    plain = gzip.GzipFile(fileobj=stream) if name.endswith(".gz") else stream
    while block := plain.read(BLOCK_BYTES):
        yield block


def _unzstd(stream: IO[bytes]) -> Iterator[bytes]:
    """Decompress frame after frame; zstandard's own stream reader does not notice that a file is cut off."""
    frame = ZstdDecompressor().decompressobj()
    is_inside = False
    while block := stream.read(BLOCK_BYTES):
        while block:
            if frame.eof:
                frame = ZstdDecompressor().decompressobj()
            if plain := frame.decompress(block):
                yield plain
            is_inside = not frame.eof
            block = frame.unused_data if frame.eof else b""
    if is_inside:
        raise EOFError("the last frame has no end")


def bytes_digest(path: Path) -> tuple[str, int]:
    """SHA-256 (64 hex digits) and number of the bytes of a file as it stands on disk."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size
