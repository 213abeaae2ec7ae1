"""The card's sections on what the dataset is, where it comes from and how it was made."""

from collections.abc import Mapping
from typing import Any

from dataprep.recipes.curation import Clean, Deduplicate, Filter
from dataprep.recipes.section import Section
from dataprep.releases.card_figures import Figures, count, liczba, percent, picture, plain, procent, table
from dataprep.releases.licences import licences, questions
from dataprep.releases.manifest import COUNTED
from dataprep.releases.release import CONFIGS, SCHEMAS, table_path

_SECTIONS: Mapping[str, type[Section]] = {"clean": Clean, "filter": Filter, "deduplicate": Deduplicate}
_RULES = {
    "ingest.utf8": "Bytes that are no UTF-8.",
    "ingest.nul": "A NUL byte.",
    "ingest.columns": "Another number of fields than the header has.",
    "ingest.csv": "Quoting that does not close.",
    "ingest.json": "A line that is no JSON object with the named columns.",
    "ingest.dangling": "A judgement that names a question or passage which the source lacks.",
    "ingest.empty": "No question or no passage.",
    "ingest.label": "A label that is neither 0 nor 1.",
    "filter.language": "Drop texts in other languages than the recipe's.",
    "filter.contaminated_question": "Drop rows whose question stands in a reference set, word for word or nearly so.",
    "filter.contaminated_passage": "Drop rows whose passage answers a question of a reference set, word for word or nearly so.",
    "deduplicate.exact_duplicate_question": "Unite questions that are equal but for case, punctuation and white space.",
    "deduplicate.exact_duplicate_passage": "Unite passages that are equal but for case, punctuation and white space.",
    "deduplicate.near_duplicate_passage": "Unite nearly equal passages that differ in no number, negation, name or symbol.",
    "deduplicate.semantic_duplicate_passage": "Unite passages that the base model finds alike and that no guard keeps apart.",
    "deduplicate.title_of_passage": "Give a united passage one title.",
    "deduplicate.duplicate_pair": "Merge rows that have the same question and passage.",
    "deduplicate.label_conflict": "Settle pairs that are judged both ways.",
    "release.judged": "Rows that stand for a pair with a judgement.",
    "release.asserted": "Rows that stand for a pair that the source asserts without a judgement.",
}
_MEANING = {
    "qrels": "which passage answers which question; positives only",
    "corpus": "the passages that are searched",
    "queries": "the questions, also those without a right passage",
    "judgements": "every judgement: score 1 relevant, 0 judged not relevant",
    "pairs": "training rows with a right passage",
    "triplets": "training rows with a right and a wrong passage",
}


def summary(figures: Figures) -> str:
    """Title, what the dataset is, and the same in Polish."""
    n_queries = sum(split["queries"] for split in figures.splits.values())
    n_positives = sum(split["positives"] for split in figures.splits.values())
    n_passages, n_triplets = figures.rows("corpus"), figures.rows("triplets")
    n_read, n_kept = figures.total("read"), figures.total("kept")
    leak = figures.quality["row_wise_split"]["question_leak_fraction"]
    return f"""# {plain(figures.title)}

Polish questions and passages for training and judging retrieval models: {count(n_passages)} passages, {count(n_queries)} questions with a
right passage ({count(n_positives)} question–passage pairs judged or asserted relevant), and {count(n_triplets)} training triplets with hard
negatives. It was made from {count(n_read)} source rows, of which {count(n_kept)} were kept; the fate of
every other row is counted below. Questions that belong together stand in one split, so that nothing that is tested was trained
on. A split of single rows would have put the question of {percent(leak)} of the held-out rows into training as well.

**Po polsku.** Polskie pytania i fragmenty tekstu do uczenia i oceny modeli wyszukiwania. Liczba fragmentów: {liczba(n_passages)}; pytań
z właściwą odpowiedzią: {liczba(n_queries)}; par pytanie–właściwy fragment: {liczba(n_positives)}; trójek uczących z trudnymi negatywami:
{liczba(n_triplets)}. Zbiór powstał z {liczba(n_read)} wierszy źródłowych, zachowano {liczba(n_kept)}; los pozostałych opisują tabele niżej.
Powtórzenia połączono, a pytania powiązane treścią lub wspólną odpowiedzią trafiły do jednej części, więc nic ze zbioru
testowego nie przecieka do uczącego. Przy podziale na pojedyncze wiersze pytanie powtórzyłoby się w części uczącej
dla {procent(leak)} odłożonych wierszy. Znane ograniczenia, obciążenia i skróty, z których model mógłby korzystać bez czytania, opisano
w części „Known limits, biases and shortcuts”; licencje źródeł w części „Licence and attribution”."""


def tables(figures: Figures) -> str:
    """One row per configuration and split."""
    files = figures.manifest["tables"]
    rows = [
        (config, split, ", ".join(SCHEMAS[config].names()), _MEANING[config], count(files[table_path(config, split)]["rows"]))
        for config, splits in CONFIGS.items()
        for split in splits
    ]
    return f"""## Tables

{table(("configuration", "split", "columns", "holds", "rows"), rows, numbers_from=4)}

`_id` is a hash of the text, so a text has the same id in every release. A pair that is in no judgement is unjudged, not
wrong. `corpus.jsonl`, `queries.jsonl` and `qrels/` hold the same rows for BEIR. `statistics/groups.parquet` says which questions had
to stay together, and `manifest.json` has the checksum of every file."""


def sources(figures: Figures) -> str:
    """How each source was pinned."""
    rows = [
        (
            plain(s["name"]),
            plain(s["kind"]),
            plain(s["revision"] or "–"),
            f"`{s['sha256']}`" if s["sha256"] else "–",
            plain(s["licence"]),
            count(s["rows"]),
        )
        for s in figures.manifest["sources"]
    ]
    return f"""## Where the rows come from

{table(("source", "kind", "revision", "SHA-256 of its rows", "licence", "rows"), rows, numbers_from=5)}"""


def curation(figures: Figures) -> str:
    """Counts per source, and what every rule did, also those that did nothing."""
    counts = figures.manifest["counts"]
    per_source = [(plain(source), *(count(counts[name].get(source, 0)) for name in COUNTED)) for source in sorted(counts["read"])]
    rules = [
        (f"`{rule['rule']}`", _meaning(rule["rule"]), _setting(figures.recipe, rule["rule"]), count(rule["n_rows"]))
        for rule in figures.quality["rules"]
    ]
    told = table(("rule", "what it does", "setting", "rows"), rules, numbers_from=3)
    return f"""## How it was made

Every row that was read ends once: rejected (it could not be parsed), dropped (a rule ruled it out), merged (another row says the
same) or kept.

{table(("source", *COUNTED), per_source)}

Rows that each rule touched, with its setting in the recipe. A rule with 0 is listed all the same: it found nothing, is off, or
only reports what it finds. `statistics/quality.json` shows a few rows of every rule before and after.

{picture(figures, "rules", "Rows touched by the commonest rules")}{told}{_reported(figures)}"""


def _reported(figures: Figures) -> str:
    """What rules found that only report, in a sentence each."""
    found = figures.quality["reported"]
    lines = [f"`{f['rule']}` only reports: it speaks of {count(f['rows'])} rows, {count(f['kept'])} of them kept." for f in found]
    return "\n\n" + "\n".join(lines) if lines else ""


def licence(figures: Figures) -> str:
    """Which source has which licence."""
    found = licences(figures)
    lines = "\n".join(f"- {plain(', '.join(names))}: {plain(name)}" for name, names in found.items())
    if len(found) == 1:
        advice = "All sources carry one licence, and so does this dataset."
    else:
        advice = "The sources carry different licences. Each text keeps that of its source; LICENSE.md says what follows from it."
    asked = [f"- {plain(question)}" for question in questions(figures.recipe)]
    opened = "\n\n".join(["", "To be settled before the texts are passed on:", "\n".join(asked)]) if asked else ""
    if asked and len(found) == 1:
        advice = "Whether this licence holds is open, see below; LICENSE.md says the same."
    repos = [f"[{plain(s['repo'])}](https://huggingface.co/datasets/{s['repo']})" for s in figures.recipe["sources"] if s["repo"]]
    credit = f" The texts come from {', '.join(repos)}: name them when you use this dataset." if repos else ""
    credit += "".join(f" {plain(s['attribution'])}" for s in figures.recipe["sources"] if s.get("attribution"))
    return f"""## Licence and attribution

{lines}

{advice}{credit}{opened}"""


def citation(figures: Figures) -> str:
    """How to cite this very release, and how to make it again."""
    manifest = figures.manifest
    return f"""## Citation and reproduction

```bibtex
@misc{{{figures.name},
  title = {{{{{figures.title.translate(str.maketrans("", "", "{}"))}}}}},
  note  = {{made with dataprep {manifest["dataprep_version"]}, recipe {manifest["recipe_sha256"][:12]}}},
}}
```

The recipe stands in `manifest.json`; the same recipe on the same sources gives the same bytes. `dataprep check` on this folder
proves the checksums, the counts and the leak checks, and counts every figure again that follows from its tables; on the build
that made it, which has the rows before curation, all of `statistics/quality.json` too. Tokens are not counted again."""


def _meaning(rule: str) -> str:
    """What a rule does: as told above, or in the words of the recipe's documentation."""
    if rule in _RULES:
        return _RULES[rule]
    stage, _, name = rule.partition(".")
    section = _SECTIONS.get(stage)
    field = section.model_fields.get(name) if section else None
    return plain(field.description) if field and field.description else ""


def _setting(recipe: Mapping[str, Any], rule: str) -> str:
    """What the recipe says of a rule: on, off, a limit, or what is done with what it finds."""
    stage, _, name = rule.partition(".")
    same, references = recipe["deduplicate"], [source["name"] for source in recipe["decontaminate"]["against"]]
    is_near, is_semantic = same["passages"] in {"near", "semantic"}, same["passages"] == "semantic"
    value = {
        "filter.language": ", ".join(recipe["filter"]["languages"]),
        "filter.contaminated_question": ", ".join(references),
        "filter.contaminated_passage": ", ".join(references),
        "deduplicate.exact_duplicate_question": same["questions"],
        "deduplicate.exact_duplicate_passage": same["passages"] != "off",
        "deduplicate.near_duplicate_passage": is_near and same["min_passage_jaccard"],
        "deduplicate.semantic_duplicate_passage": is_semantic and same["min_passage_cosine"],
        "deduplicate.label_conflict": same["on_conflict"],
    }.get(rule, recipe.get(stage, {}).get(name, "–"))
    if value is True:
        return "on"
    return "off" if value is None or value is False or value == "" else plain(str(value))
