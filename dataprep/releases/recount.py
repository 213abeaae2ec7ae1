"""The statistics of a release counted again: from its own tables, and wholly from the build that made it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from dataprep import io, schemas
from dataprep.releases import release_files
from dataprep.statistics.lengths import measure
from dataprep.statistics.quality_statistics import Curated, of_release, quality
from dataprep.statistics.split_statistics import split_statistics

STAGE_TABLES: Mapping[str, str] = {  # of Curated, the ledger left out -> where they lie below a build's stages
    "rows": "ingest/rows.parquet",
    "split_queries": "split/queries.parquet",
    "corpus": "deduplicate/corpus.parquet",
    "judgements": "deduplicate/judgements.parquet",
    "links": "deduplicate/links.parquet",
    "near_questions": "deduplicate/near_questions.parquet",
    "conflicts": "deduplicate/conflicts.parquet",
    "measures": "filter/measures.parquet",
}
_AFTER = ("questions", "question_style", "scripts")  # parts of quality.json that stand beside the same of the rows as read
_FIGURES = pl.Schema({"figure": pl.String, "found": pl.String, "wanted": pl.String})


def curated(stages: Path, ledger: pl.LazyFrame) -> Curated:
    """The tables of a build's stages that quality is told from.

    Args:
        stages: The build's folder `stages`.
        ledger: LEDGER.
    """
    return Curated(ledger=ledger, **{name: pl.scan_parquet(stages / path) for name, path in STAGE_TABLES.items()})


def statistics_unlike_tables(release: Path) -> pl.DataFrame:
    """Figures of splits.json, quality.json and lengths.json that the release's tables would not give.

    Splits, questions, groups and the lengths of questions and passages are counted again. Tokens are not, for the
    tokenizer is no part of a release; words and sentences only where a rule counted them; nor what speaks of the
    rows before curation.
    """
    recipe, found, tables = release_files.manifest(release)["recipe"], release_files.statistics(release), release_files.scan(release)
    queries = tables.groups.select("split", query_id="query-id", group_id="group-id")
    queries = queries.join(tables.queries.select("text", query_id="_id"), on="query_id")
    corpus = tables.corpus.select("title", "text", passage_id="_id")
    judgements = tables.judgements.select(query_id="query-id", passage_id="corpus-id", relevance="score")
    aims = aims_of(recipe["split"])
    wanted = of_release(queries, corpus, judgements, train_fraction=aims["train"])
    told = {name: part["after"] if name in _AFTER else part for name, part in found["quality"].items() if name in wanted}
    return _differences(
        {"splits": found["splits"], "quality": told, "lengths": _lengths(found["lengths"], recipe)},
        {
            "splits": split_statistics(queries, judgements, aims=aims),
            "quality": wanted,
            "lengths": _lengths(_measured(queries, corpus), recipe),
        },
    )


def quality_unlike_build(build: Path, release: Path, rules: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Figures of quality.json that the build's own tables would not give.

    Args:
        build: The build folder, with the stages' tables.
        release: Its release.
        rules: Names of the rules of each stage.
    """
    wanted = quality(
        curated(build / "stages", pl.scan_parquet(build / "ledger.parquet")),
        rules=rules,
        origins=io.read_json(build / "stages/ingest/origins.json")["sources"],
        train_fraction=aims_of(release_files.manifest(release)["recipe"]["split"])["train"],
    )
    return _differences(release_files.statistics(release)["quality"], wanted)


def aims_of(split: Mapping[str, Any]) -> dict[str, float]:
    """Share of the groups that each split should get, from the recipe's section `split`."""
    return {"train": 1 - split["validation"] - split["test"], "validation": split["validation"], "test": split["test"]}


def _measured(queries: pl.LazyFrame, corpus: pl.LazyFrame) -> dict[str, Any]:
    nothing = pl.LazyFrame(schema=schemas.PAIRS), pl.LazyFrame(schema=schemas.TRIPLETS)
    return measure(queries, corpus, *nothing, tokenizers={}, batch_size=1).document


def _lengths(document: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are counted again, by place and measure."""
    by_rule = ("characters", "words", "sentences") if recipe["lengths"]["words"] == "rule" else ("characters",)
    return {
        f"{e['table']}.{e['column']} {e['split']} {e['measure']}": e
        for e in document["columns"]
        if e["measure"] in by_rule and e["table"] in {"queries", "corpus"}
    }


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> pl.DataFrame:
    """Leaves that two documents give differently, or that one of them lacks."""
    one, other = (dict(_flat(document, "")) for document in (found, json.loads(json.dumps(wanted))))
    names = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    rows = [(name, one.get(name, "nothing"), other.get(name, "nothing")) for name in names]
    return pl.DataFrame(rows, schema=_FIGURES, orient="row")


def _flat(nested: Any, name: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - plain JSON
    """Leaves under the joined names of what they lie in; a list is one leaf."""
    if isinstance(nested, Mapping) and nested:
        for key, value in nested.items():
            yield from _flat(value, f"{name}: {key}" if name else str(key))
    else:
        yield name, json.dumps(nested, ensure_ascii=False, sort_keys=True)
