"""Text files as frames of lines, each with its number and the reason why it cannot be read, if any.

Rules found here:
    utf8: the line is not valid UTF-8. The message has the offset of the first bad byte in the
        (decompressed) file, from 0.
    nul: the line has a NUL character.

A line ends at LF or CRLF. An empty line is no row. A byte-order mark at the start is no text.
"""

from collections.abc import Iterator

import polars as pl

from dataprep.sources.files import File
from dataprep.sources.opening import blocks

CHUNK_BYTES = 32 * 2**20
NUL = "a NUL character; wanted text"


def frames(file: File) -> Iterator[pl.DataFrame]:
    r"""Read a text file.

    Returns:
        Frames of about `CHUNK_BYTES`: `line` (physical line, from 1), `raw` (its text without the
        line's end, bad bytes as \xNN), `rule` and `found` (null where the line can be read).
    """
    first_line = 1
    offset = 0
    for chunk in chunks(file):
        texts, faults = _decoded(chunk.removesuffix(b"\n"), offset)
        if first_line == 1:
            texts[0] = texts[0].removeprefix("\ufeff")
        frame = pl.DataFrame({"raw": texts}, schema={"raw": pl.String}).with_row_index("line", first_line)
        yield _judged(frame.with_columns(pl.col("raw").str.strip_suffix("\r")), faults)
        first_line += len(texts)
        offset += len(chunk)


def chunks(file: File) -> Iterator[bytes]:
    """Blocks of whole lines, about `CHUNK_BYTES` each; only the last may lack the line's end."""
    parts: list[bytes] = []
    size = 0
    for block in blocks(file):
        cut = block.rfind(b"\n") + 1
        if cut and size + cut >= CHUNK_BYTES:
            yield b"".join([*parts, block[:cut]])
            parts, size = [], 0
            block = block[cut:]  # noqa: PLW2901 - what is left of it opens the next chunk
        parts.append(block)
        size += len(block)
    if size:
        yield b"".join(parts)


def bad_byte(line: bytes, offset: int) -> str | None:
    """What is not UTF-8 about a line that begins at `offset` of the file; None where nothing is."""
    try:
        line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError as error:
        return f"byte 0x{line[error.start]:02x} at offset {offset + error.start} of the file ({error.reason}); wanted UTF-8"
    return None


def _decoded(chunk: bytes, offset: int) -> tuple[list[str], dict[int, str]]:
    """Lines as text, and what is wrong with the bytes of some, by position."""
    faults: dict[int, str] = {}
    try:
        texts = chunk.decode().split("\n")
    except UnicodeDecodeError:
        texts = []
        for number, line in enumerate(chunk.split(b"\n")):
            if found := bad_byte(line, offset):
                faults[number] = found
            texts.append(line.decode(errors="backslashreplace"))
            offset += len(line) + 1
    return texts, faults


def _judged(frame: pl.DataFrame, faults: dict[int, str]) -> pl.DataFrame:
    has_nul = pl.col("raw").str.contains("\0", literal=True)
    if faults:
        texts = [faults.get(number) for number in range(frame.height)]
        frame = frame.with_columns(found=pl.Series(texts, dtype=pl.String))
    else:
        frame = frame.with_columns(found=pl.lit(None, pl.String))
    is_bad = pl.col("found").is_not_null()
    return frame.filter(pl.col("raw") != "").with_columns(
        rule=pl.when(is_bad).then(pl.lit("utf8")).when(has_nul).then(pl.lit("nul")),
        found=pl.when(is_bad | ~has_nul).then("found").otherwise(pl.lit(NUL)),
    )
