"""The model card's YAML, as the Hub reads it, with the model-index of the evaluation's figures."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dataprep.models.metrics import MEASURES, PRIMARY
from dataprep.releases.licences import HUB_LICENCES, is_disputed

SHOWN = (PRIMARY, "accuracy@1", "recall@10", "mrr@10", "map@100")
_TAGS = ["sentence-transformers", "sentence-similarity", "feature-extraction", "dense", "retrieval", "polish", "matryoshka"]

_LOSSES = ("MatryoshkaLoss", "MultipleNegativesRankingLoss", "CachedMultipleNegativesRankingLoss")

Document = Mapping[str, Any]


def front_matter(manifest: Document, training: Document, evaluation: Document, examples: Sequence[Mapping[str, Any]] = ()) -> str:
    """The YAML between its two lines of dashes, model-index included."""
    from huggingface_hub.repocard_data import ModelCardData  # noqa: PLC0415 - costs a tenth of a second, and only cards need it

    recipe, base = manifest["recipe"], base_model(manifest)
    licence, licence_name = _licence(manifest)
    data = ModelCardData(
        language=list(recipe["filter"]["languages"]) or ["pl"],
        license=licence,
        license_name=licence_name,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=[*_TAGS, *_losses(training)],
        widget=[{"source_sentence": example["question"], "sentences": list(example["passages"])} for example in examples] or None,
        base_model=base if "/" in base else None,
        datasets=_hub_sources(manifest) or None,
        metrics=[_yaml_name(name) for name in SHOWN],
        model_name=title(manifest),
        eval_results=_eval_results(manifest, evaluation),
    )
    return f"---\n{data.to_yaml().strip()}\n---\n"


def _losses(training: Document) -> list[str]:
    """Tags of the losses in use, as sentence-transformers names them."""
    told = str(training["settings"].get("loss", "")) + " ".join(str(table.get("loss", "")) for table in training["tables"].values())
    return [f"loss:{name}" for name in _LOSSES if re.search(rf"\b{name}\b", told)]


def _eval_results(manifest: Document, evaluation: Document) -> list[Any]:
    """Every metric of every dimension of the fine-tuned model."""
    from huggingface_hub import EvalResult  # noqa: PLC0415 - as above

    return [
        EvalResult(
            task_type="information-retrieval",
            task_name="Information Retrieval",
            dataset_type=(_hub_sources(manifest) or [manifest["recipe"]["name"]])[0],
            dataset_name=f"{title(manifest)}, {evaluation['split']}, {dimension} dimensions",
            dataset_config=f"{dimension} dimensions",  # tells the entries apart: readers merge those of one dataset and split
            dataset_split=evaluation["split"],
            metric_type=f"cosine_{_yaml_name(metric)}",
            metric_name=f"Cosine {metric}",
            metric_value=figures[metric]["value"],
        )
        for dimension, figures in evaluation["systems"]["finetuned"].items()
        for metric in MEASURES
    ]


def title(manifest: Document) -> str:
    """Name of the dataset, by which the model goes too."""
    return str(manifest["recipe"]["title"] or manifest["recipe"]["name"])


def base_model(manifest: Document) -> str:
    """The recipe's base model."""
    return str(manifest["recipe"]["train"]["base_model"])


def _hub_sources(manifest: Document) -> list[str]:
    return sorted({str(source["repo"]) for source in manifest["recipe"]["sources"] if source.get("repo")})


def _licence(manifest: Document) -> tuple[str, str | None]:
    """The sources' one licence that the Hub knows and nobody disputes, or `other` and a name that says why."""
    found = sorted({str(source["licence"]).lower() for source in manifest["sources"]})
    if len(found) == 1 and found[0] in HUB_LICENCES and not is_disputed(manifest["recipe"]):
        return found[0], None
    return "other", "several-licences" if len(found) > 1 else "see-sources"


def _yaml_name(metric: str) -> str:
    return metric.replace("@", "_at_")
