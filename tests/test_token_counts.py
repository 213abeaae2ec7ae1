"""Counting tokens by distinct words gives what tokenizing each text gives."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from dataprep.models.embedded import train_tokenizer
from dataprep.models.token_counts import TokenCounter, reads_word_by_word

SAMPLE = (Path(__file__).parents[1] / "data/sample/pairs.tsv").read_text(encoding="utf-8", errors="ignore").split("\n")[1:200]
POTION = Path(os.environ.get("DATAPREP_REAL_DATA", Path(__file__).parents[2] / "shared/data")) / "models/potion-base-4m/tokenizer.json"
PLAIN = st.text(st.sampled_from("aąbkotśŻ  '.,-„”…1éßжЙї"), max_size=40)
TEXTS = PLAIN | st.text(st.one_of(st.sampled_from("aąbśЙ  '.-„”…1\u00a0\u2009\u0301é\0"), st.characters(max_codepoint=0x2FFF)), max_size=30)


def trained(model: models.Model, trainer: trainers.Trainer, normalizer: object, splitter: object) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.train_from_iterator(SAMPLE, trainer)
    return tokenizer


def byte_level() -> Tokenizer:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False, initial_alphabet=alphabet)
    return trained(models.BPE(), trainer, None, pre_tokenizers.ByteLevel(add_prefix_space=False))


def unigram(prepend_scheme: str) -> Tokenizer:
    trainer = trainers.UnigramTrainer(vocab_size=400, show_progress=False, unk_token="<unk>")  # noqa: S106 - a token of text
    return trained(models.Unigram(), trainer, normalizers.NFKC(), pre_tokenizers.Metaspace(prepend_scheme=prepend_scheme))


def word_pieces() -> Tokenizer:
    trainer = trainers.WordPieceTrainer(vocab_size=500, show_progress=False, special_tokens=["[UNK]"])
    normalizer = normalizers.BertNormalizer(strip_accents=False)
    return trained(models.WordPiece(unk_token="[UNK]"), trainer, normalizer, pre_tokenizers.BertPreTokenizer())  # noqa: S106


TOKENIZERS = {
    "embedded": train_tokenizer(pl.Series(SAMPLE), vocabulary=600),
    "byte level": byte_level(),
    "unigram, first": unigram("first"),
    "unigram, always": unigram("always"),
    "word pieces": word_pieces(),
} | ({"potion": Tokenizer.from_file(str(POTION))} if POTION.exists() else {})


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS, max_size=5))
def test_a_text_has_the_tokens_of_its_words(name: str, texts: list[str]) -> None:
    tokenizer = TOKENIZERS[name]
    assert reads_word_by_word(tokenizer)
    some = [*texts, SAMPLE[len(texts)].replace("\t", " ")]
    assert TokenCounter(tokenizer, n_special=0).count(pl.Series(some)).to_list() == [
        len(tokenizer.encode(text, add_special_tokens=False)) for text in some
    ]


def test_columns_counted_side_by_side_do_not_disturb_each_other() -> None:
    """Polars counts two columns of one table in two threads; a word that both find new stands among the known ones once."""
    tokenizer = TOKENIZERS["embedded"]
    texts = pl.Series([text.replace("\t", " ") for text in SAMPLE])
    wanted = [len(tokenizer.encode(text, add_special_tokens=False)) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            counter = TokenCounter(tokenizer, n_special=0)
            assert all(counts.to_list() == wanted for counts in pool.map(counter.count, [texts] * 4))
            assert counter.count(texts).to_list() == wanted


def test_special_tokens_are_counted_and_null_stays_null() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "<s>": 1, "</s>": 2, "ala": 3}, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    counts = TokenCounter(tokenizer, n_special=2).count(pl.Series("t", ["ala ala ala ala ala ala", "", None, "ala"]))
    assert counts.to_list() == [8, 2, None, 3]


def test_tokenizers_that_read_across_words_are_told_apart() -> None:
    whole = trained(models.BPE(), trainers.BpeTrainer(vocab_size=300, show_progress=False), None, None)
    assert not reads_word_by_word(whole)
    replacing = train_tokenizer(pl.Series(SAMPLE), vocabulary=300)
    replacing.normalizer = normalizers.Sequence([normalizers.Replace(" ", "▁")])
    assert not reads_word_by_word(replacing)
    swallowing = train_tokenizer(pl.Series(SAMPLE), vocabulary=300)
    swallowing.add_tokens([AddedToken("ala ma")])
    assert not reads_word_by_word(swallowing)
    counts = TokenCounter(whole, n_special=0).count(pl.Series(["ala ma kota"]))
    assert counts.to_list() == [len(whole.encode("ala ma kota"))]
