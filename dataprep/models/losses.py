"""The losses that a stage of training may name, each over all Matryoshka dimensions at once."""

from collections.abc import Callable, Mapping, Sequence

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
    TripletDistanceMetric,
    TripletLoss,
)
from torch import nn

TRIPLET_MARGIN = 0.2  # of cosine distances, which lie in 0-2
DESCRIPTIONS: Mapping[str, str] = {
    "mnrl": "MatryoshkaLoss(MultipleNegativesRankingLoss)",
    "cached_mnrl": "MatryoshkaLoss(CachedMultipleNegativesRankingLoss)",
    "triplet": f"MatryoshkaLoss(TripletLoss, cosine, margin {TRIPLET_MARGIN})",
}


def build_loss(model: SentenceTransformer, name: str, *, dims: Sequence[int], mini_batch_size: int) -> nn.Module:
    """A loss by its name.

    Args:
        model: The model in training.
        name: `mnrl` (Henderson et al. 2017: every other passage of the batch counts as wrong), `cached_mnrl` (the same
            with gradients cached, Gao et al. 2021) or `triplet` (the row's own negative alone counts as wrong).
        dims: Dimensions that each loss is taken at, summed (Kusupati et al. 2022).
        mini_batch_size: Rows that `cached_mnrl` holds at once.
    """
    losses: Mapping[str, Callable[[], nn.Module]] = {
        "mnrl": lambda: MultipleNegativesRankingLoss(model),
        "cached_mnrl": lambda: CachedMultipleNegativesRankingLoss(model, mini_batch_size=mini_batch_size),
        "triplet": lambda: TripletLoss(model, distance_metric=TripletDistanceMetric.COSINE, triplet_margin=TRIPLET_MARGIN),
    }
    return MatryoshkaLoss(model, losses[name](), matryoshka_dims=list(dims))
