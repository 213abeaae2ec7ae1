"""Training rows with their texts: however the work is cut, they are what a join of all rows with all texts gives."""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import schemas
from dataprep.releases.training_rows import training_rows
from dataprep.text import digest

QUERIES = {"q" + digest("q", str(n), length=20): f"pytanie {n}" for n in range(6)}
PASSAGES = {"p" + digest("p", str(n), length=20): f"odpowiedź {n}" for n in range(9)}
SPLIT_OF = dict(zip(QUERIES, ["train", "validation", "train", "test", "train", "validation"], strict=True))
TRAINED = [query for query, split in SPLIT_OF.items() if split != "test"]
TRIPLES = st.sets(st.tuples(st.sampled_from(TRAINED), st.sampled_from([*PASSAGES]), st.sampled_from([*PASSAGES])), max_size=12)
Found = dict[tuple[str, str], list[tuple[str, ...]]]


def found(triples: set[tuple[str, str, str]], range_rows: int) -> Found:
    queries = [(query, text, "g", SPLIT_OF[query]) for query, text in QUERIES.items()]
    pairs = [(query, positive, SPLIT_OF[query]) for query, positive in {(q, p) for q, p, _ in triples}]
    triplets = [(*triple, "bm25", 1.0, 1, SPLIT_OF[triple[0]]) for triple in triples]
    corpus = [(passage, "", text) for passage, text in PASSAGES.items()]
    rows_of = [(pairs, schemas.PAIRS), (triplets, schemas.TRIPLETS), (queries, schemas.SPLIT_QUERIES), (corpus, schemas.CORPUS)]
    with TemporaryDirectory() as scratch:
        tables = [pl.LazyFrame(rows, schema=schema, orient="row") for rows, schema in rows_of]
        made = training_rows(*tables, scratch=Path(scratch), range_rows=range_rows)
        return {place: [row for frame in frames for row in frame.iter_rows()] for place, frames in made.items()}


@settings(deadline=None)
@given(TRIPLES, st.integers(1, 12))
def test_rows_of_several_ranges_are_the_texts_of_the_sorted_ids(triples: set[tuple[str, str, str]], range_rows: int) -> None:
    wanted: Found = {(config, split): [] for config in ("pairs", "triplets") for split in ("train", "validation")}
    for query, positive in sorted({(query, positive) for query, positive, _ in triples}):
        wanted["pairs", SPLIT_OF[query]].append((QUERIES[query], PASSAGES[positive]))
    for query, positive, negative in sorted(triples):
        wanted["triplets", SPLIT_OF[query]].append((QUERIES[query], PASSAGES[positive], PASSAGES[negative]))
    assert found(triples, range_rows) == wanted
