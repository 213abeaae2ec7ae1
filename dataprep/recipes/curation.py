"""What a recipe says of cleaning, filtering, decontamination, deduplication and splits."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dataprep.recipes.section import Count, Fraction, Positive, Section
from dataprep.recipes.sources import Source


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
