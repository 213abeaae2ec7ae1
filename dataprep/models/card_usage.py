"""How the model is used, as its card shows it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_FALLBACK = {
    "question": "kiedy odbyła się bitwa pod Grunwaldem?",
    "passages": ["Bitwa pod Grunwaldem rozegrała się 15 lipca 1410 roku.", "Wawel leży w Krakowie."],
}


def usage(training: Mapping[str, Any], examples: Sequence[Mapping[str, Any]]) -> str:
    """Loading the model and encoding a question and passages of the validation split, prompts stated; a test runs it."""
    query, passage = training["settings"]["query_prompt"], training["settings"]["passage_prompt"]
    shown: Mapping[str, Any] = examples[0] if examples else _FALLBACK
    prompts = (
        f"The model's own prompts stand before the texts: {query!r} before questions, {passage!r} before passages. "
        "`encode_query` and `encode_document` put them there; plain `encode` does not."
        if query or passage
        else "Questions and passages are encoded as they are, without a prompt."
    )
    passages = "".join(f"\n    {_python(text)}," for text in shown["passages"])
    return f"""## Use

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/or/hub-id")  # truncate_dim=64 for shorter vectors
assert model.prompts == {{"query": {_python(query)}, "document": {_python(passage)}}}
queries = model.encode_query([{_python(shown["question"])}])
passages = model.encode_document([{passages}
])
print(model.similarity(queries, passages))
```

{prompts}
"""


def _python(text: str) -> str:
    """A text as Python source, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
