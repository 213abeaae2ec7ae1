"""Training tables put the question first, take nothing from held-out questions, and say which rows must keep apart."""

import polars as pl
import pytest
from pydantic import ValidationError

from dataprep.models.curriculum import unique_names
from dataprep.models.passage_crops import crop_pairs
from dataprep.models.passage_pairs import sentences, title_pairs
from dataprep.models.training_tables import TABLES, Sources, mixed_table, training_passages, training_table
from dataprep.recipes.training import TrainStage
from dataprep.schemas import CORPUS, JUDGEMENTS, LINKS, PAIRS, SPLIT_QUERIES, TRIPLETS
from dataprep.text import digest

LONG = "Zamek zbudowano w 1320 roku. Stoi nad rzeką od dawna. Należał do św. Stanisława i J. Kowalskiego."
P1, P2, P3, P4, P5 = (f"p{number:020x}" for number in range(1, 6))
PASSAGES = {
    P1: ("Zamek", LONG),
    P2: ("", "Krótki tekst bez dalszego ciągu"),
    P3: ("", "Most przebudowano w 1950 roku. Jest dziś zamknięty dla ruchu."),
    P4: ("", "Most przebudowano w roku 1950. Jest dziś zamknięty dla ruchu."),
    P5: ("Rzeka", "Rzeka płynie na północ kraju. Wpada do morza za miastem."),
}
QUERIES = {"q1": ("kto miał zamek?", "train"), "q2": ("kiedy przebudowano most?", "test"), "q3": ("dokąd płynie rzeka?", "validation")}
# question, passage, relevance: p3 answers a test question and was shown for a training one too; p4 nearly equals it
JUDGED = [("q1", P1, 1), ("q1", P2, 0), ("q1", P3, 0), ("q1", P4, 0), ("q2", P3, 1), ("q3", P5, 1)]


def in_passages(name: str) -> bool:
    return name in {"first_sentences", "sentences", "titles", "crops"}


def rows(schema: pl.Schema, *found: tuple[object, ...]) -> pl.LazyFrame:
    return pl.DataFrame([dict(zip(schema.names(), row, strict=True)) for row in found], schema=schema).lazy()


SOURCES = Sources(
    queries=rows(SPLIT_QUERIES, *((name, text, f"g{name}", split) for name, (text, split) in QUERIES.items())),
    judgements=rows(JUDGEMENTS, *((q, p, grade, True, f"{q}{p}") for q, p, grade in JUDGED)),
    corpus=rows(CORPUS, *((name, title, text) for name, (title, text) in PASSAGES.items())),
    links=rows(LINKS, (P4, P3, "near", 0.9, None, "number", False)),
    pairs=rows(PAIRS, ("q1", P1, "train"), ("q3", P5, "validation")),
    triplets=rows(
        TRIPLETS,
        ("q1", P1, P2, "judged", None, None, "train"),
        ("q1", P1, P4, "bm25", 3.0, 7, "train"),
        ("q3", P5, P2, "bm25", 3.0, 7, "validation"),
    ),
)


def table(name: str, *, adapt: bool = False, min_jaccard: float = 0.8) -> pl.DataFrame:
    return training_table(name, SOURCES, adapt_to_corpus=adapt, min_passage_jaccard=min_jaccard).collect()


def test_a_recipe_may_name_every_table() -> None:
    for name in TABLES:
        assert TrainStage.model_validate({"tables": [name]}).tables == (name,)


def test_tables_are_mixed_only_where_their_columns_are_equal() -> None:
    mixed = mixed_table(["pairs", "weak_pairs"], SOURCES, adapt_to_corpus=False, min_passage_jaccard=0.8).collect()
    assert mixed.equals(table("weak_pairs"))
    assert TrainStage.model_validate({"tables": ["triplets", "judged_triplets"]})
    with pytest.raises(ValidationError, match="give each kind a stage of its own"):
        TrainStage.model_validate({"tables": ["pairs", "triplets"]})


def test_stages_with_equal_tables_have_names_of_their_own() -> None:
    assert unique_names([["pairs"], ["pairs", "titles"], ["pairs"]]) == ["pairs", "pairs + titles", "pairs (2)"]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("adapt", [False, True])
def test_the_question_comes_first_and_then_what_answers(name: str, *, adapt: bool) -> None:
    found = table(name, adapt=adapt)
    has_negative = name.endswith("triplets")
    assert found.columns == ["anchor", "positive", *(["negative"] if has_negative else []), "group"]
    assert found.height
    assert found.equals(found.unique().sort(pl.all()))


@pytest.mark.parametrize("name", [name for name in TABLES if not in_passages(name)])
def test_only_training_questions_are_trained_on(name: str) -> None:
    assert table(name)["anchor"].unique().to_list() == [QUERIES["q1"][0]]


def test_labels_are_used_by_pairs_and_ignored_by_weak_pairs() -> None:
    assert table("pairs")["positive"].to_list() == [f"Zamek {LONG}"]
    assert set(table("weak_pairs")["positive"]) == {f"Zamek {LONG}", PASSAGES[P2][1]}
    assert set(table("triplets")["negative"]) == {PASSAGES[P2][1], PASSAGES[P4][1]}
    assert set(table("judged_triplets")["negative"]) == {PASSAGES[P2][1]}


@pytest.mark.parametrize("name", ["pairs", "weak_pairs", "first_sentences", "sentences", "titles", "crops"])
def test_no_passage_that_answers_a_held_out_question_is_a_positive(name: str) -> None:
    for held_out in (P3, P5):
        text = PASSAGES[held_out][1]
        assert not table(name)["positive"].str.contains(text[-20:], literal=True).any()


def test_passages_near_one_that_answers_a_held_out_question_give_no_pairs() -> None:
    def found(min_jaccard: float) -> set[str]:
        return set(training_passages(SOURCES, min_passage_jaccard=min_jaccard).collect()["passage_id"])

    assert found(0.8) == {P1, P2}
    assert found(0.95) == {P1, P2, P4}


def test_adapting_to_the_corpus_adds_its_passages_but_no_question() -> None:
    adapted = table("first_sentences", adapt=True)
    assert set(adapted["group"]) == {P1, P3, P4, P5}
    assert adapted["anchor"].is_in([text for text, _ in QUERIES.values()]).sum() == 0
    assert table("weak_pairs", adapt=True).equals(table("weak_pairs"))


def test_a_sentence_asks_for_the_rest_of_its_passage() -> None:
    first = table("first_sentences")
    assert first.rows() == [
        ("Zamek zbudowano w 1320 roku.", "Zamek Stoi nad rzeką od dawna. Należał do św. Stanisława i J. Kowalskiego.", P1)
    ]
    every = table("sentences")
    assert every["group"].to_list() == [P1] * 3
    for anchor, positive, _ in every.rows():
        assert anchor not in positive
        assert sorted(f"{anchor} {positive}".split()) == sorted(f"Zamek {LONG}".split())


def test_crops_are_spans_of_one_passage_and_hang_on_nothing_else() -> None:
    texts = {f"p{digest(str(n), length=20)}": " ".join(f"w{n}x{i}" for i in range(20)) for n in range(300)}
    corpus = pl.DataFrame({"passage_id": list(texts), "title": "", "text": list(texts.values())})
    found = crop_pairs(corpus.lazy(), per_passage=4).collect()
    assert found.height == 1_200
    assert found.equals(crop_pairs(corpus.lazy(), per_passage=4).collect())
    lengths: dict[str, set[int]] = {"anchor": set(), "positive": set()}
    for anchor, positive, group in found.iter_rows():
        for column, span in (("anchor", anchor), ("positive", positive)):
            assert f" {span} " in f" {texts[group]} "
            lengths[column].add(len(span.split()))
    assert lengths == {"anchor": set(range(3, 10)), "positive": set(range(6, 18))}
    starts = found.select(pl.col("anchor").str.extract(r"x(\d+)").cast(int))["anchor"]
    assert starts.n_unique() == 18  # anywhere in the text
    assert found.unique().height > 1_150
    one = crop_pairs(corpus.lazy().filter(pl.col("passage_id") == corpus["passage_id"][7]), per_passage=4).collect()
    assert one.sort(pl.all()).equals(found.filter(pl.col("group") == corpus["passage_id"][7]).sort(pl.all()))


def test_titles_ask_for_texts() -> None:
    found = title_pairs(SOURCES.corpus).collect()
    assert found.rows() == [("Zamek", LONG, P1), ("Rzeka", PASSAGES[P5][1], P5)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jedno zdanie.", ["Jedno zdanie."]),
        ("Żył w Krakowie. Zmarł w 1920 r. Pochowano go tam.", ["Żył w Krakowie.", "Zmarł w 1920 r.", "Pochowano go tam."]),
        ("Kościół pw. Św. Anny, ul. Długa 5. Stoi!", ["Kościół pw. Św. Anny, ul. Długa 5.", "Stoi!"]),
        ("Rzekł: „Stój!” Nikt nie stanął… 12 osób uciekło.", ["Rzekł: „Stój!”", "Nikt nie stanął…", "12 osób uciekło."]),
        ("Wersja 2.0 wyszła. nie zaczyna się wielką literą", ["Wersja 2.0 wyszła. nie zaczyna się wielką literą"]),
        ("", [""]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert pl.DataFrame({"text": [text]}).select(sentences(pl.col("text"))).item().to_list() == expected
