"""The embedded base model: static token vectors made on the spot from the training passages.

No download and a few seconds of one processor. A token's vector has two halves of equal length: one shared
by tokens that stand in the same passages (latent semantic analysis: Deerwester et al. 1990, computed by
randomised subspace iteration, Halko et al. 2011), which brings related words near each other, and one of
its own (a random direction), which keeps equal words recognisable. Rare tokens get longer vectors (inverse
document frequency), so a text's mean is about what it says. The shared half has its strongest directions
first, which is the order that Matryoshka prefixes want.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EMBEDDED = "embedded"
DIMS = 256
VOCABULARY = 8_000
_PADDING, _UNKNOWN = "[PAD]", "[UNK]"
_SPECIAL = [_PADDING, _UNKNOWN]  # the first ids of the vocabulary; their vectors are zeros
_DECIMALS = 4  # beyond them the numbers would depend on how many processors multiplied the matrices
MAX_PASSAGES = 100_000  # more teach the vectors little and cost minutes
_MAX_TOKENIZED = 20_000  # a million words; more give the tokenizer nearly the same vocabulary
_OVERSAMPLING = 16  # extra directions and
_POWER_ITERATIONS = 3  # multiplications that make the leading directions exact (Halko et al. 2011, section 4.5)

Floats = npt.NDArray[np.float64]


def train_tokenizer(passages: pl.Series, *, vocabulary: int = VOCABULARY) -> Tokenizer:
    """A lower-casing byte-pair tokenizer of the passages' own words.

    The same passages, in any order and however often each, give the same tokenizer to the byte.

    Args:
        passages: Texts; nulls are left out.
        vocabulary: Most tokens; fewer where the passages do not yield as many.

    Returns:
        Tokenizer without truncation, padding and special tokens around a text.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    # a mark before each word tells its start from its inside; the trainer's own way, a prefix inside words, numbers
    # the prefixed characters in the order of a hash map, so that no two runs give the same tokenizer
    starts = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), starts])
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, min_frequency=2, special_tokens=_SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(_sample(passages, _MAX_TOKENIZED), trainer=trainer)
    return tokenizer


def build_base_model(passages: pl.Series, tokenizer: Tokenizer, *, dims: int = DIMS, seed: int = 42) -> "SentenceTransformer":
    """A sentence-transformers model: the mean of the tokens' vectors, normalised.

    Args:
        passages: Texts from which the vectors are made; nulls are left out.
        tokenizer: What `train_tokenizer` made of them.
        dims: Length of the vectors.
        seed: Seed of the random directions.
    """
    # late: these bring torch, which only training and evaluation need
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding  # noqa: PLC0415

    weights = token_vectors(passages, tokenizer, dims=dims, seed=seed)
    return SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights), Normalize()], device="cpu")


def token_vectors(passages: pl.Series, tokenizer: Tokenizer, *, dims: int = DIMS, seed: int = 42) -> npt.NDArray[np.float32]:
    """One vector per token of the vocabulary; tokens that stand in no passage have zeros.

    Args:
        passages: Texts; nulls are left out.
        tokenizer: Gives the tokens.
        dims: Length of the vectors.
        seed: Seed of the random directions.

    Returns:
        Array of shape (vocabulary, dims).
    """
    counts = _counts(_sample(passages, MAX_PASSAGES), tokenizer)
    weights = _inverse_document_frequency(counts)
    weights[: len(_SPECIAL)] = 0.0
    rng = np.random.default_rng(seed)
    shared = _directions(_weighted(counts, weights), dims=dims, rng=rng)
    own = rng.standard_normal((counts.shape[1], dims))
    vectors = (_unit(shared) + _unit(own)) * weights[:, None]
    return (vectors.round(_DECIMALS) + 0.0).astype(np.float32)  # + 0.0 turns -0.0 into 0.0


def _sample(passages: pl.Series, most: int) -> list[str]:
    """Distinct passages in order; where there are more than `most`, every n-th."""
    distinct = passages.drop_nulls().unique().sort()
    step = -(-len(distinct) // most) or 1
    return distinct.gather_every(step).to_list()


def _counts(passages: list[str], tokenizer: Tokenizer) -> Any:  # noqa: ANN401 - scipy's sparse arrays have no types
    """How often each token stands in each passage, as a sparse passage-token matrix."""
    from scipy import sparse  # noqa: PLC0415 - late: the tokenizer alone does without

    ids = [np.asarray(encoding.ids, dtype=np.int32) for encoding in tokenizer.encode_batch_fast(passages, add_special_tokens=False)]
    ends = np.cumsum([0, *(len(row) for row in ids)])
    tokens = np.concatenate([np.empty(0, dtype=np.int32), *ids])
    matrix = sparse.csr_matrix((np.ones(len(tokens)), tokens, ends), shape=(len(passages), tokenizer.get_vocab_size()))
    matrix.sum_duplicates()
    return matrix


def _inverse_document_frequency(counts: Any) -> Floats:  # noqa: ANN401
    """ln(1 + (N - df + 0.5) / (df + 0.5)), as Lucene's BM25 has it; 0 for tokens that stand nowhere."""
    n_passages, n_tokens = counts.shape
    found = np.bincount(counts.indices, minlength=n_tokens)
    return np.where(found > 0, np.log1p((n_passages - found + 0.5) / (found + 0.5)), 0.0)


def _weighted(counts: Any, weights: Floats) -> Any:  # noqa: ANN401
    """(1 + ln count) x weight, every passage scaled to length one."""
    from scipy import sparse  # noqa: PLC0415

    matrix = counts.copy()
    matrix.data = 1 + np.log(matrix.data)
    matrix = matrix @ sparse.diags(weights)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix


def _directions(matrix: Any, *, dims: int, rng: np.random.Generator) -> Floats:  # noqa: ANN401
    """Right singular vectors times the root of their singular values, strongest first; zeros beyond the matrix's rank."""
    directions = np.zeros((matrix.shape[1], dims))
    kept = min(dims, *matrix.shape)
    if kept == 0:
        return directions
    basis = matrix @ rng.standard_normal((matrix.shape[1], min(kept + _OVERSAMPLING, *matrix.shape)))
    for _ in range(_POWER_ITERATIONS):
        basis = matrix @ np.linalg.qr(matrix.T @ np.linalg.qr(basis)[0])[0]
    _, values, right = np.linalg.svd((matrix.T @ np.linalg.qr(basis)[0]).T, full_matrices=False)
    directions[:, :kept] = right[:kept].T * np.sqrt(values[:kept])
    return directions


def _unit(vectors: Floats) -> Floats:
    """Rows scaled to length one; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
