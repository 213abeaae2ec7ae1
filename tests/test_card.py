import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import release_case
from huggingface_hub import DatasetCard

from dataprep.releases.card import card, rendered_files
from dataprep.releases.card_figures import plain
from dataprep.releases.release import CONFIGS


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
