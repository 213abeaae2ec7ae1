"""The stages that look at all rows at once, a function each: scan what earlier stages wrote, call the pure function, write its tables."""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from dataprep import io, parts, schemas
from dataprep.build import Build, Output
from dataprep.progress import progress_of
from dataprep.recipes.recipe import public_name
from dataprep.rule_names import rule_names

if TYPE_CHECKING:
    from dataprep.duplicates.same_texts import Alike


def deduplicate(build: Build, out: Output) -> str:
    """Unite equal and nearly equal texts, and bring the rows into normal form: corpus, queries, judgements."""
    from dataprep.duplicates import dedup

    alike = _alike(build, out) if build.recipe.deduplicate.passages == "semantic" else None
    rows = [pl.scan_parquet(part) for part in parts.paths(build.place("filter", "rows"))]
    with TemporaryDirectory(dir=out.root.parent) as scratch:
        settings = build.recipe.deduplicate.model_dump()
        dedup.deduplicate(rows, out.stage, scratch=Path(scratch), alike=alike, each=out.each, **settings)
    counts = {name: _height(out, name) for name in ("queries", "corpus", "judgements", "merged_passages", "conflicts")}
    return (
        f"{_n(counts['queries'])} questions, {_n(counts['corpus'])} passages, {_n(counts['judgements'])} pairs; "
        f"{_n(counts['merged_passages'])} passages merged, {_n(counts['conflicts'])} label conflicts"
    )


def _alike(build: Build, out: Output) -> "Alike":
    """Finds the pairs of passages that the base model takes for alike; their vectors are in a file while it looks."""
    from dataprep.duplicates import semantic
    from dataprep.models import base_model

    passages = build.table("filter", "rows").select(pl.col("passage").unique())
    encode = base_model.passage_encoder(build.recipe, passages=lambda: passages.collect()["passage"])
    min_cosine = build.recipe.deduplicate.min_passage_cosine
    return lambda texts: semantic.cosine_pairs(texts, encode=encode, min_cosine=min_cosine, scratch=out.root)


def split(build: Build, out: Output) -> str:
    """Give every group of questions its split."""
    from dataprep import splits

    recipe = build.recipe
    queries, shares = build.table("deduplicate", "queries"), recipe.split
    if shares.by == "row":
        assigned = splits.assign_rows(queries, seed=recipe.seed, validation=shares.validation, test=shares.test)
    else:
        assigned = splits.assign(
            queries,
            build.table("deduplicate", "judgements"),
            build.table("deduplicate", "links"),
            build.table("deduplicate", "near_questions"),
            build.table("filter", "rows"),
            hung_on_passages=[source.name for source in recipe.sources if source.kind == "squad"],
            min_passage_jaccard=recipe.deduplicate.min_passage_jaccard,
            min_passage_cosine=recipe.deduplicate.min_passage_cosine,
            seed=recipe.seed,
            **shares.model_dump(exclude={"by"}),
        )
    out.table("queries", assigned, schemas.SPLIT_QUERIES)
    counts = pl.read_parquet(out.stage / "queries.parquet", columns=["group_id", "split"])
    by_split = dict(counts.group_by("split").len().iter_rows())
    sizes = ", ".join(f"{name} {_n(by_split.get(name, 0))}" for name in schemas.SPLITS)
    return f"{_n(counts['group_id'].n_unique())} groups; questions: {sizes}"


def negatives(build: Build, out: Output) -> str:
    """Pair every anchor with its positives and its hard negatives."""
    from dataprep.models import negatives as hard_negatives
    from dataprep.models.base_model import load_encoder

    recipe = build.recipe
    with TemporaryDirectory(dir=out.root.parent) as scratch:
        report = hard_negatives.mine(
            build.table("split", "queries"),
            build.table("deduplicate", "judgements"),
            build.table("deduplicate", "corpus"),
            build.table("deduplicate", "links"),
            out.stage,
            scratch=Path(scratch),
            min_passage_jaccard=recipe.deduplicate.min_passage_jaccard,
            min_passage_cosine=recipe.deduplicate.min_passage_cosine,
            encoder=partial(load_encoder, recipe, passages=partial(training_passages, build)),
            each=out.each,
            **recipe.negatives.model_dump(),
        )
    out.json("report", report)
    return f"{_n(_height(out, 'pairs'))} pairs, {_n(_height(out, 'triplets'))} triplets"


def lengths(build: Build, out: Output) -> str:
    """Measure every text in tokens of the model that will be trained."""
    from dataprep.models import base_tokenizer
    from dataprep.statistics import lengths as text_lengths

    recipe = build.recipe
    model = recipe.lengths.tokenizer or recipe.train.base_model
    passages = training_passages(build)
    found = base_tokenizer.find(model, passages=passages, revision=recipe.train.base_revision)
    max_tokens = recipe.lengths.max_tokens or recipe.train.max_tokens or found.max_tokens
    others = {public_name(name): base_tokenizer.find(name, passages=passages) for name in recipe.lengths.also}
    measured = text_lengths.measure(
        build.table("split", "queries"),
        build.table("deduplicate", "corpus"),
        build.table("negatives", "pairs"),
        build.table("negatives", "triplets"),
        tokenizers={public_name(model): found._replace(max_tokens=max_tokens)} | others,
        batch_size=recipe.train.batch_size,
        query_prompt=recipe.train.query_prompt,
        passage_prompt=recipe.train.passage_prompt,
        words=recipe.lengths.words,
        progress=progress_of("lengths"),
    )
    out.table("lengths", measured.table)
    out.json("lengths", measured.document)
    return f"measured with the tokenizer of {public_name(model)}"


def release(build: Build, out: Output) -> str:
    """Write the ledger and the folder that is published as a dataset."""
    from dataprep.filtering.reference_stages import published_recipe
    from dataprep.releases import card, card_pictures, ledger
    from dataprep.releases import release as folder
    from dataprep.releases.manifest import build_manifest

    events = [build.table(stage, "events") for stage in ("ingest", "clean", "filter", "deduplicate")]
    judgements, queries = build.table("deduplicate", "judgements"), build.table("split", "queries")
    with TemporaryDirectory(dir=out.root.parent) as scratch:
        ledger.write(out.root / "ledger.parquet", build.table("ingest", "rows"), events, judgements, queries, scratch=Path(scratch))
    written = pl.scan_parquet(out.root / "ledger.parquet")
    tables = folder.StageTables(
        build.table("deduplicate", "corpus"), queries, judgements, build.table("negatives", "pairs"), build.table("negatives", "triplets")
    )
    place, rules, origins = out.root / "release", rule_names(), build.json("ingest", "origins")["sources"]
    statistics = _statistics(build, written, rules, origins)
    with TemporaryDirectory(dir=out.root.parent) as scratch:
        lengths = build.table("lengths", "lengths")
        folder.write_release(place, tables, lengths=lengths, statistics=statistics, scratch=Path(scratch))
    for path, svg in card_pictures.pictures(**statistics).items():
        io.write_text(svg, place / path)
    manifest = build_manifest(
        place, recipe=published_recipe(build), origins=origins, ledger=written, rules=rules, dataprep_version=version("dataprep")
    )
    io.write_json(manifest, place / "manifest.json")
    for name, text in card.rendered_files(place).items():
        io.write_text(text, place / name)
    counts = {split: found["queries"] for split, found in manifest["splits"].items()}
    return ", ".join(f"{split} {_n(count)}" for split, count in counts.items()) + " questions with a positive"


def _statistics(build: Build, written: pl.LazyFrame, rules: Mapping[str, Sequence[str]], origins: Sequence[Any]) -> dict[str, Any]:
    from dataprep.releases import recount
    from dataprep.statistics.quality_statistics import quality
    from dataprep.statistics.split_statistics import split_statistics

    tables, aims = recount.curated(build.folder / "stages", written), recount.aims_of(build.recipe.split.model_dump())
    return {
        "quality": quality(tables, rules=rules, origins=origins, train_fraction=aims["train"]),
        "splits": split_statistics(tables.split_queries, tables.judgements, aims=aims),
        "lengths": build.json("lengths", "lengths"),
    }


def training_passages(build: Build) -> pl.Series:
    """Distinct passages of the training questions, except those that answer a held-out question; of very many, those of the first ids."""
    from dataprep.models.embedded import MAX_PASSAGES

    corpus = build.table("deduplicate", "corpus")
    some = parts.id_ranges("p", max(1, io.height(corpus) // (2 * MAX_PASSAGES)))[0]  # ids are digests: the first range is a sample
    split_of = build.table("split", "queries").select("query_id", "split")
    judged = build.table("deduplicate", "judgements").filter(some.holds("passage_id")).join(split_of, on="query_id")
    held_out = judged.filter(pl.col("split") != "train", pl.col("relevance") > 0)
    wanted = judged.filter(pl.col("split") == "train").join(held_out, on="passage_id", how="anti").select("passage_id").unique()
    found = corpus.filter(some.holds("passage_id")).join(wanted, on="passage_id", how="semi").sort("passage_id").head(MAX_PASSAGES)
    return found.select("text").collect(engine="streaming")["text"]


def _height(out: Output, table: str) -> int:
    return io.height(pl.scan_parquet(out.stage / f"{table}.parquet"))


def _n(count: int) -> str:
    return f"{count:,}"
