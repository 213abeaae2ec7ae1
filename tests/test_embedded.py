"""The base model made on the spot."""

import subprocess
import sys
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import io, schemas
from dataprep.build import Build
from dataprep.models import embedded
from dataprep.models.embedded import token_vectors, train_tokenizer
from dataprep.recipes.recipe_file import load
from dataprep.stages import training_passages
from dataprep.text import digest

SEA = ["statek", "żagle", "kapitana", "marynarze", "nabrzeże", "kotwica", "latarnia", "fale"]
SCHOOL = ["egzamin", "podręcznik", "algebra", "studenci", "wykładowca", "uczelnia", "ocena", "zeszyt"]
PASSAGES = pl.Series([" ".join([*three, "."]) for topic in (SEA, SCHOOL) for three in combinations(topic, 3)])
_DIGEST = """
import sys
from hashlib import sha256
import polars as pl
from dataprep.models.embedded import train_tokenizer
print(sha256(train_tokenizer(pl.Series(sys.argv[1:])).to_str().encode()).hexdigest())
"""


def test_another_process_and_another_order_give_the_same_tokenizer_to_the_byte() -> None:
    shuffled = PASSAGES.shuffle(seed=3).to_list()
    other = subprocess.run([sys.executable, "-c", _DIGEST, *shuffled], check=True, capture_output=True, text=True).stdout.strip()
    assert other == sha256(train_tokenizer(PASSAGES).to_str().encode()).hexdigest()


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.text(max_size=30) | st.none(), max_size=12), order=st.randoms(use_true_random=False))
def test_any_texts_in_any_order_give_one_tokenizer_and_finite_vectors(texts: list[str | None], order: Random) -> None:
    shuffled = [*texts, *texts[:2]]
    order.shuffle(shuffled)
    first, second = (train_tokenizer(pl.Series(t, dtype=pl.String)) for t in (texts, shuffled))
    assert first.to_str() == second.to_str()
    vectors = token_vectors(pl.Series(texts, dtype=pl.String), first, dims=8)
    assert vectors.shape == (first.get_vocab_size(), 8)
    assert np.isfinite(vectors).all()


def test_of_very_many_passages_every_nth_makes_the_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = PASSAGES.unique().sort()
    monkeypatch.setattr(embedded, "_MAX_TOKENIZED", len(ordered) // 3)
    sampled = train_tokenizer(PASSAGES).to_str()
    monkeypatch.undo()
    assert sampled == train_tokenizer(ordered.gather_every(3 + (len(ordered) % 3 > 0))).to_str() != train_tokenizer(PASSAGES).to_str()


def test_case_and_composition_do_not_count() -> None:
    tokenizer = train_tokenizer(PASSAGES)
    assert tokenizer.encode("ŻAGLE").ids == tokenizer.encode("żagle").ids == tokenizer.encode("z\u0307agle").ids


def test_words_of_the_same_subject_are_nearer_than_words_of_two() -> None:
    tokenizer = train_tokenizer(PASSAGES)
    vectors = token_vectors(PASSAGES, tokenizer, dims=4)
    sea, school = (np.array([vectors[tokenizer.encode(word).ids].sum(axis=0) for word in words]) for words in (SEA, SCHOOL))
    sea, school = (words / np.linalg.norm(words, axis=1, keepdims=True) for words in (sea, school))
    within = ((sea @ sea.T).sum() + (school @ school.T).sum() - 16) / (2 * 8 * 7)
    assert within > (sea @ school.T).mean() + 0.2


def test_rare_tokens_have_longer_vectors_and_unknown_ones_none() -> None:
    tokenizer = train_tokenizer(PASSAGES)
    lengths = np.linalg.norm(token_vectors(PASSAGES, tokenizer, dims=32), axis=1)
    assert lengths[tokenizer.token_to_id("[UNK]")] == lengths[tokenizer.token_to_id("[PAD]")] == 0
    full_stop, rare = tokenizer.encode(".").ids[-1], tokenizer.encode("kapitana").ids[0]
    assert lengths[rare] > lengths[full_stop] > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_seeds_give_equal_vectors_and_others_do_not(seed: int) -> None:
    tokenizer = train_tokenizer(PASSAGES)
    first = token_vectors(PASSAGES, tokenizer, seed=seed)
    assert np.array_equal(first, token_vectors(PASSAGES.reverse(), tokenizer, seed=seed))
    assert not np.array_equal(first, token_vectors(PASSAGES, tokenizer, seed=seed + 1))


def test_of_very_many_training_passages_a_sample_by_id_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted("p" + digest(str(n), length=20) for n in range(200))
    split_of = ["train", "train", "test"]
    judged = [(f"q{n % 3}", name, 1, True, name) for n, name in enumerate(ids)]
    tables = {
        "deduplicate/corpus": pl.DataFrame([(name, "", name) for name in ids], schema=schemas.CORPUS, orient="row"),
        "deduplicate/judgements": pl.DataFrame(judged, schema=schemas.JUDGEMENTS, orient="row"),
        "split/queries": pl.DataFrame([(f"q{n}", "", "", split_of[n]) for n in range(3)], schema=schemas.SPLIT_QUERIES, orient="row"),
    }
    for name, table in tables.items():
        io.write_table(table, tmp_path / "stages" / f"{name}.parquet")
    build = Build(tmp_path, load("sample"))
    trained = [name for n, name in enumerate(ids) if split_of[n % 3] == "train"]
    assert training_passages(build).to_list() == trained
    monkeypatch.setattr(embedded, "MAX_PASSAGES", 20)
    assert training_passages(build).to_list() == trained[:20]
