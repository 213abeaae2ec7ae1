import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import release_case
from huggingface_hub import DatasetCard

from dataprep.recipes.recipe import Recipe
from dataprep.recipes.sources import LicenceClaim
from dataprep.releases.card import card, rendered_files
from dataprep.releases.card_figures import liczba, plain, procent
from dataprep.releases.licences import questions
from dataprep.releases.release import CONFIGS
from dataprep.rule_names import rule_names


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_case.write_build(tmp_path_factory.mktemp("build")) / "release"


def metadata(text: str) -> dict[str, object]:
    found: dict[str, object] = DatasetCard(text).data.to_dict()  # type: ignore[no-untyped-call]  # the library has no type for it
    return found


def test_the_yaml_is_what_the_hub_reads(release: Path) -> None:
    found = metadata(card(release))
    assert found["language"] == ["pl"]
    assert found["license"] == "cc-by-sa-4.0"
    assert found["pretty_name"] == "Mała próba"
    assert found["size_categories"] == ["n<1K"]
    assert found["task_categories"] == ["text-retrieval", "sentence-similarity"]
    assert "dataset_info" not in found
    configs = found["configs"]
    assert isinstance(configs, list)
    assert [config["config_name"] for config in configs] == list(CONFIGS)
    assert [config["config_name"] for config in configs if config.get("default")] == ["qrels"]


@pytest.mark.parametrize(
    ("licences", "name"),
    [
        (("unknown",), "unknown"),
        (("our own terms",), "see-licence-file"),
        (("cc-by-4.0", "cc-by-sa-3.0"), "several-licences"),
    ],
)
def test_licences_that_the_hub_cannot_name_are_other_with_a_file(tmp_path: Path, licences: tuple[str, ...], name: str) -> None:
    release = release_case.write_build(tmp_path, made_from=release_case.recipe(*licences)) / "release"
    found = metadata((release / "README.md").read_text(encoding="utf-8"))
    assert (found["license"], found["license_name"], found["license_link"]) == ("other", name, "LICENSE.md")
    text = (release / "LICENSE.md").read_text(encoding="utf-8")
    assert all(licence in text for licence in licences)


def disputed(licence: str, *claims: str) -> Recipe:
    source = release_case.recipe(licence).sources[0]
    claimed = tuple(LicenceClaim(licence=claim, by=f"card {i}") for i, claim in enumerate(claims))
    return release_case.recipe().model_copy(update={"sources": (source.model_copy(update={"licence_claims": claimed}),)})


def test_a_licence_that_is_stated_differently_is_other_and_a_question(tmp_path: Path) -> None:
    release = release_case.write_build(tmp_path, made_from=disputed("cc-by-sa-3.0", "apache-2.0", "CC-BY-SA-3.0")) / "release"
    text = (release / "README.md").read_text(encoding="utf-8")
    assert metadata(text)["license_name"] == "stated-differently"
    question = "The licence of s is stated differently: cc-by-sa-3.0 here, apache-2.0 by card 0."
    assert question in text
    assert question in (release / "LICENSE.md").read_text(encoding="utf-8")


def test_a_claim_that_agrees_changes_nothing(tmp_path: Path) -> None:
    release = release_case.write_build(tmp_path, made_from=disputed("cc-by-sa-3.0", "CC-BY-SA-3.0")) / "release"
    assert metadata((release / "README.md").read_text(encoding="utf-8"))["license"] == "cc-by-sa-3.0"
    assert not (release / "LICENSE.md").exists()


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (("cc-by-sa-3.0", "cc-by-sa-4.0"), None),
        (("cc-by-sa-4.0", "mit"), None),
        (("gpl-3.0", "lgpl-3.0"), None),
        (("cc-by-sa-4.0", "gpl-3.0"), "no one licence fits"),
        (("cc-by-sa-4.0", "cc-by-nc-sa-4.0"), "no one licence fits"),
        (("cc-by-sa-4.0", "cc-by-nc-4.0"), "forbids commercial use"),
        (("cc-by-nd-4.0",), "forbids passing on changed texts"),
        (("unknown",), "is not established"),
    ],
)
def test_licences_that_exclude_each_other_are_asked_about(found: tuple[str, ...], word: str | None) -> None:
    asked = questions(release_case.recipe(*found).model_dump())
    assert [word in question for question in asked] == ([True] if word else [])


def test_one_known_licence_needs_no_file(release: Path) -> None:
    assert set(rendered_files(release)) == {"README.md", "mteb_task.py"}


def test_equal_figures_give_equal_text_and_other_figures_other_text(release: Path) -> None:
    before = card(release)
    assert card(release) == before
    path = release / "statistics/splits.json"
    saved = path.read_text(encoding="utf-8")
    changed = json.loads(saved)
    changed["test"]["positives"] += 1
    path.write_text(json.dumps(changed), encoding="utf-8")
    assert card(release) != before
    path.write_text(saved, encoding="utf-8")


def test_rules_that_touched_nothing_and_shortcuts_are_told(release: Path) -> None:
    text = card(release)
    assert re.search(r"\| `clean\.mojibake` \| .+ \| 0 \|", text)
    assert "Every passage of 6 words or fewer is judged not relevant" in text
    assert "Po polsku" in text
    assert "0.0 % of the questions start with a small letter, 0 have no question mark" in text
    assert "1 of 7 questions (14.3 %) have no relevant passage" in text
    assert "One question holds" in text
    assert re.search(r"In the training triplets right passages have [\d.]+ words on average, wrong ones [\d.]+\.", text)


def test_a_rule_that_only_reports_or_is_off_is_not_told_as_having_found_nothing(release: Path) -> None:
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in card(release).splitlines() if line.startswith("| `")]
    rules = {row[0].strip("`"): row for row in cells if len(row) == 4}
    assert rules["filter.personal_data"][2] == "report"
    assert rules["filter.max_passage_tokens"][2] == rules["filter.contaminated_question"][2] == "off"
    assert (rules["clean.html"][2], rules["filter.language"][2], rules["ingest.utf8"][2]) == ("on", "pl", "–")
    assert "`filter.personal_data` only reports: it speaks of 2 rows, 1 of them kept." in card(release)
    assert all(rules[f"{stage}.{name}"][1] for stage, names in rule_names().items() for name in names)


def test_polish_numbers_are_written_as_in_polish() -> None:
    assert (liczba(4073), liczba(12_345), procent(0.9453)) == ("4073", "12\N{NO-BREAK SPACE}345", "94,5\N{NO-BREAK SPACE}%")


def test_foreign_text_is_never_markup() -> None:
    assert plain("a|b\n<script>*x* [y](z)") == r"a\|b \<script\>\*x\* \[y\](z)"


def test_the_card_names_no_path_and_no_clock(release: Path) -> None:
    for text in rendered_files(release).values():
        assert str(release.parent) not in text
        assert not re.search(r"\b20[2-9]\d-\d\d", text)


RUN = """
import sys
import huggingface_hub
folder, snippet = sys.argv[1], sys.argv[2].replace('REPO = "OWNER/mala-proba"', f'REPO = {sys.argv[1]!r}')
huggingface_hub.snapshot_download = lambda *_, **__: folder
exec(compile(snippet, "snippet", "exec"))
"""


def snippet(release: Path, ecosystem: str) -> str:
    found = re.search(rf"\*\*{ecosystem}\*\*.*?```python\n(.*?)```", card(release), re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize(
    ("ecosystem", "proof"),
    [
        ("datasets", "assert (len(corpus), len(queries), len(qrels)) == (9, 7, 2)"),
        ("sentence-transformers", "assert train.column_names == ['anchor', 'positive', 'negative']"),
        pytest.param("mteb", "assert len(task.dataset['default']['test']['corpus']) == 9", marks=pytest.mark.slow),
        pytest.param("BEIR", "assert (len(corpus), len(queries), qrels['q5']) == (9, 2, {'p5': 1})", marks=pytest.mark.slow),
    ],
)
def test_every_snippet_runs_as_it_stands(release: Path, tmp_path: Path, ecosystem: str, proof: str) -> None:
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    program = [sys.executable, "-c", RUN, str(release), snippet(release, ecosystem) + "\n" + proof]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
