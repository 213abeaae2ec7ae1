"""Which texts of one set stand in another, letter for letter or nearly so.

Texts are compared folded (`text.fold`): case, punctuation and white space do not count.
"""

import polars as pl

from dataprep.duplicates.near import near_pairs

MATCHES = pl.Schema({"one": pl.String, "other": pl.String, "kind": pl.String, "jaccard": pl.Float64})


def cross_matches(one: pl.Series, other: pl.Series, *, shingle_words: int, min_jaccard: float) -> pl.DataFrame:
    """Find every pair of equal or nearly equal texts between two sets.

    Args:
        one: Folded texts; repeats, nulls and texts without a word do not count.
        other: Folded texts of the other set.
        shingle_words: n of the word n-grams.
        min_jaccard: Smallest Jaccard similarity of the word n-gram sets, above 0 and at most 1.

    Returns:
        MATCHES: the two texts, kind (exact or near) and their similarity, the best matches of a text
        first. Pairs within a set are left out.
    """
    ours, theirs = (_distinct(texts) for texts in (one, other))
    union = pl.concat([ours, theirs]).unique().sort()
    found = near_pairs(pl.DataFrame({"id": union, "text": union}), shingle_words=shingle_words, min_jaccard=min_jaccard).collect()
    both_ways = pl.concat(
        [found.select(one="left", other="right", jaccard="jaccard"), found.select(one="right", other="left", jaccard="jaccard")]
    )
    near = both_ways.filter(pl.col("one").is_in(ours.implode()), pl.col("other").is_in(theirs.implode()))
    equal = ours.filter(ours.is_in(theirs.implode()))
    exact = pl.DataFrame({"one": equal, "other": equal}).with_columns(kind=pl.lit("exact"), jaccard=pl.lit(1.0))
    matches = pl.concat([exact, near.select("one", "other", kind=pl.lit("near"), jaccard="jaccard")])
    return matches.cast(MATCHES).sort("one", "kind", "jaccard", "other", descending=[False, False, True, False])


def best_matches(matches: pl.DataFrame) -> pl.DataFrame:
    """One match per text of the first set: the equal text if there is one, else the most similar; ties by the other text.

    Args:
        matches: As `cross_matches` gives them.
    """
    return matches.unique("one", keep="first", maintain_order=True)


def _distinct(texts: pl.Series) -> pl.Series:
    return texts.filter(texts.is_not_null() & (texts != "")).unique()
