"""Deduplication of rows that a test makes, in parts on disk, and its tables read back; and rows of which some say the same."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.duplicates.dedup import deduplicate
from dataprep.duplicates.dedup_tables import SCHEMAS
from dataprep.recipes.curation import Deduplicate
from dataprep.text import digest

BASE = "stara wieś leży nad rzeką w północnej części gminy i liczy niewielu mieszkańców oraz jeden kościół"
CHANGES = ["", " murowany", " drewniany", " z 1849 roku", " z 1905 roku", " Anny", " < 5", " > 5"]
PASSAGES = [
    *(BASE + change for change in CHANGES),
    f"{BASE}!".capitalize(),
    BASE.replace("stara", "nowa"),
    "całkiem inny tekst o czymś",
    "krótko",
]
QUESTIONS = ["Kto tam mieszka?", "kto TAM mieszka", "Gdzie leży ta wieś?", "C?", "C++?"]
Row = tuple[str, str, int | None]
ROWS = st.lists(st.tuples(st.sampled_from(QUESTIONS), st.sampled_from(PASSAGES), st.sampled_from([0, 1, None])), max_size=14)
SETTINGS = st.fixed_dictionaries(
    {
        "questions": st.booleans(),
        "passages": st.sampled_from(["off", "exact", "near"]),
        "min_passage_jaccard": st.sampled_from([0.5, 0.8, 1.0]),
        "on_conflict": st.sampled_from(["drop", "relevant", "not_relevant"]),
    }
)


def deduplicated(
    rows: pl.LazyFrame, *, stage: Path | None = None, cuts: Sequence[int] = (), alike: Any = None, **changes: Any
) -> dict[str, pl.DataFrame]:
    """The tables of rows, which are sorted first.

    Args:
        rows: ROWS.
        stage: Where the tables are left; they are thrown away otherwise.
        cuts: Row numbers at which the rows are cut into parts.
        alike: As `deduplicate` takes it.
        changes: Settings other than the recipe's own.
    """
    ordered, places = rows.sort("row_id").collect(), [0, *sorted(cuts), None]
    parts = [ordered[start:stop].lazy() for start, stop in pairwise(places)]
    with TemporaryDirectory() as folder:
        place = stage or Path(folder) / "stage"
        (scratch := Path(folder) / "scratch").mkdir()
        deduplicate(parts, place, scratch=scratch, alike=alike, **(Deduplicate().model_dump() | changes))
        return {name: pl.read_parquet(place / f"{name}.parquet") for name in SCHEMAS}


def rows(triples: Sequence[Row], titles: Sequence[str] = ()) -> pl.LazyFrame:
    """ROWS of questions, passages and labels."""
    counts: Counter[Row] = Counter()
    table = []
    for (question, passage, label), title in zip(triples, titles or [""] * len(triples), strict=True):
        counts[question, passage, label] += 1
        row_id = f"s:{digest(question, passage, str(label), str(counts[question, passage, label]), length=16)}"
        table.append((row_id, "s", row_id[-4:], question, passage, title, label))
    return pl.LazyFrame(table, schema=schemas.ROWS, orient="row")
