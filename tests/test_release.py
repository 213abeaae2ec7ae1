import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import release_case

from dataprep.io import files_below
from dataprep.releases.manifest import build_manifest, counts
from dataprep.releases.release import CONFIGS, SCHEMAS, table_path

CASE = release_case.case()


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_below(folder)}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release_case.write_build(tmp_path_factory.mktemp("build")) / "release"


def test_every_split_of_every_config_has_its_file_and_columns(release: Path) -> None:
    for config, splits in CONFIGS.items():
        for split in splits:
            found = pl.read_parquet(release / table_path(config, split))
            assert found.schema == SCHEMAS[config]
            assert found.height > 0


def test_qrels_hold_positives_only_and_judgements_hold_all(release: Path) -> None:
    for split in CONFIGS["qrels"]:
        qrels, judged = (pl.read_parquet(release / table_path(config, split)) for config in ("qrels", "judgements"))
        assert qrels.equals(judged.filter(pl.col("score") == 1))
    assert "q7" in pl.read_parquet(release / table_path("queries", "queries"))["_id"]
    assert "q7" not in pl.read_parquet(release / table_path("qrels", "train"))["query-id"]


def test_training_rows_hold_the_texts_in_training_order(release: Path) -> None:
    assert pl.read_parquet(release / table_path("triplets", "train")).row(0) == (
        release_case.QUESTIONS["q1"][0],
        release_case.PASSAGES["p1"],
        release_case.PASSAGES["p7"],
    )


def test_beir_files_are_plain_utf8_lines_with_a_header_in_tsv(tmp_path: Path) -> None:
    odd = 'Cytat „Ę” "x"\t\\n <script> 😀'
    corpus = CASE.corpus.with_columns(pl.when(pl.col("passage_id") == "p1").then(pl.lit(odd)).otherwise("text").alias("text"))
    release = release_case.write_build(tmp_path, CASE._replace(corpus=corpus)) / "release"
    lines = (release / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {"_id": "p1", "title": "", "text": odd}
    assert "Ę” " in lines[0]
    assert (release / "qrels/dev.tsv").read_text(encoding="utf-8") == "query-id\tcorpus-id\tscore\nq4\tp4\t1\n"


def test_an_empty_split_has_its_file_but_is_not_declared_so_that_datasets_loads_the_rest(tmp_path: Path) -> None:
    train = pl.col("split") == "train"
    case = CASE._replace(pairs=CASE.pairs.filter(train), triplets=CASE.triplets.head(0))
    release = release_case.write_build(tmp_path, case) / "release"
    assert pl.read_parquet(release / table_path("pairs", "validation")).schema == SCHEMAS["pairs"]
    card = (release / "README.md").read_text(encoding="utf-8")
    assert "data/pairs/train-*" in card
    assert "data/pairs/validation-*" not in card
    assert "config_name: triplets" not in card
    assert 'load_dataset(REPO, "pairs")' in card


LOAD = """
import json, sys
import datasets
datasets.disable_progress_bars()
found = {name: {split: rows.num_rows for split, rows in datasets.load_dataset(sys.argv[1], name).items()}
         for name in datasets.get_dataset_config_names(sys.argv[1])}
print(json.dumps([found, list(datasets.load_dataset(sys.argv[1])["test"].column_names)]))
"""


def test_datasets_loads_every_config_and_qrels_by_default(release: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", LOAD, str(release)], env=environment, capture_output=True, text=True, check=True)
    found, default = json.loads(done.stdout)
    assert found["qrels"] == {"train": 3, "validation": 1, "test": 2}
    assert set(found) == set(CONFIGS)
    assert default == ["query-id", "corpus-id", "score"]


def test_the_manifest_names_every_file_and_no_file_of_a_source(release: Path) -> None:
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    data = {p for p in content(release) if Path(p).suffix in {".parquet", ".jsonl", ".tsv", ".json"}} - {"manifest.json"}
    assert set(manifest["tables"]) == data
    assert "rows.tsv" not in json.dumps(manifest)
    assert manifest["tables"]["qrels/test.tsv"]["rows"] == 2
    assert manifest["splits"]["train"] == {"queries": 3, "positives": 3, "groups": 4}


def test_the_manifest_counts_each_end_per_source_and_each_rule_with_zeros(release: Path) -> None:
    counts = json.loads((release / "manifest.json").read_text(encoding="utf-8"))["counts"]
    assert {end: n["s"] for end, n in counts.items() if end != "by_rule"} == {
        "read": 12,
        "rejected": 1,
        "dropped": 1,
        "merged": 1,
        "kept": 9,
    }
    assert counts["by_rule"]["clean.mojibake"] == 0
    assert counts["by_rule"]["clean.white_space"] == 1


def test_a_row_counts_once_however_often_the_ledger_tells_the_same_of_it() -> None:
    once, twice = (counts(pl.concat([CASE.events.lazy()] * n), sources=["s"], rules={}) for n in (1, 2))
    assert once == twice
    assert once["by_rule"]["clean.white_space"] == 1


def test_a_source_that_gave_no_row_is_counted_with_zeros(release: Path) -> None:
    origins = [{"name": "empty", "kind": "tsv", "licence": "mit", "rows": 0}]
    found = build_manifest(release, recipe={}, origins=origins, ledger=CASE.events.lazy(), rules={}, dataprep_version="1")
    assert found["counts"]["kept"] == {"empty": 0}
    assert found["counts"]["rejected"] == {"empty": 0, "s": 1}
    assert found["sources"][0]["revision"] is None
