"""The second half of the filter stage: rows that stand in a reference set leave, and the manifest names the sets."""

from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from dataprep.build import Build, Output
from dataprep.schemas import CONTAMINATION, LEDGER, ROWS

_PINNED = ("revision", "sha256", "rows")


def decontaminate(build: Build, out: Output) -> None:
    """Take out the rows that stand in a reference set, of those that the limits kept.

    The references are cleaned by the recipe's own rules, so that damage on one side hides nothing.
    """
    against = build.recipe.decontaminate.against
    if not against:
        out.table("contamination", pl.LazyFrame(schema=CONTAMINATION))
        out.json("references", {"sources": []})
        return
    from dataprep.clean import cleaning
    from dataprep.filtering import decontamination
    from dataprep.sources import read

    with TemporaryDirectory(dir=out.root) as scratch:
        parts = [read.read_source(source, folder=None, scratch=Path(scratch)) for source in against]
        texts = pl.concat([part.rows for part in parts]).collect()
    rules = [name for name, is_on in build.recipe.clean.model_dump().items() if is_on]
    cleared = decontamination.decontaminate(
        pl.read_parquet(out.stage / "rows.parquet").lazy(),  # read, for the file is replaced
        cleaning.clean(texts.lazy(), rules=rules).rows.collect().lazy(),
        **build.recipe.decontaminate.model_dump(exclude={"against"}),
        shingle_words=build.recipe.deduplicate.shingle_words,
    )
    events = pl.concat([pl.read_parquet(out.stage / "events.parquet").lazy(), cleared.events]).sort("row_id", maintain_order=True)
    for name, frame, schema in (("rows", cleared.kept, ROWS), ("events", events, LEDGER)):
        rmtree(out.stage / f"{name}.parquet")  # in parts until now
        out.table(name, frame, schema)
    out.table("contamination", cleared.matches, CONTAMINATION)
    out.json("references", {"sources": [part.origin for part in parts]})


def published_recipe(build: Build) -> Mapping[str, Any]:
    """The recipe as the manifest shows it, each reference set pinned by what was read of it."""
    recipe = dict(build.recipe.as_published())
    origins = {origin["name"]: origin for origin in build.json("filter", "references")["sources"]}
    against = [{**source, **{key: origins[source["name"]][key] for key in _PINNED}} for source in recipe["decontaminate"]["against"]]
    return {**recipe, "decontaminate": {**recipe["decontaminate"], "against": against}}
