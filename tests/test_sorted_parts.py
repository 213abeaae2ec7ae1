from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.sorted_parts import SortedParts

IDS = st.text("abc", max_size=3)
SCHEMA = {"id": pl.String, "n": pl.Int64}


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(IDS, st.integers(0, 9)), max_size=8), min_size=1, max_size=4), st.lists(IDS, max_size=4))
def test_the_parts_are_the_sorted_table_cut_at_the_starts(frames: list[list[tuple[str, int]]], bounds: list[str]) -> None:
    starts = ["", *sorted({bound for bound in bounds if bound})]
    with TemporaryDirectory() as folder:
        waiting = SortedParts(Path(folder) / "waiting", ["id", "n"], starts=pl.Series(starts, dtype=pl.String))
        for rows in frames:
            waiting.add(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        parts = [part.rows() for part in waiting.parts()]
    assert len(parts) == len(starts)
    assert [row for part in parts for row in part] == sorted(row for rows in frames for row in rows)
    for part, first, last in zip(parts, starts, [*starts[1:], None], strict=True):
        assert all(first <= row_id and (last is None or row_id < last) for row_id, _ in part)
