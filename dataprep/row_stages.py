"""The stages that look at one row at a time: ingest, clean, filter. They work part by part, so memory does not grow with the rows."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from dataprep import io, parts, schemas
from dataprep.build import Build, Output
from dataprep.errors import DataError
from dataprep.recipes.recipe import Recipe

if TYPE_CHECKING:
    from dataprep.models.base_tokenizer import BaseTokenizer
    from dataprep.sources.read import Ingested


def ingest(build: Build, out: Output) -> str:
    """Read every source into rows, each with its row_id; what cannot be read is rejected with a reason."""
    from dataprep.sources import read

    with TemporaryDirectory(dir=out.root.parent) as scratch:  # the rows are read in chunks, which the parts are sorted from
        found = {source.name: read.read_source(source, folder=None, scratch=Path(scratch)) for source in build.recipe.sources}
        out.table("events", pl.concat([one.rejected for one in found.values()]).sort("row_id"), schemas.LEDGER)
        in_order = [(name, found[name]) for name in sorted(found, key=_prefix)]
        n_rows = sum(out.each(_sorting(in_order, build.recipe.run.shards, out.stage / "rows.parquet")))
    out.json("origins", {"sources": [found[source.name].origin for source in build.recipe.sources]})
    rejected = pl.scan_parquet(out.stage / "events.parquet")
    n_rejected = io.height(rejected)
    if not n_rows:
        raise DataError(_nothing_left(f"all {n_rejected} rows were rejected", rejected))
    return f"{n_rows:,} rows read, {n_rejected:,} rejected"


def clean(build: Build, out: Output) -> str:
    """Mend the texts by named rules."""
    rules = [name for name, is_on in build.recipe.clean.model_dump().items() if is_on]
    counts = out.each(parts.for_each_part(_clean, build.place("ingest", "rows"), rules=rules, stage=out.stage))
    n_rows, n_changes = map(sum, zip(*counts, strict=True))
    return f"{n_rows:,} rows changed, {n_changes:,} changes"


def filter_rows(build: Build, out: Output) -> str:
    """Drop rows outside the limits, with every measured value."""
    from dataprep.filtering import reference_stages, token_lengths

    tokenizer = token_lengths.tokenizer(build.table("clean", "rows"), build.recipe)
    settings = {"recipe": build.recipe, "tokenizer": tokenizer, "stage": out.stage}
    out.each(parts.for_each_part(_filter, build.place("clean", "rows"), **settings))
    reference_stages.decontaminate(build, out)
    n_rows = io.height(pl.scan_parquet(out.stage / "rows.parquet"))
    dropped = pl.scan_parquet(out.stage / "events.parquet").filter(pl.col("action") == "dropped")
    if not n_rows:
        raise DataError(_nothing_left("the filters and reference sets dropped every row", dropped))
    return f"{n_rows:,} rows kept, {io.height(dropped):,} dropped"


def _prefix(source: str) -> str:
    """What the ids of a source's rows begin with: they are sorted by it first."""
    return f"{source}:"


def _sorting(sources: Sequence[tuple[str, "Ingested"]], shards: int | None, table: Path) -> list[parts.Call]:
    """Calls that write the rows of every source into parts of one table, sorted by row_id."""
    ranges = [(name, one.chunks, part, n) for name, one in sources for n in [shards or one.n_parts] for part in range(n)]
    return [partial(_sort, number, *some, table=table) for number, some in enumerate(ranges)]


def _sort(number: int, name: str, chunks: Sequence[Path], part: int, of: int, *, table: Path) -> int:
    """Write one part of the rows; how many they are."""
    from dataprep.sources.read import part_of

    parts.write_part({table: (part_of(chunks, name, part, of), schemas.ROWS)}, number)
    return io.height(pl.scan_parquet(parts.path_of(table, number)))


def _clean(number: int, rows: Path, *, rules: Sequence[str], stage: Path) -> tuple[int, int]:
    """Clean one part; how many rows were changed, and how often."""
    from dataprep.clean import cleaning

    cleaned, events = cleaning.clean(pl.scan_parquet(rows), rules=rules), stage / "events.parquet"
    parts.write_part({stage / "rows.parquet": (cleaned.rows, schemas.ROWS), events: (cleaned.events, schemas.LEDGER)}, number)
    changed = pl.read_parquet(parts.path_of(events, number), columns=["row_id"])
    return changed["row_id"].n_unique(), changed.height


def _filter(number: int, rows: Path, *, recipe: Recipe, tokenizer: "BaseTokenizer | None", stage: Path) -> None:
    """Filter one part."""
    from dataprep.filtering import filters, token_lengths

    counts = token_lengths.token_counts(tokenizer, recipe) if tokenizer else {}
    kept = filters.keep(pl.scan_parquet(rows), token_counts=counts, **recipe.filter.model_dump())
    tables = {"rows": (kept.kept, schemas.ROWS), "events": (kept.events, schemas.LEDGER), "measures": (kept.measures, None)}
    parts.write_part({stage / f"{name}.parquet": table for name, table in tables.items()}, number)


def _nothing_left(what: str, events: pl.LazyFrame) -> str:
    """Why there is nothing to go on with: the commonest rules and one example of each."""
    by_rule = (
        events.group_by("rule").agg(pl.len(), pl.col("source_key").min(), pl.col("before").first(), pl.col("after").first())
        .sort("len", descending=True).head(5).collect()
    )  # fmt: skip
    lines = [
        f"  {r['len']:,} by rule {r['rule']}, for example {r['source_key']}: {str(r['before'])[:80]!r} ({str(r['after'])[:160]})"
        for r in by_rule.to_dicts()
    ]
    return "\n".join([f"{what}; nothing is left to build from:", *lines, "mend the source or the recipe's columns and limits"])
