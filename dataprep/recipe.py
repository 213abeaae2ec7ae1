"""The recipe: one TOML file that says everything a run may vary, as frozen pydantic models.

Every key has a default that suits Polish question-passage pairs. Units live in the names, a limit
says its direction (min_, max_), a share is 0-1. `docs/recipes.md` is generated from these models.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Metric = Literal[
    "accuracy@1", "accuracy@3", "accuracy@5", "accuracy@10", "precision@1", "precision@3", "precision@5", "precision@10",
    "recall@1", "recall@3", "recall@5", "recall@10", "ndcg@10", "mrr@10", "map@100",
]  # fmt: skip
TrainingTable = Literal["pairs", "weak_pairs", "triplets", "judged_triplets", "first_sentences", "sentences", "titles", "crops"]


class Section(BaseModel):
    """A part of the recipe: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Columns(Section):
    """Which columns of the source hold what."""

    id: str | None = None
    """Column with the source's own id of the row; without one, file:line stands for it."""
    question: str = "question"
    """Column with the question."""
    passage: str = "passage"
    """Column with the passage."""
    label: str | None = None
    """Column with 1 (relevant), 0 (not relevant) or nothing (asserted); null takes `label` if it is there, else every pair is asserted."""
    title: str | None = None
    """Column with the passage's title; null takes `title` if it is there, else there are no titles."""


class LicenceClaim(Section):
    """A licence that somebody else states for a source's texts."""

    licence: str
    """The licence as the Hub spells it."""
    by: str
    """Who or what states it, for example "card of the model owner/name"."""


class Source(Section):
    """One source of pairs."""

    name: Name
    """Unique name; part of every row_id."""
    kind: Literal["hub", "tsv", "csv", "jsonl", "parquet", "squad", "beir"]
    """What it is: a dataset on the Hub, files of rows, SQuAD JSON, or a BEIR folder."""
    path: str | None = None
    """Files: a path, a glob, or an https/hf/s3 URL; .gz, .zst and .zip are opened.

    Looked for from the recipe's folder, then from the working directory.
    """
    repo: str | None = None
    """Hub: owner/name of the dataset."""
    config: str | None = None
    """Hub: configuration of the dataset."""
    split: str = "train"
    """Hub and BEIR: the split to read."""
    revision: str | None = None
    """Hub: the commit or tag to read; null reads the newest, and the manifest says which that was."""
    licence: str = "unknown"
    """Licence of the source as the Hub spells it, for example cc-by-sa-3.0."""
    licence_claims: tuple[LicenceClaim, ...] = ()
    """What others state, each as `{ licence = "…", by = "…" }`; if it contradicts `licence`, the release is licensed as `other`."""
    attribution: str = ""
    """Whom the source wants named, and how: a sentence for the card's section on licences."""
    columns: Columns = Columns()
    """Which columns hold what."""
    quoting: Literal["auto", "none", "standard"] = "auto"
    """tsv and csv: whether double quotes wrap fields (standard), are plain text (none), or standard for csv and none for tsv (auto)."""

    @model_validator(mode="after")
    def _has_an_origin(self) -> Self:
        """A Hub source needs `repo`, any other needs `path`."""
        needed = "repo" if self.kind == "hub" else "path"
        if getattr(self, needed) is None:
            message = f"source {self.name!r} of kind {self.kind!r} needs `{needed}`"
            raise ValueError(message)
        return self


class Clean(Section):
    """Text to text rules, each on or off. They run in this order; the ledger keeps before and after."""

    mojibake: bool = True
    """Repair text decoded with the wrong encoding (ftfy, and Polish damage that ftfy does not know)."""
    unicode_nfc: bool = True
    """Compose characters to NFC."""
    control_characters: bool = True
    """Remove control, zero-width and bidi characters, soft hyphens and byte-order marks."""
    csv_quotes: bool = True
    """Undo CSV quoting that was left in the text: \"a \"\"b\"\" c\" becomes a "b" c."""
    html: bool = True
    """Decode entities and remove tags; `3 < 5` stays."""
    wiki_markup: bool = True
    """Remove remnants of wiki markup: ''', [[…|…]], Plik:…|, {{…}}."""
    doubled_title: bool = True
    """Remove a title that stands twice at the start: "Gorgippia Gorgippia - …"."""
    empty_parentheses: bool = True
    """Remove parentheses with nothing in them, and a comma or semicolon that follows an opening one: "Mao Xinyu (; ur. 1970)"."""
    space_before_punctuation: bool = True
    """Remove the space before , . ; : ! ? and closing brackets."""
    white_space: bool = True
    """Turn every run of white space into one space and trim the ends."""


class Filter(Section):
    """Limits. Every rule is measured on every row; a row that fails one is dropped with the values."""

    min_question_chars: Count = 8
    """Shortest question kept."""
    max_question_chars: Count = 1_000
    """Longest question kept."""
    min_passage_chars: Count = 20
    """Shortest passage kept."""
    max_passage_chars: Count = 20_000
    """Longest passage kept."""
    min_passage_words: Count = 5
    """Fewest words of a passage; shorter ones are bare headings."""
    min_question_tokens: Positive | None = None
    """Fewest tokens of a question as the base model reads it, prompt and special tokens counted; null measures no tokens of questions."""
    max_question_tokens: Positive | None = None
    """Most tokens of a question; as above."""
    min_passage_tokens: Positive | None = None
    """Fewest tokens of a passage as the base model reads it, title, prompt and special tokens counted; null measures none of passages."""
    max_passage_tokens: Positive | None = None
    """Most tokens of a passage, as above; the base model's own limit keeps what it would truncate out."""
    min_letter_fraction: Fraction = 0.5
    """Smallest share of letters among the passage's characters that are not white space."""
    max_digit_fraction: Fraction = 0.4
    """Largest share of digits among them."""
    max_symbol_fraction: Fraction = 0.3
    """Largest share of what is neither letter nor digit among them."""
    max_repeated_fraction: Fraction = 0.5
    """Largest share of a passage's words that repeat earlier word 3-grams of it."""
    languages: tuple[str, ...] = ("pl",)
    """Languages kept (ISO 639-1); an empty list keeps all."""
    min_language_chars: Count = 40
    """Texts shorter than this are dropped for their language only where the identifier is sure."""
    language_second_opinion: bool = True
    """Where the identifier finds no wanted language, Polish is kept all the same if the text reads Polish word by word."""
    passage_equals_question: bool = True
    """Drop rows whose passage is the question."""
    question_form: Literal["off", "report", "drop"] = "report"
    """What to do with a question that is a statement."""
    truncated_passage: Literal["off", "report", "drop"] = "report"
    """What to do with a passage that breaks off in the middle of a sentence."""
    personal_data: Literal["off", "report", "mask", "drop"] = "report"
    """What to do with PESEL, NIP, REGON, IBAN, phone numbers and e-mail addresses."""


class Decontaminate(Section):
    """Reference sets, such as evaluation sets and other releases, whose questions and right passages must not be trained on."""

    against: tuple[Source, ...] = ()
    """The reference sets, each a table like those of `[[sources]]`; an earlier release is read as kind beir, one split each."""
    min_question_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Smallest Jaccard similarity of the word sets at which a row's question counts as one of a reference set's."""
    min_passage_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Smallest Jaccard similarity of the word n-gram sets at which a row's passage counts as a right one of a reference set's."""


class Deduplicate(Section):
    """Thresholds of sameness."""

    questions: bool = True
    """Unite questions that are equal but for case, punctuation and white space; false makes each row a query of its own."""
    passages: Literal["off", "exact", "near", "semantic"] = "near"
    """Unite passages: never, when equal but for case, punctuation and white space, also when nearly equal, or also when the base model
    finds them alike."""
    min_passage_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Near passages: smallest Jaccard similarity of their word n-gram sets."""
    min_passage_cosine: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Semantic passages: smallest cosine of their vectors by the base model of `[train]`."""
    shingle_words: Positive = 3
    """n of the word n-grams."""
    min_question_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Near questions, which are tied into one group but never united: smallest Jaccard similarity of their word sets."""
    guards: tuple[Literal["number", "negation", "name", "symbol"], ...] = ("number", "negation", "name", "symbol")
    """Never unite passages that differ in one of these."""
    on_conflict: Literal["drop", "relevant", "not_relevant"] = "drop"
    """A question and passage judged both ways: drop the pair, or believe one side."""


class Split(Section):
    """Shares of the splits. A group of questions is never divided."""

    by: Literal["group", "row"] = "group"
    """What is assigned as a whole: a group of questions, or each row alone, which leaks and is refused by `dataprep check`."""

    validation: Fraction = 0.1
    """Expected share of groups in validation."""
    test: Fraction = 0.2
    """Expected share of groups in test; the rest is train."""
    max_group_positives: Positive = 50
    """A group with more positives than this goes to train, whatever its hash."""

    @model_validator(mode="after")
    def _leaves_some_to_train(self) -> Self:
        """Validation and test together leave something to train on."""
        if self.validation + self.test >= 1:
            message = f"validation {self.validation} + test {self.test} leave nothing to train on; their sum must be below 1"
            raise ValueError(message)
        return self


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


class Publish(Section):
    """Where the release and the model go."""

    to: tuple[str, ...] = ()
    """Targets: hf://datasets/OWNER/NAME, hf://OWNER/NAME, s3://BUCKET/PREFIX, or a folder; none publishes nothing."""
    what: tuple[Literal["dataset", "model"], ...] = ("dataset", "model")
    """What is published."""
    private: bool = False
    """Make a new repository private; one that is there and public is an error."""
    tag: str | None = None
    """Tag of the published commit; one that names another commit already is an error."""
    revision: str = "main"
    """Branch of the repository that is published to; made if it is not there."""
    create_pr: bool = False
    """Open a pull request and leave it to a person to merge it, in place of committing to the branch."""
    model_alone: bool = False
    """Publish the model although the release that trained it is not published."""
    token_block: str | None = None
    """Prefect Secret block that holds the Hub's token; null takes HF_TOKEN, else the login of `hf auth login`."""
    timeout_s: Annotated[float, Field(gt=0)] = 90.0
    """How long to wait for an answer of the Hub, in seconds; then the call is repeated."""
    approval: bool = False
    """Wait for a person's approval before publishing; a run by hand stops there, for `dataprep publish` is the approval."""
    approval_hours: Annotated[float, Field(gt=0)] = 72
    """How long a deployed run waits for the approval before it fails."""


class Run(Section):
    """How the work is carried out. What comes out does not depend on it."""

    engine: Literal["local", "dask"] = "local"
    """Where the stages that work part by part do so: in this process, or on the workers of a Dask cluster (extra `dask`)."""
    address: str | None = None
    """Scheduler of a running Dask cluster, which sees the same files; null starts one on this machine."""
    workers: Positive = 2
    """Processes of a cluster that is started here."""
    memory_gb: Annotated[float, Field(gt=0)] = 4.0
    """Memory of each of them, in 10^9 bytes; one that needs more is restarted, and its part is done again."""
    shards: Positive | None = None
    """Parts that each source's rows are cut into; null makes one for every 64 MB of text."""


class Recipe(Section):
    """Everything a run may vary."""

    name: Name
    """Name of the recipe and of its build folder."""
    title: str | None = None
    """Name of the dataset as its card shows it."""
    seed: int = 42
    """Seed of the splits, of training and of the bootstrap."""
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """Where the pairs come from."""
    clean: Clean = Clean()
    """Text to text rules."""
    filter: Filter = Filter()
    """Limits."""
    decontaminate: Decontaminate = Decontaminate()
    """Reference sets that rows must not stand in."""
    deduplicate: Deduplicate = Deduplicate()
    """Thresholds of sameness."""
    split: Split = Split()
    """Shares of the splits."""
    negatives: Negatives = Negatives()
    """Hard negatives."""
    lengths: Lengths = Lengths()
    """Token-length statistics."""
    train: Train = Train()
    """Fine-tuning."""
    evaluate: Evaluate = Evaluate()
    """Evaluation."""
    publish: Publish = Publish()
    """Publishing."""
    run: Run = Run()
    """How the work is carried out."""

    @model_validator(mode="after")
    def _source_names_are_unique(self) -> Self:
        """Two sources of one name would share row ids."""
        names = [source.name for source in (*self.sources, *self.decontaminate.against)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"two sources are named {twice[0]!r}; each needs a name of its own, for it is part of every row_id"
            raise ValueError(message)
        return self

    def as_published(self) -> Mapping[str, Any]:
        """The recipe as the manifest shows it: without paths of the machine, and without what no table depends on."""
        plain = self.model_dump(mode="json", exclude={"publish", "run"})
        for source in (*plain["sources"], *plain["decontaminate"]["against"]):
            source.pop("path")
        for section, key in (("train", "base_model"), ("lengths", "tokenizer")):
            if plain[section][key]:
                plain[section][key] = public_name(plain[section][key])
        plain["lengths"]["also"] = [public_name(name) for name in plain["lengths"]["also"]]
        return plain


def public_name(model: str) -> str:
    """A model's name without the path of a folder on this machine; a Hub id stays."""
    return model.rstrip("/").split("/")[-1] if model.startswith(("/", ".", "~")) else model
