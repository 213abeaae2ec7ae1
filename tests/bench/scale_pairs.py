"""Seeded generated pairs of any number: raw parquet as the pipeline gets it, with a known share of defects.

Words are drawn with Zipf's frequencies from the sample's own words and 60,000 made-up ones with Polish
syllables, so that posting lists, word tables and tokenizers see a vocabulary of natural shape. Of the
rows, one in four is a right answer, 5 % copy an earlier passage with one word changed, 1 % copy it
exactly, and 2 % carry damage that a cleaning rule mends.

Run: .venv/bin/python tests/bench/scale_pairs.py ROWS FILE.parquet
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

SAMPLE = Path(__file__).parents[2] / "data/sample/pairs.tsv"
PART = 100_000
QUESTION_ROWS = 4
MADE_UP_WORDS = 60_000
_ASKING = ["Kto", "Co", "Gdzie", "Kiedy", "Dlaczego", "Ile", "Jak", "Który", "Czy", "Z czego"]
_ONSETS = [
    "b",
    "c",
    "cz",
    "d",
    "dz",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "ł",
    "m",
    "n",
    "p",
    "r",
    "rz",
    "s",
    "sz",
    "ś",
    "t",
    "w",
    "z",
    "ż",
    "ź",
    "ć",
    "ch",
    "pr",
    "tr",
    "kr",
    "st",
    "sk",
    "sp",
    "gr",
    "br",
    "dr",
    "zw",
]
_VOWELS = ["a", "a", "a", "e", "e", "e", "i", "i", "o", "o", "o", "u", "y", "y", "ą", "ę", "ó", "ie", "ia", "io"]
_ENDS = ["", "a", "y", "i", "ów", "ach", "ami", "ego", "emu", "ej", "ą", "ę", "owi", "em", "ie", "u", "ć", "ł", "ła", "li"]
_DAMAGE = ["  {} ", "&quot;{}&quot;", "'''{}'''", "{} ()", "{} ."]


def vocabulary() -> tuple[pl.Series, np.ndarray]:
    """The words, and the cumulative probability of each."""
    random = np.random.default_rng(20_260_101)
    natural = SAMPLE.read_text(encoding="utf-8", errors="ignore").split("\n")[1:]
    found = pl.Series([word for line in natural for word in line.split() if word.isalpha()])
    by_frequency = found.value_counts(sort=True).get_columns()[0]
    n_syllables = random.integers(2, 4, MADE_UP_WORDS)
    made_up = ["".join(random.choice(_ONSETS) + random.choice(_VOWELS) for _ in range(n)) + str(random.choice(_ENDS)) for n in n_syllables]
    words = pl.concat([by_frequency, pl.Series(by_frequency.name, made_up)]).unique(maintain_order=True)
    weights = 1 / (np.arange(len(words)) + 2.7)
    return words, np.cumsum(weights) / weights.sum()


def pairs(n: int, part: int, words: pl.Series, cumulative: np.ndarray) -> pl.DataFrame:
    """One part of the rows: id, question, passage, label."""
    random = np.random.default_rng([7, part])

    def texts(count: int, mean: float, spread: float, least: int) -> pl.Series:
        n_words = np.maximum(random.normal(mean, spread, count).astype(int), least)
        drawn = words.gather(np.searchsorted(cumulative, random.random(int(n_words.sum()))))
        row = np.repeat(np.arange(count, dtype=np.int64), n_words)
        return pl.DataFrame({"row": row, "word": drawn}).group_by("row", maintain_order=True).agg(pl.col("word").str.join(" "))["word"]

    n_questions = -(-n // QUESTION_ROWS)
    asked = pl.Series(_ASKING).gather(random.integers(0, len(_ASKING), n_questions))
    questions = (asked + " " + texts(n_questions, 9, 2.5, 4) + "?").gather(np.arange(n) // QUESTION_ROWS)
    passages = texts(n, 49, 15, 12)
    passages = passages.str.slice(0, 1).str.to_uppercase() + passages.str.slice(1) + "."
    kind = random.random(n)
    earlier = (random.random(n) * np.maximum(np.arange(n), 1)).astype(np.int64)
    extra = words.gather(np.searchsorted(cumulative, random.random(n)))
    frame = pl.DataFrame({"question": questions, "passage": passages, "earlier": passages.gather(earlier), "extra": extra, "kind": kind})
    copied = (
        pl.when(pl.col("kind") < 0.01).then("earlier").when(pl.col("kind") < 0.06).then(pl.col("earlier") + " " + pl.col("extra") + ".")
    )
    frame = frame.with_columns(passage=copied.otherwise("passage"), damage=(pl.col("kind") * 1e6).cast(pl.Int64) % len(_DAMAGE))
    damaged = pl.lit(None, pl.String)
    for number, form in enumerate(_DAMAGE):
        damaged = pl.when(pl.col("damage") == number).then(pl.format(form, "passage")).otherwise(damaged)
    frame = frame.with_columns(passage=pl.when(pl.col("kind") > 0.98).then(damaged).otherwise("passage"))
    ids = pl.int_range(part * PART, part * PART + n, eager=True)
    labels = pl.Series((np.arange(n) % QUESTION_ROWS == 0).astype(np.int8))
    return frame.select(pl.format("g{}", ids).alias("id"), "question", "passage", labels.alias("label"))


def write(path: Path, n: int) -> None:
    """Write `n` generated rows, in parts."""
    words, cumulative = vocabulary()
    writer = None
    for part in range(-(-n // PART)):
        table: pa.Table = pairs(min(PART, n - part * PART), part, words, cumulative).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=PART // 2)
    if writer:
        writer.close()


def raw_bytes(path: Path) -> int:
    """UTF-8 bytes of the questions and passages of a file."""
    sizes = pl.scan_parquet(path).select(pl.col("question", "passage").str.len_bytes().sum())
    return sum(sizes.collect(engine="streaming").row(0))


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
