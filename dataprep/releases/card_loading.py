"""How to load a release in four ecosystems: the card's snippets and the mteb task class."""

import json
import re
from hashlib import sha256

from dataprep.releases.card_figures import Figures, plain


def loading(figures: Figures) -> str:
    """The section with one snippet per ecosystem; each runs as it stands once `REPO` is a repository or folder."""
    training = "triplets" if figures.rows("triplets") else "pairs"
    return f"""## How to load it

Put the repository's name where `OWNER/{figures.name}` stands; `datasets` also takes the path of this folder.

**datasets**

```python
from datasets import load_dataset

REPO = "OWNER/{figures.name}"
corpus = load_dataset(REPO, "corpus", split="corpus")
queries = load_dataset(REPO, "queries", split="queries")
qrels = load_dataset(REPO, split="test")  # qrels is the default configuration
```

**sentence-transformers** (columns in the order that its losses read: anchor first)

```python
from datasets import load_dataset

REPO = "OWNER/{figures.name}"
rows = load_dataset(REPO, "{training}")
train = rows["train"]
```

**mteb**

```python
import sys

import mteb
from huggingface_hub import snapshot_download

folder = snapshot_download("OWNER/{figures.name}", repo_type="dataset")
sys.path.insert(0, folder)
from mteb_task import {task_name(figures)}

task = {task_name(figures)}()
task.load_data()  # or: mteb.evaluate(model, task)
```

**BEIR**

```python
from beir.datasets.data_loader import GenericDataLoader
from huggingface_hub import snapshot_download

folder = snapshot_download("OWNER/{figures.name}", repo_type="dataset")
corpus, queries, qrels = GenericDataLoader(data_folder=folder).load(split="test")
```
"""


def task_class(figures: Figures) -> str:
    """mteb_task.py: the class that makes mteb judge a model on the folder in which the file lies."""
    description = f"Questions and passages of {plain(figures.title)}: retrieval over the whole corpus."
    return f'''"""The mteb task of this dataset: `mteb.evaluate(model, {task_name(figures)}())`."""

from pathlib import Path

import mteb
from mteb.abstasks import AbsTaskRetrieval


class {task_name(figures)}(AbsTaskRetrieval):
    metadata = mteb.TaskMetadata(
        name="{task_name(figures)}",
        description={json.dumps(description, ensure_ascii=False)},
        type="Retrieval",
        category="t2t",
        main_score="ndcg_at_10",
        eval_langs=["pol-Latn"],
        eval_splits=["test"],
        dataset={{"path": str(Path(__file__).parent), "revision": "{content_revision(figures)}"}},
    )
'''


def task_name(figures: Figures) -> str:
    """Name of the task class: the dataset's name in capitals and lower case, then Retrieval."""
    words = re.findall(r"[A-Za-z0-9]+", figures.name)
    name = "".join(word[0].upper() + word[1:] for word in words)
    return f"{name if name[0].isalpha() else 'Set' + name}Retrieval"


def content_revision(figures: Figures) -> str:
    """A revision that follows from the tables alone, so that mteb's cached results belong to these very rows."""
    checksums = json.dumps({path: table["sha256"] for path, table in figures.manifest["tables"].items()}, sort_keys=True)
    return sha256(checksums.encode()).hexdigest()[:40]
