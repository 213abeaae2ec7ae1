"""The recipe: one TOML file that says everything a run may vary, as frozen pydantic models.

Every key has a default that suits Polish question-passage pairs. Units live in the names, a limit
says its direction (min_, max_), a share is 0-1. `docs/recipes.md` is generated from these models.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from dataprep.recipes.curation import Clean, Decontaminate, Deduplicate, Filter, Split
from dataprep.recipes.section import Name, Positive, Section
from dataprep.recipes.sources import Source
from dataprep.recipes.training import Evaluate, Lengths, Negatives, Train


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
