"""The stages that need torch: train a model on the release's pairs, and judge it."""

import logging
import math
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from dataprep import io
from dataprep.build import Build, Output
from dataprep.models.embedded import EMBEDDED
from dataprep.stages import training_passages
from dataprep.text import passage_text

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from dataprep.models.curriculum import TrainingStage
    from dataprep.models.training_tables import Sources

log = logging.getLogger("dataprep")


def train(build: Build, out: Output) -> str:
    """Fine-tune the base model by the recipe's curriculum."""
    from dataprep.models import token_weights, training, validation

    recipe = build.recipe
    model = _base_model(build)
    if recipe.train.base_model == EMBEDDED:
        model.save_pretrained(str(out.stage / "base"), create_model_card=False)
    weighs = recipe.train.idf_weights and recipe.train.base_model != EMBEDDED
    weights = token_weights.weigh(model, _weighing_passages(build)) if weighs else None
    names = set(training.Settings.__dataclass_fields__)
    settings = training.Settings(seed=recipe.seed, **{key: value for key, value in recipe.train.model_dump().items() if key in names})
    task = _task(build, "validation")
    done = training.train(
        model,
        _curriculum(build),
        settings,
        folder=out.root / "model",
        validate=validation.Validation(
            task, partial(_encoder, build), metric=recipe.train.best_metric, dimension=recipe.train.best_dimension
        )
        if task
        else None,
        report=_show_progress,
        checkpoints=build.folder / ".checkpoints",
        identity=" ".join(build.json(name, "stage")["key"] for name in ("deduplicate", "split", "negatives")),
    )
    out.json("training", done | ({"idf_weights": weights} if weights else {}))
    out.table("loss", pl.DataFrame(done["loss"], schema=_LOSS), None)
    kept = f"; kept {done['kept']['table']} epoch {done['kept']['epoch']}" if done["kept"] else ""
    steps = ", ".join(f"{name} {table['steps']:,} steps" for name, table in done["tables"].items())
    return f"{steps or 'nothing to train on'}{kept}"


def evaluate(build: Build, out: Output) -> str:
    """Judge BM25, the base model, the fine-tuned one and a hybrid on held-out questions; write the model's card."""
    from dataprep.models import card_examples, encode, evaluation, model_proof, run_files, tasks

    recipe = build.recipe
    base = encode.load(build.folder / "stages" / "train" / "base") if recipe.train.base_model == EMBEDDED else _base_model(build)
    finetuned = encode.load(build.model, max_tokens=recipe.train.max_tokens)  # the weights as they were saved, not those in memory
    task = tasks.retrieval_task(*_judged(build), split=recipe.evaluate.split)
    validation = tasks.same_corpus(task.passages, *_judged(build)[:2], split="validation")
    judged = evaluation.evaluate(
        task,
        {"base": _encoder(build, base), "finetuned": _encoder(build, finetuned)},
        dims=recipe.train.matryoshka_dims,
        bootstrap_samples=recipe.evaluate.bootstrap_samples,
        seed=recipe.seed,
        validation=validation,
        k1=recipe.evaluate.bm25_k1,
        b=recipe.evaluate.bm25_b,
        rrf_k=recipe.evaluate.rrf_k,
    )
    judged.summary["base_model"] = _base_origin(build)
    if recipe.evaluate.label_column:
        judged.summary["protocols"] = _protocols(build, base, finetuned)
    out.table("runs", judged.runs)
    out.table("per_query", judged.per_query)
    run_files.write(judged.runs, task.qrels, out.stage / "trec")
    io.write_json(judged.summary, out.root / "evaluation.json")
    shutil.copytree(build.model, out.root / "model", copy_function=os.link, ignore=shutil.ignore_patterns("README.md"))
    shown = card_examples.examples(validation.queries, validation.qrels, task.passages) if validation else []
    out.json("examples", {"validation": shown})
    card = model_proof.rendered_card(build.folder, evaluation=judged.summary, examples=shown)
    io.write_text(card, out.root / "model" / "README.md")
    return _headline(judged.summary)


def _base_origin(build: Build) -> dict[str, str]:
    """Where the base model's weights come from: a commit of the Hub, or the digest of a folder's weights."""
    from dataprep.models import base_tokenizer

    settings = build.recipe.train
    if settings.base_model == EMBEDDED:
        return {}
    folder = base_tokenizer.fetch(settings.base_model, revision=settings.base_revision)
    if folder.parent.name == "snapshots":  # the Hub's cache names a snapshot's folder after its commit
        return {"revision": folder.name}
    weights = sorted(io.file_sha256(path) for path in folder.rglob("*.safetensors"))
    return {"sha256": weights[0]} if len(weights) == 1 else {}


def _protocols(build: Build, base: "SentenceTransformer", finetuned: "SentenceTransformer") -> dict[str, Any]:
    """Judging row by row, and by questions with labels, side by side."""
    from dataprep.models import protocol_rows, protocols

    rows, split_of = protocol_rows.labelled_rows(build, column=str(build.recipe.evaluate.label_column))
    models = {"base": _encoder(build, base), "finetuned": _encoder(build, finetuned)}
    return protocols.compare(rows, split_of, models, dims=build.recipe.train.matryoshka_dims, seed=build.recipe.seed)


def _base_model(build: Build) -> "SentenceTransformer":
    from dataprep.models.base_model import load_base_model

    return load_base_model(build.recipe, passages=lambda: training_passages(build))


def _encoder(build: Build, model: "SentenceTransformer") -> Any:  # noqa: ANN401 - an evaluation.Encoder, whose module is imported late
    from dataprep.models.encode import ModelEncoder

    return ModelEncoder(model, query_prompt=build.recipe.train.query_prompt, passage_prompt=build.recipe.train.passage_prompt)


def _judged(build: Build) -> tuple[pl.LazyFrame, pl.LazyFrame, pl.LazyFrame]:
    return build.table("split", "queries"), build.table("deduplicate", "judgements"), build.table("deduplicate", "corpus")


def _task(build: Build, split: str) -> Any:  # noqa: ANN401 - a tasks.Task, whose module is imported late
    """The split's retrieval task; None where no question of it has a positive."""
    from dataprep.models import tasks

    queries, judgements, corpus = _judged(build)
    relevant = judgements.filter(pl.col("relevance") > 0)
    answerable = queries.filter(pl.col("split") == split).join(relevant, on="query_id", how="semi").head(1).collect()
    return tasks.retrieval_task(queries, judgements, corpus, split=split) if answerable.height else None


def _curriculum(build: Build) -> "list[TrainingStage]":
    """The recipe's stages with their tables."""
    from dataprep.models.curriculum import TrainingStage, unique_names
    from dataprep.models.training_tables import mixed_table

    recipe, sources = build.recipe, _sources(build)
    options: dict[str, Any] = {
        "adapt_to_corpus": recipe.train.adapt_to_corpus,
        "min_passage_jaccard": recipe.deduplicate.min_passage_jaccard,
    }
    stages = recipe.train.stages
    tables = [mixed_table(stage.tables, sources, **options).collect() for stage in stages]
    names = unique_names(stage.tables for stage in stages)
    return [TrainingStage(n, table, s.epochs, s.learning_rate, s.loss) for n, table, s in zip(names, tables, stages, strict=True)]


def _sources(build: Build) -> "Sources":
    """What training tables are made from."""
    from dataprep.models.training_tables import Sources

    mined = (build.table("negatives", name) for name in ("pairs", "triplets"))
    return Sources(*_judged(build), build.table("deduplicate", "links"), *mined)


def _weighing_passages(build: Build) -> pl.Series:
    """The passages that tokens are counted in: those that pairs are made from."""
    from dataprep.models.training_tables import training_passages as own_passages

    sources, recipe = _sources(build), build.recipe
    own = own_passages(sources, min_passage_jaccard=recipe.deduplicate.min_passage_jaccard)
    taken = sources.corpus if recipe.train.adapt_to_corpus else own
    return taken.select(text=passage_text(pl.col("title"), pl.col("text"))).collect()["text"]


_LOSS = {"table": pl.String, "epoch": pl.Float64, "step": pl.Int64, "loss": pl.Float64, "learning_rate": pl.Float64}


def _show_progress(point: dict[str, Any]) -> None:
    if "n_steps" in point:
        note = f"{point['table']}, pass {math.ceil(point['epoch'])}, loss {point['loss']:.3f}"
        log.info("train", extra={"stage": "train", "state": "progress", "done": point["step"], "total": point["n_steps"], "note": note})


def _headline(summary: dict[str, Any]) -> str:
    best = {system: next(iter(dimensions.values())) for system, dimensions in summary["systems"].items()}
    scores = ", ".join(f"{system} {metrics['ndcg@10']['value']:.3f}" for system, metrics in best.items())
    return f"ndcg@10 on {summary['split']}: {scores}"
