"""Token weights: rare tokens count more, order and copies of passages do not, and nothing else of the model changes."""

from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from torch import nn

from dataprep.models.embedded import build_base_model, train_tokenizer
from dataprep.models.token_weights import document_frequencies, inverse, weigh

PASSAGES = pl.Series(["zamek nad rzeką", "zamek nad morzem", "zamek w lesie", "most nad rzeką"])
TOKENIZER = train_tokenizer(PASSAGES)


def model() -> SentenceTransformer:
    return build_base_model(PASSAGES, TOKENIZER, dims=8)


def vectors(found: SentenceTransformer) -> np.ndarray:
    return found[0].embedding.weight.detach().numpy().astype(np.float64)


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(st.sampled_from([*PASSAGES, "las", "", None]), min_size=1), order=st.randoms(use_true_random=False))
def test_neither_order_nor_copies_nor_nulls_count(texts: list[str | None], order: Random) -> None:
    again = [*texts, *texts[:2], None]
    order.shuffle(again)
    first, second = model(), model()
    assert weigh(first, pl.Series(texts, dtype=pl.String)) == weigh(second, pl.Series(again, dtype=pl.String))
    assert np.array_equal(vectors(first), vectors(second))


def test_vectors_keep_their_directions_and_mean_length_and_are_longer_the_rarer_their_token() -> None:
    before, after = vectors(model()), model()
    assert weigh(after, PASSAGES) == {"passages": 4, "tokens": len(_seen())}
    weighted = vectors(after)
    assert np.linalg.norm(weighted, axis=1).mean() == pytest.approx(np.linalg.norm(before, axis=1).mean(), rel=1e-5)
    frequencies = document_frequencies(PASSAGES, TOKENIZER, n_tokens=len(before))
    expected = before * inverse(frequencies, n_passages=4)[:, None]
    np.testing.assert_allclose(weighted / weighted.max(), expected / expected.max(), atol=1e-5)


def test_frequencies_count_passages_and_not_words() -> None:
    found = document_frequencies(pl.Series(["zamek zamek zamek", "zamek"]), TOKENIZER, n_tokens=TOKENIZER.get_vocab_size())
    assert set(found[TOKENIZER.encode("zamek").ids]) == {2}


@given(frequencies=st.lists(st.integers(0, 50), min_size=2, unique=True))
def test_a_rarer_token_weighs_more_and_none_weighs_less_than_nothing(frequencies: list[int]) -> None:
    weights = inverse(np.array(sorted(frequencies)), n_passages=50)
    assert (np.diff(weights) < 0).all()
    assert (weights > 0).all()


def test_a_model_that_computes_from_context_stays_as_it_is() -> None:
    contextual = SentenceTransformer(modules=[nn.Linear(2, 2)], device="cpu")
    before = {name: tensor.clone() for name, tensor in contextual.state_dict().items()}
    assert weigh(contextual, PASSAGES) is None
    assert all(before[name].equal(tensor) for name, tensor in contextual.state_dict().items())


def _seen() -> set[int]:
    return {number for text in PASSAGES for number in TOKENIZER.encode(text).ids}
