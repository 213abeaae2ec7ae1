"""Real data: counts that are known."""

import os
from pathlib import Path
from typing import Any

import pytest

from dataprep.recipes.sources import Source
from dataprep.sources.read import Ingested, read_source

FOLDER = Path(os.environ.get("DATAPREP_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no real data: DATAPREP_REAL_DATA names no folder"),
]


def read(path: str, kind: str, scratch: Path, **more: Any) -> Ingested:
    source = Source.model_validate({"name": "s", "kind": kind, "path": path, **more})
    return read_source(source, folder=FOLDER, scratch=scratch)


def test_klej_dyk(tmp_path: Path) -> None:
    got = read("klej-dyk/train.tsv", "tsv", tmp_path, columns={"id": "q_id", "passage": "answer", "label": "target"})
    rows = got.rows.collect()
    assert (rows.height, rows["label"].sum(), got.rejected.collect().height) == (4_154, 701, 0)
    assert rows["row_id"].n_unique() == 4_154
    assert rows["source_key"].n_unique() == 1_055


def test_klej_dyk_without_labels_asserts_its_pairs(tmp_path: Path) -> None:
    rows = read("klej-dyk/test_features.tsv", "tsv", tmp_path, columns={"id": "q_id", "passage": "answer"}).rows.collect()
    assert (rows.height, rows["label"].null_count()) == (1_029, 1_029)


@pytest.mark.parametrize(
    ("name", "n_rows", "n_impossible"),
    [("initial-2022-06-01", 2_377, 466), ("dev-2022-08-11", 1_530, 297), ("dev-2022-09-01", 2_192, 404)],
)
def test_poquad(name: str, n_rows: int, n_impossible: int, tmp_path: Path) -> None:
    got = read(f"poquad/{name}.json", "squad", tmp_path)
    rows = got.rows.collect()
    assert (rows.height, (rows["label"] == 0).sum(), got.rejected.collect().height) == (n_rows, n_impossible, 0)
    assert "" not in rows["title"]
