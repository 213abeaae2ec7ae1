"""A small build made by hand: eight questions in three splits, with one row of every fate."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl
from tokenizers import Tokenizer, models, pre_tokenizers

from dataprep import schemas
from dataprep.io import write_json, write_table, write_text
from dataprep.models.base_tokenizer import BaseTokenizer
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.sources import Source
from dataprep.releases import ledger
from dataprep.releases.card import rendered_files
from dataprep.releases.manifest import build_manifest
from dataprep.releases.recount import STAGE_TABLES
from dataprep.releases.release import StageTables, write_release
from dataprep.rule_names import rule_names
from dataprep.statistics.lengths import measure
from dataprep.statistics.quality_statistics import Curated, quality
from dataprep.statistics.split_statistics import split_statistics

QUESTIONS = {
    "q1": ("Kto napisał powieść Lalka?", "g1", "train"),
    "q2": ("Jaka rzeka płynie przez Warszawę?", "g2", "train"),
    "q3": ("Ile nóg ma pająk?", "g3", "train"),
    "q4": ("Gdzie leży Giewont?", "g4", "validation"),
    "q5": ("Kiedy odbyła się bitwa pod Grunwaldem?", "g5", "test"),
    "q6": ("Czym żywi się panda wielka?", "g6", "test"),
    "q7": ("Dlaczego niebo jest niebieskie?", "g7", "train"),
}
PASSAGES = {
    "p1": "Powieść Lalka napisał Bolesław Prus. Ukazywała się w odcinkach w latach 1887–1889.",
    "p2": "Przez Warszawę płynie Wisła, najdłuższa rzeka w Polsce.",
    "p3": "Pająk ma osiem nóg, a owad sześć.",
    "p4": "Giewont to masyw górski w Tatrach Zachodnich.",
    "p5": "Bitwa pod Grunwaldem odbyła się 15 lipca 1410 roku.",
    "p6": "Panda wielka żywi się przede wszystkim bambusem.",
    "p7": "Bolesław Prus urodził się w Hrubieszowie.",
    "p8": "Odra jest drugą co do długości rzeką w kraju.",
    "p9": "Kolor nieba zachwyca poetów od wieków.",
}
# query, passage, relevance, is_judged, row
JUDGED = [
    ("q1", "p1", 1, True, "s:01"),
    ("q1", "p7", 0, True, "s:02"),
    ("q2", "p2", 1, True, "s:03"),
    ("q2", "p8", 0, True, "s:04"),
    ("q3", "p3", 1, False, "s:05"),
    ("q4", "p4", 1, True, "s:06"),
    ("q5", "p5", 1, True, "s:07"),
    ("q6", "p6", 1, True, "s:08"),
    ("q7", "p9", 0, True, "s:09"),
]
RULES = {
    "clean": ("html", "white_space"),
    "filter": ("min_passage_words",),
    "deduplicate": ("exact_passage",),
    "release": ("judged", "asserted"),
}


class Case(NamedTuple):
    """The stages' tables of the build."""

    rows: pl.DataFrame
    events: pl.DataFrame
    split_queries: pl.DataFrame
    corpus: pl.DataFrame
    judgements: pl.DataFrame
    pairs: pl.DataFrame
    triplets: pl.DataFrame


def case() -> Case:
    """Nine kept rows, one dropped, one merged, one rejected; q7 has no right passage."""
    judgements = pl.DataFrame(JUDGED, schema=schemas.JUDGEMENTS, orient="row")
    rows = [
        (row, "s", f"k{row}", QUESTIONS[q][0], PASSAGES[p], "", relevance if is_judged else None)
        for q, p, relevance, is_judged, row in JUDGED
    ]
    rows += [
        ("s:10", "s", "ks:10", QUESTIONS["q1"][0], "Lalka", "", 0),
        ("s:11", "s", "ks:11", QUESTIONS["q1"][0], PASSAGES["p1"] + " ", "", 1),
    ]
    events: list[Mapping[str, Any]] = [
        {"row_id": "s:12", "stage": "ingest", "action": "rejected", "rule": "label", "before": "tak"},
        {"row_id": "s:11", "stage": "clean", "action": "changed", "rule": "white_space", "column": "passage", "before": "x ", "after": "x"},
        {"row_id": "s:10", "stage": "filter", "action": "dropped", "rule": "min_passage_words", "score": 1.0},
        {"row_id": "s:11", "stage": "deduplicate", "action": "merged", "rule": "exact_passage", "into": "s:01", "score": 1.0},
    ]
    recorded = [dict.fromkeys(schemas.LEDGER) | {"source": "s", "source_key": f"k{e['row_id']}"} | dict(e) for e in events]
    queries = [(q, text, group, split) for q, (text, group, split) in QUESTIONS.items()]
    positives = [(q, p, QUESTIONS[q][2]) for q, p, relevance, _, _ in JUDGED if relevance and QUESTIONS[q][2] != "test"]
    triplets: list[tuple[object, ...]] = [
        ("q1", "p1", "p7", "judged", None, None, "train"),
        ("q2", "p2", "p8", "judged", None, None, "train"),
    ]
    triplets += [("q3", "p3", "p9", "bm25", 0.5, 7, "train"), ("q4", "p4", "p8", "bm25", 0.4, 6, "validation")]
    return Case(
        rows=pl.DataFrame(rows, schema=schemas.ROWS, orient="row"),
        events=pl.DataFrame(recorded, schema=schemas.LEDGER),
        split_queries=pl.DataFrame(queries, schema=schemas.SPLIT_QUERIES, orient="row"),
        corpus=pl.DataFrame([(p, "", text) for p, text in PASSAGES.items()], schema=schemas.CORPUS, orient="row"),
        judgements=judgements,
        pairs=pl.DataFrame(positives, schema=schemas.PAIRS, orient="row"),
        triplets=pl.DataFrame(triplets, schema=schemas.TRIPLETS, orient="row"),
    )


def ledger_of(found: Case, *, range_rows: int = 3) -> pl.LazyFrame:
    """The build's ledger, put together from several ranges of rows."""
    tables = found.rows.lazy(), [found.events.lazy()], found.judgements.lazy(), found.split_queries.lazy()
    with TemporaryDirectory() as scratch:
        ledger.write(Path(scratch) / "ledger.parquet", *tables, scratch=Path(scratch), range_rows=range_rows)
        return pl.read_parquet(Path(scratch) / "ledger.parquet").lazy()


def word_tokenizer() -> BaseTokenizer:
    """One token per word or punctuation mark, none of them special, cut after six."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return BaseTokenizer(tokenizer, 6, 0)


def recipe(*licences: str) -> Recipe:
    """A recipe with one source per licence, the first named s."""
    named = enumerate(licences or ("cc-by-sa-4.0",))
    sources = tuple(Source(name="s" if i == 0 else f"s{i}", kind="tsv", path="rows.tsv", licence=licence) for i, licence in named)
    return Recipe(name="mala-proba", title="Mała próba", sources=sources)


def write_build(build: Path, found: Case | None = None, made_from: Recipe | None = None) -> Path:
    """Write the build's ledger, rows and release; give back the build folder."""
    found, made_from = found or case(), made_from or recipe()
    published = made_from.as_published()
    tables_of_stages(found, build / "stages")
    told = ledger_of(found)
    write_table(told, build / "ledger.parquet", schemas.LEDGER)
    origins = [
        {
            "name": s.name,
            "kind": s.kind,
            "revision": None,
            "sha256": "0" * 64,
            "rows": 11,
            "licence": s.licence,
            "files": [["rows.tsv", "1"]],
        }
        for s in made_from.sources
    ]
    release = build / "release"
    tables = StageTables(*(getattr(found, name).lazy() for name in StageTables._fields))
    write_json({"sources": origins}, build / "stages/ingest/origins.json")
    rules = rule_names()
    lengths = measure(
        tables.split_queries, tables.corpus, tables.pairs, tables.triplets, tokenizers={"words": word_tokenizer()}, batch_size=2
    )
    documents = {
        "lengths": lengths.document,
        "quality": quality(curated(found, told), rules=rules, origins=origins, train_fraction=0.7),
        "splits": split_statistics(tables.split_queries, tables.judgements, aims={"train": 0.7, "validation": 0.1, "test": 0.2}),
    }
    with TemporaryDirectory() as scratch:
        write_release(release, tables, lengths=lengths.table, statistics=documents, scratch=Path(scratch), range_rows=3)
    manifest = build_manifest(release, recipe=published, origins=origins, ledger=told, rules=rules, dataprep_version="0.0.1")
    write_json(manifest, release / "manifest.json")
    rewrite_texts(release)
    return build


def rewrite_texts(release: Path) -> None:
    """Write card, task class and licence anew."""
    for name, text in rendered_files(release).items():
        write_text(text, release / name)


def tables_of_stages(found: Case, stages: Path) -> None:
    """Write what quality is told from, as the stages leave it."""
    for name, frame in curated(found, pl.LazyFrame())._asdict().items():
        if name in STAGE_TABLES:
            write_table(frame, stages / STAGE_TABLES[name], None)


def curated(found: Case, told: pl.LazyFrame) -> Curated:
    """The tables that quality is told from, with no near-duplicates and no conflicts."""
    return Curated(
        rows=found.rows.lazy(),
        ledger=told,
        split_queries=found.split_queries.lazy(),
        corpus=found.corpus.lazy(),
        judgements=found.judgements.lazy(),
        links=pl.LazyFrame(schema=schemas.LINKS),
        near_questions=pl.LazyFrame(schema=schemas.NEAR_QUESTIONS),
        conflicts=pl.LazyFrame(schema=schemas.CONFLICTS),
        measures=measures(found),
    )


def measures(found: Case) -> pl.LazyFrame:
    """What the filters would have measured: everything in Polish but one passage, and personal data in two rows."""
    is_slovak = pl.col("row_id") == "s:08"
    slovak = pl.when(is_slovak).then(pl.lit("sk")).otherwise(pl.lit("pl"))
    reported = pl.when(pl.col("row_id").is_in(["s:01", "s:10"])).then(pl.lit(["personal_data"])).otherwise(pl.lit([], pl.List(pl.String)))
    return found.rows.lazy().select("row_id", question_language=pl.lit("pl"), passage_language=slovak, reported=reported)
