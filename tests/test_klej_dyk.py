"""The known facts of KLEJ-DYK, as its card and its report tell them; where a number differs, why."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser_case import assert_opens_well, freshly_opened, links_without_rows

from dataprep.build import Build, finish, opened
from dataprep.io import read_json
from dataprep.pipeline import PREPARE, STAGES
from dataprep.recipes.recipe import Recipe
from dataprep.recipes.recipe_file import load
from dataprep.reports.report import write_report

pytestmark = pytest.mark.real
MAX_BYTES = 5_000_000


@pytest.fixture(scope="module")
def build(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The bundled recipe on the local copy of the data, up to the release."""
    source = load("klej-dyk").sources[0]
    local = {"kind": "tsv", "path": str(real_data / "klej-dyk/train.tsv"), "repo": None}
    recipe = {
        "name": "klej-dyk",
        "sources": [source.model_dump() | local],
        "lengths": {"tokenizer": str(real_data / "models/potion-base-4m")},
    }
    with opened(tmp_path_factory.mktemp("klej"), Recipe.model_validate(recipe)) as made:
        for name in PREPARE:
            finish(STAGES[name], made)
    write_report(made)
    return made


@pytest.fixture(scope="module")
def quality(build: Build) -> dict[str, Any]:
    found: dict[str, Any] = read_json(build.release / "statistics/quality.json")
    return found


def test_rules_find_what_is_known_to_be_wrong(quality: dict[str, Any]) -> None:
    found = {rule["rule"].removeprefix("clean."): rule["n_rows"] for rule in quality["rules"] if rule["rule"].startswith("clean.")}
    assert found["csv_quotes"] == 345
    assert found["space_before_punctuation"] == 63
    assert found["html"] == 2
    assert found["wiki_markup"] == 32  # 27 rows with '' or ''', 5 with Plik:
    assert found["doubled_title"] == 59  # 61 with a line of asterisks and a list of sweets, which stay as they are
    assert found["empty_parentheses"] == 10  # 7 with nothing in them (8 with the one in the unlabelled test file), 3 with a lost beginning
    assert found["control_characters"] == 2  # soft hyphens; 3 with the one in the unlabelled test file
    assert found["white_space"] == 175  # 141 at the ends, 26 inside, 7 of them both, and 15 beside quotes or wiki marks that were removed


def test_questions_labels_and_the_largest_group(quality: dict[str, Any]) -> None:
    assert quality["questions"]["before"] == {"distinct": 1_055, "answerable": 487}
    assert quality["labels"]["before"] == {"relevant": 701, "not_relevant": 3_453, "asserted": 0}
    group = quality["largest_group"]
    assert (group["n_questions"], group["n_positives"]) == (1, 62)
    assert group["positives_fraction"] == pytest.approx(0.088, abs=0.001)


def test_duplicates_and_conflicts(quality: dict[str, Any]) -> None:
    assert quality["repetition"] == {"equal_pairs": 1, "folded_pairs": 5, "shared_passages": 1}
    # of the 5 one is a bare heading, which a filter drops first; 2 rows more have a nearly equal passage
    assert quality["duplicates"]["rows_merged"] == [{"rule": "duplicate_pair", "n": 6}]
    assert quality["conflicts"] == [{"kind": "near_pair", "resolution": "listed", "n": 4}]


def test_length_gives_the_label_away_and_the_card_says_so(quality: dict[str, Any], build: Build) -> None:
    length = quality["shortcuts"]["before"]["length"]
    assert (length["shortest_relevant_words"], length["n_shorter_all_not_relevant"]) == (5, 63)
    card = (build.release / "README.md").read_text(encoding="utf-8")
    assert "Every passage of 4 words or fewer is judged not relevant (63 judgements)" in card
    assert quality["shortcuts"]["after"]["length"]["n_shorter_all_not_relevant"] == 0


def test_style_and_scripts(quality: dict[str, Any]) -> None:
    assert quality["question_style"]["before"] == {"questions": 1_055, "lower_case_start": 1_054, "without_question_mark": 2}  # in 3 rows
    scripts = {entry["script"]: entry["n_texts"] for entry in quality["scripts"]["before"]}
    # 28, 13 and 16 with the 1,029 answers of the unlabelled test file
    assert (scripts["Cyrillic"], scripts["Greek"], scripts["Chinese or Japanese"]) == (24, 11, 13)


def test_the_licence_is_disputed(build: Build) -> None:
    card = (build.release / "README.md").read_text(encoding="utf-8")
    assert "license: other" in card
    assert "bsd-3-clause by another copy" in card
    assert (build.release / "LICENSE.md").is_file()
    page = (build.folder / "report.html").read_text(encoding="utf-8")
    assert "apache-2.0 by the card of the model" in page[page.index('<h3 id="licences">') :]


def test_a_row_wise_split_would_leak_nearly_every_question(quality: dict[str, Any]) -> None:
    assert quality["row_wise_split"]["question_leak_fraction"] == pytest.approx(0.945, abs=0.001)


def test_the_report_and_the_card_say_the_same(build: Build, quality: dict[str, Any]) -> None:
    page = (build.folder / "report.html").read_text(encoding="utf-8")
    said = Text.of(page)
    card = (build.release / "README.md").read_text(encoding="utf-8")
    assert len(page.encode()) < MAX_BYTES
    for fact in (
        "568 of 1,055 questions as read have no relevant passage",
        "all 63 with passages of fewer than 5 words are judged not relevant",
        "4 label conflicts",
        "One group holds 8.9 % of all positives (1 question, 62 positives)",
        "The licence of klej-dyk is stated differently",
    ):
        assert fact in said
    n_kept = sum(read_json(build.release / "manifest.json")["counts"]["kept"].values())
    for number in (f"{n_kept:,}", "4,154", "345", f"{quality['labels']['after']['relevant']:,}"):
        assert number in said
        assert number in card


def test_the_report_opens_within_a_second_and_every_link_finds_rows(build: Build, browser: Any) -> None:
    page = freshly_opened(browser, build.folder / "report.html")
    assert_opens_well(page)
    assert links_without_rows(page) == []


class Text(HTMLParser):
    """The text of a page, without its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._is_hidden = False

    @classmethod
    def of(cls, page: str) -> str:
        """All text, with every run of white space as one space."""
        parser = cls()
        parser.feed(page)
        return " ".join(" ".join(parser._parts).split())

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser's signature
        """Texts of scripts and styles are none."""
        self._is_hidden = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's signature
        """Whatever ended, text is text again."""
        self._is_hidden = False

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._is_hidden:
            self._parts.append(data)
