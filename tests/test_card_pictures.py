"""The card's pictures: drawn from the statistics alone, the same bytes each time, listed in the manifest and shown in the card."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from release_case import recipe, rewrite_texts, write_build

from dataprep import io
from dataprep.releases import contracts
from dataprep.releases.card_pictures import pictures
from dataprep.releases.manifest import describe_files
from dataprep.releases.release_files import manifest, statistics

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_build(tmp_path_factory.mktemp("build")) / "release"


@pytest.fixture(scope="module")
def drawn(release: Path) -> Mapping[str, str]:
    return pictures(**statistics(release))


def with_pictures(release: Path, drawn: Mapping[str, str]) -> None:
    """Write the pictures and all that follows from them."""
    for path, svg in drawn.items():
        io.write_text(svg, release / path)
    io.write_json({**manifest(release), "tables": describe_files(release)}, release / "manifest.json")
    rewrite_texts(release)


def test_equal_figures_give_equal_bytes(release: Path, drawn: Mapping[str, str]) -> None:
    assert sorted(drawn) == [f"pictures/{name}.svg" for name in ("lengths-passage", "lengths-question", "rules", "splits", "words")]
    assert pictures(**statistics(release)) == drawn


def test_a_picture_stands_on_white_and_needs_nothing_from_elsewhere(drawn: Mapping[str, str]) -> None:
    for svg in drawn.values():
        root = ET.fromstring(svg)  # noqa: S314 - made here
        assert next(child for child in root if child.tag == f"{SVG}rect").attrib["fill"] == "#ffffff"
        assert not [node for node in root.iter() if node.tag in {f"{SVG}image", f"{SVG}script"}]


def test_a_figure_that_changes_changes_its_picture(release: Path, drawn: Mapping[str, str]) -> None:
    figures: dict[str, Any] = statistics(release)
    figures["quality"]["question_words"][0]["n_questions"] += 100
    other = pictures(**figures)
    assert [path for path in drawn if other[path] != drawn[path]] == ["pictures/words.svg"]


def test_the_card_shows_the_pictures_that_there_are(release: Path) -> None:
    assert "](pictures/" not in (release / "README.md").read_text(encoding="utf-8")


def test_check_covers_the_pictures(drawn: Mapping[str, str], tmp_path: Path) -> None:
    build = write_build(tmp_path, made_from=recipe())
    release = build / "release"
    with_pictures(release, drawn)
    assert [result.name for result in contracts.check(build) if result.is_broken] == []
    card = (release / "README.md").read_text(encoding="utf-8")
    assert all(f"]({path})" in card for path in drawn)
    (release / "pictures/words.svg").write_text("<svg/>", encoding="utf-8")
    broken = [result for result in contracts.check(build) if result.is_broken]
    assert [result.name for result in broken] == ["every file has the checksum and the rows of the manifest"]
