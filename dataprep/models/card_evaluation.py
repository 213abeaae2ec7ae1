"""What the model's card says of how it was judged: the split, the baselines, and judging in two ways."""

from collections.abc import Mapping
from typing import Any

from dataprep.schemas import SPLITS

Document = Mapping[str, Any]
_BY = {
    "group": "Questions that are equal or nearly so, or that share a right passage or a nearly equal one, form a group, and a group is "
    "never divided; which split it is in is a hash of its name and the seed {seed}.",
    "row": "Each row was put into a split alone, by a hash and the seed {seed}, so the rows of one question stand on both sides.",
}
_RANKERS = {"perfect": "a perfect ranker", "topic_only": "one that knows the topic alone", "finetuned": "**this model**", "bm25": "BM25"}


_ORDER = ("bm25", "base", "finetuned", "hybrid", "perfect", "topic_only")


def in_order(evaluation: Document) -> Document:
    """The evaluation with systems and dimensions in the order of a reader's interest; JSON has lost it."""
    found = dict(evaluation)
    for part in ("systems", "differences"):
        if part in found:
            found[part] = _sorted(found[part])
    if "protocols" in found:
        ways = {way: {**found["protocols"][way], "systems": _sorted(found["protocols"][way]["systems"])} for way in ("rows", "questions")}
        found["protocols"] = {**found["protocols"], **ways}
    return found


def _sorted(by_system: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    def place(name: str) -> list[int]:
        return [_ORDER.index(part) if part in _ORDER else len(_ORDER) for part in name.split("-")]

    def size(dimension: str) -> int:
        return -int(dimension) if dimension.isdigit() else 0

    return {name: {d: by_system[name][d] for d in sorted(by_system[name], key=size)} for name in sorted(by_system, key=place)}


def split(manifest: Document) -> str:
    """How the data was split, with the counts of each side."""
    recipe, counts = manifest["recipe"], manifest.get("splits", {})
    known = [(name, counts[name]) for name in SPLITS if name in counts]
    sizes = [f"{name} {n['queries']:,} questions with {n['positives']:,} right passages in {n['groups']:,} groups" for name, n in known]
    return _BY[recipe["split"]["by"]].format(seed=recipe.get("seed", 42)) + (f" {'; '.join(sizes)}." if sizes else "")


def baselines(evaluation: Document) -> str:
    """How BM25 and the hybrid were set up."""
    bm25, hybrid = evaluation.get("bm25"), evaluation.get("hybrid")
    if not bm25 or not hybrid:
        return ""
    chosen = (
        f"chosen by ndcg@10 on {bm25['n_queries']:,} questions of validation out of {len(bm25['tried'])} settings"
        if bm25["tried"]
        else "not tuned"
    )
    return (
        f"BM25: Polish Snowball stems, Lucene's formula, k1 = {bm25['k1']} and b = {bm25['b']}, {chosen}. "
        f"The hybrid: reciprocal rank fusion of BM25 and this model, k = {hybrid['k']}, the first {hybrid['depth']} of each."
    )


def protocols(evaluation: Document) -> list[list[str]]:
    """Rows of a table: ranker, dimensions, accuracy@1 and ndcg@10 judged by rows, and by questions; none where they were not compared."""
    found = evaluation.get("protocols")
    if not found:
        return []
    ways = (found["rows"]["systems"], found["questions"]["systems"])
    return [
        [_RANKERS.get(name, name), dimension.replace("all", "-"), *(f"{w[name][dimension][m]:.3f}" for w in ways for m in _SHOWN)]
        for name in ways[0]
        for dimension in ways[0][name]
    ]


_SHOWN = ("accuracy@1", "ndcg@10")
PROTOCOL_HEADER = ("ranker", "dimensions", *(f"by rows: {m}" for m in _SHOWN), *(f"by questions: {m}" for m in _SHOWN))


def protocol_note(evaluation: Document) -> str:
    """What the two ways are."""
    found = evaluation["protocols"]
    rows, questions = found["rows"], found["questions"]
    return (
        f"By rows: {rows['n_queries']:,} rows of test as queries, each with its own passage alone as right, labels ignored, over "
        f"{rows['n_passages']:,} passages; {found['seen_questions_fraction']:.1%} of their questions are trained on. By questions: "
        f"{questions['n_queries']:,} questions with the passages labelled right, over {questions['n_passages']:,}, those of training "
        "included. A way by which a perfect ranker scores as one that knows the topic alone cannot tell models apart."
    )


def citation(manifest: Document) -> str:
    """Whom to name: the sources, and the methods."""
    said = [f"{s['name']}: {s['attribution']}" for s in manifest["recipe"]["sources"] if s.get("attribution")]
    repositories = [f"{s['name']}: https://huggingface.co/datasets/{s['repo']}" for s in manifest["recipe"]["sources"] if s.get("repo")]
    sources = "\n".join(f"- {line}" for line in [*repositories, *said])
    return f"{sources}\n\n{_BIBTEX}" if sources else _BIBTEX


_BIBTEX = """```bibtex
@inproceedings{reimers-2019-sentence-bert,
  title = {Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks},
  author = {Reimers, Nils and Gurevych, Iryna},
  booktitle = {Proceedings of EMNLP-IJCNLP},
  year = {2019},
  url = {https://arxiv.org/abs/1908.10084}
}
@inproceedings{kusupati-2022-matryoshka,
  title = {Matryoshka Representation Learning},
  author = {Kusupati, Aditya and others},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2022},
  url = {https://arxiv.org/abs/2205.13147}
}
@misc{henderson-2017-efficient,
  title = {Efficient Natural Language Response Suggestion for Smart Reply},
  author = {Henderson, Matthew and others},
  year = {2017},
  url = {https://arxiv.org/abs/1705.00652}
}
```"""
