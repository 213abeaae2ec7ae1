"""The card's sections on splits, lengths and questions."""

from typing import Any

from dataprep.releases.card_figures import Figures, count, percent, picture, plain, table
from dataprep.schemas import SPLITS

_LANGUAGES = 5


def splits(figures: Figures) -> str:
    """Per split what it holds, beside what was aimed at."""
    rows = [
        (
            name,
            *(count(split[key]) for key in ("queries", "unanswered", "positives", "judged_negatives", "groups")),
            percent(split["aim_fraction"]),
            percent(split["groups_fraction"]),
            percent(split["positives_fraction"]),
        )
        for name in SPLITS
        if (split := figures.splits[name])
    ]
    head = ("split", "questions", "without a right passage", "positives", "judged negatives", "groups", "aim", "of groups", "of positives")
    return f"""## Splits

{picture(figures, "splits", "Share of the groups per split, aimed at and reached")}{table(head, rows)}

A group is a set of questions tied by equal or nearly equal text, or by a shared or nearly equal right passage; it is never divided.
The split of a group depends on the group and the seed alone, so it stays put when rows are added.

{_largest_group(figures)}"""


def lengths(figures: Figures) -> str:
    """Token lengths per column and split, and what training on them costs."""
    document = figures.lengths
    tokens = "\n\n".join(_tokens(document, name) for name in document["tokenizers"])
    others = _others(document)
    costs = [
        (plain(c["tokenizer"]), c["table"], *(count(c[key]) for key in ("rows", "steps", "tokens")), percent(c["padding_fraction"]))
        for c in document["training"]
    ]
    head = ("tokenizer", "table", "rows", "steps", "tokens", "padding added")
    definitions = "\n".join(f"- {name}: {plain(meaning)}" for name, meaning in document["definitions"].items())
    pictures = [picture(figures, f"lengths-{name}", f"Tokens per {name}, number of texts by length") for name in ("question", "passage")]
    return f"""## Lengths

{"".join(pictures)}{tokens}

{others}

{_longest(document)}

One epoch of training in batches of {_batch_size(document)} rows. The padding is the share of a batch that is filled up when every
column is padded to its longest text, as transformers do; static embeddings are not padded.

{table(head, costs, numbers_from=2)}

What is counted (`statistics/lengths.json` has the percentiles of characters, words and sentences too, with histograms):

{definitions}"""


def _tokens(document: dict[str, Any], name: str) -> str:
    """Token lengths by one tokenizer."""
    tokenizer = document["tokenizers"][name]
    keys = ("min", "mean", "sd", "p50", "p90", "p95", "p99", "max")
    rows = [
        (f"{e['table']}.{e['column']}", e["split"], count(e["n_texts"]), *(e[key] for key in keys), percent(e["truncated_fraction"]))
        for e in document["columns"]
        if e["tokenizer"] == name
    ]
    limit = tokenizer["max_tokens"]
    truncation = f"The model truncates at {count(limit)} tokens." if limit else "The model does not truncate."
    special = f"Special tokens per text, which are counted: {tokenizer['special_tokens_per_text']}."
    return f"""Tokens by the tokenizer `{name}` ({count(tokenizer["vocabulary"])} entries). {special} {truncation}

{table(("column", "split", "texts", *keys, "truncated"), rows, numbers_from=2)}"""


def _others(document: dict[str, Any]) -> str:
    """Mean characters, words and sentences of each column and split, and the tokens that a word takes."""
    names = list(document["tokenizers"])
    means = {(e["table"], e["column"], e["split"], e["measure"]): e["mean"] for e in document["columns"]}
    ratios = {(r["table"], r["column"], r["split"], r["tokenizer"]): r["tokens_per_word"] for r in document["tokens_per_word"]}
    places = dict.fromkeys(key[:3] for key in means)
    rows = [
        (
            f"{place[0]}.{place[1]}",
            place[2],
            *(f"{means[*place, measure]:,.1f}" for measure in ("characters", "words", "sentences")),
            *("–" if (ratio := ratios.get((*place, name))) is None else f"{ratio:.2f}" for name in names),
        )
        for place in places
    ]
    head = ("column", "split", "characters", "words", "sentences", *(f"tokens of {plain(name)} per word" for name in names))
    return f"""Means per text:

{table(head, rows, numbers_from=2)}"""


def _longest(document: dict[str, Any]) -> str:
    """The longest question and passage by each tokenizer."""
    first = {(e["tokenizer"], e["column"]): e for e in reversed(document["longest"])}
    said = [
        f"- Longest {column} by `{plain(name)}`: `{e['id']}`, {count(e['tokens'])} tokens, {count(e['characters'])} characters."
        for (name, column), e in reversed(first.items())
    ]
    return "\n".join(said)


def _batch_size(document: dict[str, Any]) -> str:
    return count(document["training"][0]["batch_size"]) if document["training"] else "no"


def questions(figures: Figures) -> str:
    """Labels, answers and question words."""
    quality = figures.quality
    labels = [
        (
            when,
            *(count(quality["labels"][key][name]) for name in ("relevant", "not_relevant", "asserted")),
            *(count(quality["questions"][key][name]) for name in ("distinct", "answerable")),
        )
        for when, key in (("before curation", "before"), ("in this release", "after"))
    ]
    positives = [(row["n_positives"], count(row["n_questions"])) for row in quality["positives_per_question"]]
    words = [(row["word"], count(row["n_questions"])) for row in quality["question_words"]]
    head = ("pairs and questions", "relevant", "not relevant", "asserted without a judgement", "questions", "answerable questions")
    return f"""## Questions and judgements

{table(head, labels)}

{table(("positives of a question", "questions"), positives)}

{picture(figures, "words", "Questions per question word")}{table(("question word", "questions"), words)}

{_languages(quality)}{_duplicates(quality)}"""


def _largest_group(figures: Figures) -> str:
    group = figures.quality["largest_group"]
    if not group:
        return ""
    share = percent(group["positives_fraction"])
    size = f"questions {count(group['n_questions'])}, positives {count(group['n_positives'])} ({share} of all)"
    return f"The largest group stands in {group['split']}: {size}."


def _languages(quality: dict[str, Any]) -> str:
    """The likeliest language of every row that was kept; nothing where none was identified."""
    said = []
    for column, counted in quality["languages"].get("after", {}).items():
        n_rows = sum(row["n"] for row in counted)
        shares = ", ".join(f"{plain(row['language'])} {percent(row['n'] / n_rows)}" for row in counted[:_LANGUAGES])
        said.append(f"- Language of the {column}s as a program guesses it, by rows: {shares or 'none'}.\n")
    return "".join(said)


def _duplicates(quality: dict[str, Any]) -> str:
    """What was merged, what was not, and which labels contradicted each other."""
    duplicates, read = quality["duplicates"], quality["repetition"]
    as_read = f"{count(read['equal_pairs'])} letter for letter, {count(read['folded_pairs'])} but for case, punctuation and white space"
    return "\n".join(
        [
            f"- Rows as read that repeat another row: {as_read}; passages with several questions: {count(read['shared_passages'])}.",
            f"- Passages merged into an equal or nearly equal one: {_listing(duplicates['passages_merged'])}.",
            f"- Similar passages that stay apart, with the guard that kept them: {_listing(duplicates['passages_kept_apart'])}.",
            f"- Pairs of nearly equal questions, tied into one group: {count(duplicates['near_questions'])}.",
            f"- Contradicting labels: {_listing(quality['conflicts'])}.",
        ]
    )


def _listing(rows: list[dict[str, Any]]) -> str:
    """A tally in words: "12 (near, number), 3 (exact)"; "none" without rows."""
    named = [(row["n"], [value.replace("_", " ") for key, value in row.items() if key != "n" and value]) for row in rows]
    return ", ".join(f"{count(n)} ({', '.join(names)})" for n, names in named) or "none"
