import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dataprep.text import fold
from dataprep.words import words

PIECES = st.sampled_from(["zażółć", "gęślą", "a", "b", "konstantynopol", "12345678", " ", " ", "-", "”", "№", "ﬁ", "Ⅷ", "ß"])
TEXTS = st.lists(st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=20), max_size=5)
MASK = 2**64 - 1


def hashed(word: bytes) -> int:
    """The hash of a word, block by block."""
    found = 0
    for start in range(0, len(word), 8):
        found = found + int.from_bytes(word[start : start + 8], "little") & MASK
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            found = (found ^ found >> 33) * factor & MASK
        found ^= found >> 33
    return found


@given(TEXTS)
def test_a_word_has_the_hash_of_its_bytes_wherever_it_stands(texts: list[str]) -> None:
    series = pl.Series("text", texts, dtype=pl.String)
    split = [folded.split() for folded in series.to_frame().select(fold(pl.col("text")))["text"]]
    found = words(series)
    assert found.counts.tolist() == list(map(len, split))
    assert found.hashes.tolist() == [hashed(word.encode()) for one in split for word in one]
