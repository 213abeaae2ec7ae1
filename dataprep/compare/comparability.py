"""May a model that was trained on one release be judged on the test split of another, and do their scores compare?

Two questions. Fairness: does something of the later test stand in the earlier training rows, as the
contracts of a single release forbid it? Comparability: are the test questions, their right passages
and the passages that are searched the same, so that equal scores mean equal quality?
"""

from typing import Any

import polars as pl

from dataprep.releases import offenders
from dataprep.releases.release_files import Published

_SAMPLE_ROWS = 5


def judge(old: Published, new: Published, *, min_question_jaccard: float) -> dict[str, Any]:
    """Decide whether a model trained on the old release may be judged on the new one's test split.

    Args:
        old: The release that a model was trained on: the train split of its pairs and triplets.
        new: The release whose test questions and right passages are looked for there.
        min_question_jaccard: Smallest similarity of the word sets of nearly equal questions, 0-1.

    Returns:
        `may_be_judged`, `scores_are_comparable`, the `reasons` as sentences, `n_test_questions`,
        `n_tainted_questions` (those with any leak), the `leaks` by kind with the number of test
        questions and the first rows, and what of the `test` differs.
    """
    test = new.qrels.filter(pl.col("split") == "test")
    n_questions = test.select(pl.col("query-id").n_unique()).collect(engine="streaming").item()
    leaks, tainted = _leaks(old, new, test, min_question_jaccard)
    differs = _test_differences(old, new)
    may_be_judged, is_same = n_questions > 0 and not tainted, not any(differs.values())
    return {
        "may_be_judged": may_be_judged,
        "scores_are_comparable": may_be_judged and is_same,
        "reasons": _reasons(n_questions, tainted, leaks, differs),
        "n_test_questions": n_questions,
        "n_tainted_questions": tainted,
        "leaks": leaks,
        "test": differs,
    }


def _leaks(old: Published, new: Published, test: pl.LazyFrame, min_jaccard: float) -> tuple[dict[str, Any], int]:
    """Rows of the old training tables that give the new test away, by kind, and how many test questions are concerned."""
    judged = new.groups.join(test.select("query-id").unique(), on="query-id", how="semi")
    questions = new.queries.join(judged, left_on="_id", right_on="query-id", how="semi")
    anchors, positives = old.training_rows("anchor"), old.training_rows("positive")
    equal = offenders.held_out_questions_trained_on(anchors, questions, judged)
    near = offenders.held_out_questions_nearly_trained_on(anchors, questions, judged, min_jaccard=min_jaccard).rename({"id": "query-id"})
    found = {
        "question": equal,
        "near_question": near.join(equal, on=["query-id", "anchor"], how="anti").sort("query-id", "anchor"),
        "positive_passage": offenders.held_out_positives_trained_on(positives, test, new.corpus),
    }
    rows = dict(zip(found, pl.collect_all(list(found.values()), engine="streaming"), strict=True))
    leaks = {
        kind: {"n_questions": leaked["query-id"].n_unique(), "sample": leaked.head(_SAMPLE_ROWS).drop("key", strict=False).to_dicts()}
        for kind, leaked in rows.items()
    }
    return leaks, pl.concat([leaked["query-id"] for leaked in rows.values()]).n_unique()


def _test_differences(old: Published, new: Published) -> dict[str, int]:
    """Rows of the test and of the corpus that only one side has."""
    is_test = pl.col("split") == "test"
    before, after = old.qrels.filter(is_test), new.qrels.filter(is_test)
    pair, question = ["query-id", "corpus-id", "score"], ["query-id"]
    plans = {
        "questions_added": _only_in(after, before, question),
        "questions_removed": _only_in(before, after, question),
        "judgements_added": _only_in(after, before, pair),
        "judgements_removed": _only_in(before, after, pair),
        "passages_added": _only_in(new.corpus, old.corpus, ["_id", "title"]),
        "passages_removed": _only_in(old.corpus, new.corpus, ["_id", "title"]),
    }
    counts = pl.collect_all(list(plans.values()), engine="streaming")
    return {name: count.item() for name, count in zip(plans, counts, strict=True)}


def _only_in(rows: pl.LazyFrame, others: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Number of distinct keys that the others lack."""
    return rows.select(keys).unique().join(others.select(keys), on=keys, how="anti").select(pl.len())


def _reasons(n_questions: int, tainted: int, leaks: dict[str, Any], differs: dict[str, int]) -> list[str]:
    """The verdict in sentences."""
    if not n_questions:
        return ["The new release has no test question, so nothing can be judged on it."]
    said = {
        "question": "stand word for word in the old training rows",
        "near_question": "are nearly equal to a question of the old training rows",
        "positive_passage": "have a right passage that the old training rows hold as a right passage",
    }
    found = [
        f"{leaks[kind]['n_questions']:,} of {n_questions:,} test questions {what}."
        for kind, what in said.items()
        if leaks[kind]["n_questions"]
    ]
    if tainted:
        found.append(f"On the other {n_questions - tainted:,} test questions a model trained on the old release may be judged.")
    else:
        found.append(f"None of the {n_questions:,} test questions, nor their right passages, stands in the old training rows.")
    parts = [f"{name.replace('_', ' ')} {count:,}" for name, count in differs.items() if count]
    same = "Test questions, their right passages and the corpus are the same."
    found.append(f"Scores on the two test splits do not compare: {', '.join(parts)}." if parts else same)
    return found
