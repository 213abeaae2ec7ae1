"""What a recipe says of hard negatives, token lengths, training and evaluation."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dataprep.recipes.section import Count, Fraction, Positive, Section

Metric = Literal[
    "accuracy@1", "accuracy@3", "accuracy@5", "accuracy@10", "precision@1", "precision@3", "precision@5", "precision@10",
    "recall@1", "recall@3", "recall@5", "recall@10", "ndcg@10", "mrr@10", "map@100",
]  # fmt: skip
TrainingTable = Literal["pairs", "weak_pairs", "triplets", "judged_triplets", "first_sentences", "sentences", "titles", "crops"]


class Negatives(Section):
    """Hard negatives: judged ones first, then mined ones."""

    per_positive: Count = 3
    """Most negatives of one (anchor, positive)."""
    judged: bool = True
    """Use pairs judged not relevant."""
    bm25: bool = True
    """Fill up with passages that BM25 ranks high."""
    base: bool = False
    """Fill up with passages that the base model ranks high.

    Off, for then a release would need the base model's weights, and for most models a GPU.
    """
    max_rank: Positive = 50
    """How deep a retriever's ranking is looked at."""
    skip_ranks: Count = 5
    """The first ranks, where unjudged right answers are likely, are left out."""
    max_passages: Positive = 100_000
    """Passages among which a pair's negatives are looked for, about.

    A larger corpus is cut into equal ranges of passage ids, which are digests; a pair is mined for in its positive's range.
    """
    bm25_k1: Annotated[float, Field(ge=0)] = 0.9
    """BM25's saturation of term frequency in mining."""
    bm25_b: Fraction = 0.4
    """BM25's length normalisation in mining."""
    max_bm25_score_fraction: Annotated[float, Field(gt=0)] = 0.8
    """A mined negative scores at most this share of the positive's score by BM25.

    At 0.8, of KLEJ-DYK's other right passages 19 % would pass for negatives, and 36 % of the judged wrong ones fall out.
    """
    max_base_score_fraction: Annotated[float, Field(gt=0)] = 0.95
    """The same by the base model's cosine, which spreads less; 0.95 is the share that NV-Retriever found best (arXiv 2407.15831)."""


class Lengths(Section):
    """Token-length statistics."""

    tokenizer: str | None = None
    """A tokenizer's folder, file or Hub id; null takes that of the base model."""
    also: tuple[str, ...] = ()
    """Further tokenizers, as above, that are measured in the same pass."""
    max_tokens: Positive | None = None
    """Length at which the model truncates, special tokens counted; null takes the model's own."""
    words: Literal["rule", "spacy"] = "rule"
    """How words and sentences are counted: by a rule on the text, or twenty times slower by spaCy's Polish tokenizer and sentencizer."""


class TrainStage(Section):
    """One stage of the curriculum; each starts from the best weights so far."""

    tables: Annotated[tuple[TrainingTable, ...], Field(min_length=1)]
    """What is trained on; the rows of several tables are mixed.

    `pairs`: question, positive. `weak_pairs`: question and every passage judged for it, the label ignored. `triplets`: question,
    positive, hard negative, judged or mined. `judged_triplets`: those with judged negatives alone. `first_sentences`: a passage's
    first sentence and the rest of it. `sentences`: each of its sentences and the rest. `titles`: its title and its text.
    `crops`: two spans of its words, four times per passage.
    """
    loss: Literal["mnrl", "cached_mnrl", "triplet"] = "mnrl"
    """How rows teach: `mnrl`, multiple negatives ranking, takes every other passage of the batch for wrong.

    `cached_mnrl` does the same with large batches in little memory; `triplet` takes the row's own negative alone.
    """
    epochs: Positive | None = None
    """Passes over the table; null takes train.epochs."""
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; null takes train.learning_rate for the first stage and a quarter of it for later ones."""

    @model_validator(mode="after")
    def _tables_have_equal_columns(self) -> Self:
        """Rows with and without a negative cannot stand in one table."""
        if len({"triplets" in table for table in self.tables}) > 1:
            message = f"tables {', '.join(self.tables)}: triplets have a negative, the others have none; give each kind a stage of its own"
            raise ValueError(message)
        if self.loss == "triplet" and "triplets" not in self.tables[0]:
            message = f"loss triplet needs negatives, which {', '.join(self.tables)} lack; wanted triplets or judged_triplets"
            raise ValueError(message)
        return self


class Train(Section):
    """Fine-tuning."""

    base_model: str = "embedded"
    """"embedded" (a static model made from the training passages), a folder, or a Hub id."""
    base_revision: str | None = None
    """Hub: the commit or tag of the base model."""
    query_prompt: str = ""
    """Text put before each question, in training and in the saved model."""
    passage_prompt: str = ""
    """Text put before each passage, in training and in the saved model."""
    idf_weights: bool = False
    """Before training, multiply each token's vector of a static base model by the token's inverse document frequency.

    Counted in the passages of training questions, with adapt_to_corpus in the whole corpus. "embedded" has such weights by
    itself; it stays as it is, and so do transformers.
    """
    stages: Annotated[tuple[TrainStage, ...], Field(min_length=1)] = (TrainStage(tables=("pairs",)), TrainStage(tables=("triplets",)))
    """The curriculum: what is trained on, one after the other; a `[[train.stages]]` table each."""
    adapt_to_corpus: bool = False
    """Make pairs from every passage of the corpus, those of held-out questions included but without their questions and labels.

    Right where the corpus that will be searched is known; the model's card says that it was done. False takes the passages of
    training questions alone.
    """
    epochs: Positive = 5
    """Passes over the table of each stage that does not say otherwise."""
    batch_size: Positive = 64
    """Rows per batch."""
    mini_batch_size: Positive = 32
    """Rows that loss `cached_mnrl` holds at once."""
    accumulation_steps: Positive = 1
    """Batches whose gradients are added up for one step; negatives are still those of one batch."""
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; null takes 0.02 for static models and 2e-5 for transformers.

    Stages after the first take a quarter of it, unless they name their own.
    """
    warmup_fraction: Fraction = 0.1
    """Share of the steps in which the learning rate rises."""
    matryoshka_dims: tuple[Positive, ...] = (256, 128, 64)
    """Dimensions trained and judged; those above the model's own are left out, and its own is added."""
    max_positives_per_question: Positive = 8
    """More positives of one question than this are not trained on, for they break batching."""
    max_tokens: Positive | None = None
    """Length at which texts are truncated; null takes the model's own."""
    best_metric: Metric = "ndcg@10"
    """The metric on validation by which the weights of the best pass are chosen."""
    best_dimension: Positive | None = None
    """The dimension that it is measured at; null takes the model's own."""
    early_stopping_passes: Positive | None = None
    """Passes without a better score after which a stage ends; null goes through all."""
    checkpoint_steps: Positive = 500
    """Steps between two checkpoints; there is one after each pass too. A run that was killed goes on from the last."""
    gradient_checkpointing: bool = False
    """Compute activations again instead of keeping them: slower, in a fraction of the memory."""
    mixed_precision: bool = True
    """Use bfloat16 and TensorFloat-32 where the GPU has them."""


class Evaluate(Section):
    """Evaluation by retrieval over the whole corpus."""

    split: Literal["validation", "test"] = "test"
    """The split that is judged."""
    bootstrap_samples: Positive = 1_000
    """Resamplings of the queries for each 95 % interval."""
    bm25_k1: Annotated[float, Field(ge=0)] | None = None
    """BM25's saturation of term frequency; null chooses it, by ndcg@10, on the validation split."""
    bm25_b: Fraction | None = None
    """BM25's length normalisation; null chooses it with bm25_k1."""
    label_column: str | None = None
    """Column of the sources with a label that the recipe itself ignores.

    Given one, the evaluation shows what perfect and topic-only rankers, BM25 and the models score by row-wise judging without
    labels, and by questions with labels, side by side.
    """
    rrf_k: Positive = 60
    """Constant of the reciprocal rank fusion of BM25 and the fine-tuned model; 60 is its inventors' (Cormack and others 2009)."""
