import polars as pl
import release_case
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.releases.ledger import assemble
from dataprep.schemas import LEDGER, TERMINAL_ACTIONS

CASE = release_case.case()
JUDGED = CASE.judgements.join(CASE.split_queries.select("query_id", "split"), on="query_id")


def ledger(rows: pl.DataFrame = CASE.rows, judgements: pl.DataFrame = CASE.judgements) -> pl.DataFrame:
    return release_case.ledger_of(CASE._replace(rows=rows, judgements=judgements)).collect()


def test_every_row_read_or_rejected_is_read_once_and_ends_once() -> None:
    found = ledger()
    assert found.schema == LEDGER
    per_row = found.group_by("row_id").agg((pl.col("action") == "read").sum(), ends=pl.col("action").is_in(TERMINAL_ACTIONS).sum())
    assert per_row.height == CASE.rows.height + 1
    assert set(per_row["action"]) == set(per_row["ends"]) == {1}


def test_the_end_comes_last_and_the_reading_first() -> None:
    for _, events in ledger().group_by("row_id"):
        assert events["action"][0] == "read"
        assert events["action"][-1] in TERMINAL_ACTIONS


def test_kept_rows_say_split_question_passage_and_whether_they_were_judged() -> None:
    kept = ledger().filter(pl.col("action") == "kept")
    assert dict(kept.select("row_id", "rule").iter_rows())["s:05"] == "asserted"
    assert kept.filter(pl.col("row_id") == "s:07").select("source_key", "rule", "split", "query_id", "passage_id").row(0) == (
        "ks:07", "judged", "test", "q5", "p5",
    )  # fmt: skip
    assert kept.select("split", "query_id", "passage_id", "source").null_count().sum_horizontal().item() == 0


def test_changes_of_one_row_keep_the_order_in_which_they_were_made() -> None:
    change = {**dict.fromkeys(LEDGER), "row_id": "s:01", "source": "s", "source_key": "k", "stage": "clean", "action": "changed"}
    events = pl.DataFrame([{**change, "rule": rule} for rule in ("white_space", "html", "mojibake")], schema=LEDGER)
    found = release_case.ledger_of(CASE._replace(events=events)).collect()
    assert found.filter(pl.col("action") == "changed")["rule"].to_list() == ["white_space", "html", "mojibake"]


@settings(deadline=None)
@given(st.integers(1, 20))
def test_a_ledger_of_several_ranges_is_that_of_all_rows_at_once(range_rows: int) -> None:
    at_once = assemble(CASE.rows.lazy(), [CASE.events.lazy()], JUDGED.lazy())
    assert release_case.ledger_of(CASE, range_rows=range_rows).collect().equals(at_once)


def test_without_a_row_the_ledger_tells_of_the_rejected() -> None:
    found = release_case.ledger_of(CASE._replace(rows=CASE.rows.head(0), judgements=CASE.judgements.head(0))).collect()
    assert found.filter(pl.col("action") == "read")["row_id"].to_list() == ["s:12"]


def test_a_judgement_of_a_row_that_was_never_read_shows() -> None:
    stray = CASE.judgements.head(1).with_columns(row_id=pl.lit("s:00"))
    (found,) = release_case.ledger_of(CASE._replace(judgements=stray)).filter(pl.col("row_id") == "s:00").collect().to_dicts()
    assert (found["action"], found["source"], found["query_id"]) == ("kept", None, "q1")


@settings(deadline=None)
@given(st.permutations(range(CASE.rows.height)), st.permutations(range(CASE.judgements.height)))
def test_the_order_of_the_rows_does_not_matter(rows: list[int], judgements: list[int]) -> None:
    assert ledger(CASE.rows[rows], CASE.judgements[judgements]).equals(ledger())
