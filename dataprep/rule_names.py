"""The names of all rules, by stage: also a rule that touched no row is reported."""

from collections.abc import Mapping, Sequence

from dataprep.recipes.curation import Clean

INGEST = ("utf8", "nul", "columns", "csv", "json", "dangling", "empty", "label")
FILTER = (
    "min_question_chars",
    "max_question_chars",
    "min_passage_chars",
    "max_passage_chars",
    "min_passage_words",
    "min_question_tokens",
    "max_question_tokens",
    "min_passage_tokens",
    "max_passage_tokens",
    "min_letter_fraction",
    "max_digit_fraction",
    "max_symbol_fraction",
    "max_repeated_fraction",
    "language",
    "passage_equals_question",
    "question_form",
    "truncated_passage",
    "personal_data",
    "contaminated_question",
    "contaminated_passage",
)
DEDUPLICATE = (
    "exact_duplicate_question",
    "exact_duplicate_passage",
    "near_duplicate_passage",
    "semantic_duplicate_passage",
    "title_of_passage",
    "duplicate_pair",
    "label_conflict",
)
RELEASE = ("judged", "asserted")


def rule_names() -> Mapping[str, Sequence[str]]:
    """Every rule under the stage that applies it, in the order in which they are applied."""
    return {"ingest": INGEST, "clean": tuple(Clean.model_fields), "filter": FILTER, "deduplicate": DEDUPLICATE, "release": RELEASE}
