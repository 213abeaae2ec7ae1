"""The stages in order: what each reads, which settings it reads, and which modules are its code."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from dataprep import io, model_stages, row_stages, stages
from dataprep.build import Stage
from dataprep.filtering.token_lengths import limited
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.sources import Source
from dataprep.sources import files

PREPARE = ("ingest", "clean", "filter", "deduplicate", "split", "negatives", "lengths", "release")
FINE_TUNE = ("train", "evaluate")


def up_to(names: Sequence[str], last: str) -> Sequence[str]:
    """The stages up to and with the last one wanted; all of them if it comes later."""
    return names[: names.index(last) + 1] if last in names else names


def source_digest(recipe: Recipe) -> str:
    """Digest of the bytes of every local source; a URL or a Hub repository stands for itself, its revision pins it."""
    return sha256("\n".join(_bytes_digest(source) for source in recipe.sources).encode()).hexdigest()


def reference_digest(recipe: Recipe) -> str:
    """The same of the reference sets."""
    return sha256("\n".join(map(_bytes_digest, recipe.decontaminate.against)).encode()).hexdigest()


def _bytes_digest(source: Source) -> str:
    if source.path is None or "://" in source.path:
        return f"{source.path} {source.repo} {source.revision}"
    found = [file.path for file in files.locate(source.path, folder=None, scratch=Path())]  # only a URL is copied to the scratch folder
    parts = [part for path in found for part in (io.files_below(path) if path.is_dir() else [path])]
    return " ".join(io.file_sha256(path) for path in parts)


def _sources(recipe: Recipe) -> Any:  # noqa: ANN401 - plain JSON
    return [source.model_dump(exclude={"path"}) for source in recipe.sources]


def _filter(recipe: Recipe) -> Any:  # noqa: ANN401 - plain JSON
    against = [source.model_dump(exclude={"path"}) for source in recipe.decontaminate.against]
    limits = [recipe.filter.model_dump(), recipe.decontaminate.model_dump(exclude={"against"})]
    return [*limits, against, recipe.clean.model_dump(), recipe.deduplicate.shingle_words, *_tokenizing(recipe)]


def _tokenizing(recipe: Recipe) -> list[Any]:
    """What counts of tokens depend on, where the filters need any."""
    if not limited(recipe.filter):
        return []
    return [recipe.lengths.tokenizer, recipe.train.model_dump(include={"base_model", "base_revision", "query_prompt", "passage_prompt"})]


def _deduplicate(recipe: Recipe) -> Any:  # noqa: ANN401 - plain JSON
    model = {"base_model", "base_revision", "passage_prompt", "max_tokens"}
    encoding = [recipe.seed, recipe.train.model_dump(include=model)] if recipe.deduplicate.passages == "semantic" else []
    return [recipe.deduplicate.model_dump(), *encoding]


def _split(recipe: Recipe) -> Any:  # noqa: ANN401 - plain JSON
    kinds = [[source.name, source.kind] for source in recipe.sources]
    return [recipe.seed, recipe.split.model_dump(), *_closeness(recipe), kinds]


def _negatives(recipe: Recipe) -> Any:  # noqa: ANN401 - plain JSON
    return [recipe.negatives.model_dump(), *_closeness(recipe), *(_base_encoding(recipe) if recipe.negatives.base else [])]


def _base_encoding(recipe: Recipe) -> list[Any]:
    """What the base model's vectors depend on."""
    model = {"base_model", "base_revision", "query_prompt", "passage_prompt", "max_tokens"}
    return [recipe.seed, recipe.train.model_dump(include=model)]


def _closeness(recipe: Recipe) -> list[float]:
    return [recipe.deduplicate.min_passage_jaccard, recipe.deduplicate.min_passage_cosine]


_STAGES = (
    Stage("ingest", row_stages.ingest, (), _sources, ("dataprep.sources.read",), source_digest),
    Stage("clean", row_stages.clean, ("ingest",), lambda r: r.clean.model_dump(), ("dataprep.clean.cleaning",)),
    Stage(
        "filter",
        row_stages.filter_rows,
        ("clean",),
        _filter,
        ("dataprep.filtering.filters", "dataprep.filtering.reference_stages", "dataprep.filtering.token_lengths"),
        reference_digest,
    ),
    Stage("deduplicate", stages.deduplicate, ("filter",), _deduplicate, ("dataprep.duplicates.dedup", "dataprep.duplicates.semantic")),
    Stage("split", stages.split, ("filter", "deduplicate"), _split, ("dataprep.splits",)),
    Stage("negatives", stages.negatives, ("deduplicate", "split"), _negatives, ("dataprep.models.negatives", "dataprep.models.base_model")),
    Stage(
        "lengths",
        stages.lengths,
        ("deduplicate", "split", "negatives"),
        lambda r: [r.lengths.model_dump(), r.train.model_dump()],
        ("dataprep.statistics.lengths", "dataprep.models.base_tokenizer"),
    ),
    Stage(
        "release",
        stages.release,
        PREPARE[:-1],
        lambda r: r.as_published(),
        (
            *(
                "dataprep.releases.release",
                "dataprep.releases.ledger",
                "dataprep.releases.card",
                "dataprep.releases.card_pictures",
                "dataprep.releases.manifest",
            ),
            *("dataprep.statistics.quality_statistics", "dataprep.statistics.split_statistics"),
        ),
    ),
    Stage(
        "train",
        model_stages.train,
        ("deduplicate", "split", "negatives"),
        lambda r: [r.seed, r.train.model_dump(), r.deduplicate.min_passage_jaccard],
        (
            *("dataprep.models.training", "dataprep.models.training_tables", "dataprep.models.validation"),
            "dataprep.models.token_weights",
        ),
    ),
    Stage(
        "evaluate",
        model_stages.evaluate,
        ("train", "release"),
        lambda r: [r.seed, r.train.model_dump(), r.evaluate.model_dump()],
        (
            *("dataprep.models.evaluation", "dataprep.models.encode", "dataprep.models.model_card", "dataprep.models.run_files"),
            *("dataprep.models.protocols", "dataprep.models.protocol_rows", "dataprep.models.model_proof", "dataprep.models.card_examples"),
        ),
        lambda r: source_digest(r) if r.evaluate.label_column else "",
    ),
)
STAGES: Mapping[str, Stage] = {stage.name: stage for stage in _STAGES}


def load_ahead() -> None:
    """Import what the stages of a preparation import late, while something else has to be waited for anyway."""
    for name in PREPARE:
        for module in STAGES[name].modules:
            import_module(module)
    import_module("dataprep.filtering.identifier").known_languages()
    import_module("matplotlib.figure")
