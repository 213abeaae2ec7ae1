"""Groups stay whole and stay put."""

import itertools
from collections import Counter
from collections.abc import Collection

import polars as pl
from dedup_case import deduplicated
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.schemas import QUERIES, ROWS, SPLIT_QUERIES
from dataprep.splits import assign, assign_rows
from dataprep.text import digest

QUESTIONS = [f"{verb} {noun} {number}?" for verb, noun, number in itertools.product(("Kto zna", "Gdzie leży"), ("miasto", "rzeka"), "abcd")]
THINGS = list(itertools.product(("góra", "morze"), "klmn"))
PASSAGES = [f"Oto {noun} oraz {number} wraz z opisem, który jest osobny: {number} {noun}." for noun, number in THINGS]
PAIRS = st.lists(st.tuples(st.sampled_from(QUESTIONS), st.sampled_from(PASSAGES), st.sampled_from([0, 1, None])), min_size=1, max_size=14)
Pairs = list[tuple[str, str, int | None]]


def rows(pairs: Pairs, source: str = "pary") -> pl.LazyFrame:
    counts: Counter[tuple[str, str, int | None]] = Counter()
    table = []
    for question, passage, label in pairs:
        counts[question, passage, label] += 1
        row_id = f"{source}:{digest(question, passage, str(label), str(counts[question, passage, label]), length=16)}"
        table.append((row_id, source, "1", question, passage, "", label))
    return pl.LazyFrame(table, schema=ROWS, orient="row")


def placed(table: pl.LazyFrame, *, seed: int = 1, hung_on_passages: Collection[str] = (), max_group_positives: int = 50) -> pl.DataFrame:
    tables = {name: frame.lazy() for name, frame in deduplicated(table).items()}
    return assign(
        tables["queries"], tables["judgements"], tables["links"], tables["near_questions"], table,
        hung_on_passages=hung_on_passages, min_passage_jaccard=0.8, min_passage_cosine=0.95, seed=seed, validation=0.2, test=0.3,
        max_group_positives=max_group_positives,
    ).collect()  # fmt: skip


def groups(table: pl.DataFrame) -> dict[str, str]:
    return dict(table.select("text", "group_id").iter_rows())


@settings(max_examples=15, deadline=None)
@given(pairs=PAIRS, seed=st.integers(0, 5))
def test_no_group_stands_in_two_splits_and_every_question_has_one(pairs: Pairs, seed: int) -> None:
    table = placed(rows(pairs), seed=seed)
    assert table.schema == SPLIT_QUERIES
    assert table["query_id"].to_list() == sorted(deduplicated(rows(pairs))["queries"]["query_id"])
    assert table.null_count().sum_horizontal().item() == 0
    assert table.group_by("group_id").agg(pl.col("split").n_unique())["split"].max() in (1, None)


@settings(max_examples=15, deadline=None)
@given(pairs=PAIRS)
def test_a_positive_passage_stands_in_one_split(pairs: Pairs) -> None:
    positives = deduplicated(rows(pairs))["judgements"].filter(pl.col("relevance") == 1)
    joined = positives.join(placed(rows(pairs)), on="query_id")
    assert all(n == 1 for n in joined.group_by("passage_id").agg(pl.col("split").n_unique())["split"])


@settings(max_examples=15, deadline=None)
@given(pairs=PAIRS)
def test_the_order_of_rows_does_not_matter(pairs: Pairs) -> None:
    table = rows(pairs)
    assert placed(table.reverse()).equals(placed(table))


@settings(max_examples=15, deadline=None)
@given(old=PAIRS, new=PAIRS)
def test_added_rows_move_no_group_that_they_do_not_tie_to_another_question(old: Pairs, new: Pairs) -> None:
    before, after = groups(placed(rows(old))), groups(placed(rows([*old, *new])))
    members = {group: {text for text, other in after.items() if other == group} for group in after.values()}
    same_before = {group: {text for text, other in before.items() if other == group} for group in before.values()}
    for text, group in before.items():
        if text in after and members[after[text]] == same_before[group]:
            assert after[text] == group


@settings(max_examples=15, deadline=None)
@given(passages=st.lists(st.sampled_from(PASSAGES), min_size=1, max_size=6), label=st.sampled_from([0, 1, None]))
def test_new_passages_of_a_known_question_move_nothing(passages: list[str], label: int | None) -> None:
    known = groups(placed(rows([(QUESTIONS[0], "Zupełnie inny fragment tekstu o czymś innym.", 1)])))
    grown = groups(
        placed(
            rows([(QUESTIONS[0], "Zupełnie inny fragment tekstu o czymś innym.", 1), *((QUESTIONS[0], text, label) for text in passages)])
        )
    )
    assert grown == known


@settings(max_examples=15, deadline=None)
@given(questions=st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=6), label=st.sampled_from([0, 1]))
def test_new_questions_on_a_known_paragraph_move_nothing(questions: list[str], label: int) -> None:
    known = groups(placed(rows([("Co to jest?", PASSAGES[0], 1)]), hung_on_passages=["pary"]))
    grown = groups(
        placed(rows([("Co to jest?", PASSAGES[0], 1), *((text, PASSAGES[0], label) for text in questions)]), hung_on_passages=["pary"])
    )
    assert set(grown.values()) == set(known.values())


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_only_the_seed_and_the_group_decide(seed: int) -> None:
    lone, other = (QUESTIONS[0], PASSAGES[0], 1), (QUESTIONS[6], PASSAGES[6], 1)
    alone, together = placed(rows([lone]), seed=seed), placed(rows([lone, other]), seed=seed)
    assert together.filter(pl.col("text") == QUESTIONS[0]).equals(alone)


def tied(pairs: Pairs, *, hung_on_passages: Collection[str] = ()) -> bool:
    return placed(rows(pairs), hung_on_passages=hung_on_passages)["group_id"].n_unique() == 1


def test_what_ties_questions() -> None:
    long = "Wieś ta leży nad rzeką w północnej części gminy i liczy obecnie niewielu mieszkańców oraz kościół z roku"
    one, two = ("Kto tam rządził?", "Ile ma lat?")
    assert tied([(one, f"{long} 1849.", 1), (two, f"{long} 1849.", 1)])  # a common positive passage
    assert tied([(one, f"{long} 1849.", 1), (two, f"{long} 1905.", 1)])  # a near one, although the guard holds them apart
    assert tied([(one, f"{long} 1849.", 1), ("kto TAM rządził", f"{long[::-1]} 1849.", 1)])  # equal questions
    assert tied(
        [("Kto i jak rządził w mieście Kraków w roku 1410?", long, 1), ("Kto i jak rządził w mieście Kraków w roku 1411?", long[::-1], 1)]
    )  # near ones
    assert not tied([(one, f"{long} 1849.", 1), (two, f"{long} 1849.", 0)])  # a passage judged not relevant
    assert not tied([(one, f"{long} 1849.", 1), (two, f"{long} 1849.", 0), (two, long[::-1], 1)])
    assert tied([(one, long, 1), (two, long, 0)], hung_on_passages=["pary"])  # one paragraph


def test_each_row_of_its_own_is_tied_by_equal_questions() -> None:
    table = rows([(QUESTIONS[0], passage, 1) for passage in PASSAGES[:4]])
    tables = {name: frame.lazy() for name, frame in deduplicated(table, questions=False).items()}
    spread = assign(
        tables["queries"], tables["judgements"], tables["links"], tables["near_questions"], table, hung_on_passages=[],
        min_passage_jaccard=0.8, min_passage_cosine=0.95,
        seed=1, validation=0.2, test=0.3, max_group_positives=50,
    ).collect()  # fmt: skip
    assert (spread.height, spread["group_id"].n_unique()) == (4, 1)


def test_a_giant_group_goes_to_train_and_one_at_the_limit_does_not_have_to() -> None:
    splits = set()
    for seed in range(12):
        pairs = rows([(QUESTIONS[0], passage, 1) for passage in PASSAGES[:4]])
        assert set(placed(pairs, seed=seed, max_group_positives=3)["split"]) == {"train"}
        splits |= set(placed(pairs, seed=seed, max_group_positives=4)["split"])
    assert splits == {"train", "validation", "test"}


def test_shares_are_honoured_in_expectation() -> None:
    pairs: Pairs = [(f"pytanie{number} jest o{number}?", f"odpowiedź{number} na{number} to{number}", 1) for number in range(2_000)]
    shares = dict(placed(rows(pairs))["split"].value_counts(normalize=True).iter_rows())
    assert abs(shares["test"] - 0.3) < 0.03
    assert abs(shares["validation"] - 0.2) < 0.03


def test_group_and_split_of_a_known_question_stay_the_same_in_every_version() -> None:
    table = placed(rows([("Kto napisał „Lalkę”?", "Lalkę napisał Bolesław Prus.", 1)]), seed=42)
    assert table.select("group_id", "split").row(0) == ("g5b6a181100619ffeb119", "test")


def test_a_row_wise_split_takes_each_question_alone_in_its_share() -> None:
    queries = pl.LazyFrame({"query_id": [f"q{n:05d}" for n in range(4_000)], "text": ["Kto to jest?"] * 4_000}, schema=QUERIES)
    split = assign_rows(queries, seed=1, validation=0.0, test=0.1).collect()
    assert split["group_id"].n_unique() == 4_000
    assert set(split["split"]) == {"train", "test"}
    assert (split["split"] == "test").sum() == 400
    assert assign_rows(queries.head(3_995), seed=1, validation=0.1, test=0.1).collect()["split"].value_counts().sort("split").rows() == [
        ("test", 400),
        ("train", 3_195),
        ("validation", 400),
    ]
    other = assign_rows(queries, seed=2, validation=0.0, test=0.1).collect()
    assert not other["split"].equals(split["split"])
