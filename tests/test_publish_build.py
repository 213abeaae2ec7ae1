"""A build published: to the Hub with cards that name each other, to folders, by the command; refused when it has to be."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import release_case
from hub_clients import asked_for_approval, client, environment, publish_build, refused
from hub_faults import Fault
from hub_server import Server, serving

from dataprep import io
from dataprep.build import existing_build
from dataprep.errors import BusyError, CallError, DataError, RemoteError
from dataprep.publishers import to_folder
from dataprep.publishers.cards import Place, Publication, model_card
from dataprep.publishers.file_plan import local_files
from dataprep.publishers.publish_build import publish_build as publish_here
from dataprep.publishers.publish_build import settings_of
from dataprep.publishers.targets import HubTarget
from dataprep.recipes import recipe_file
from dataprep.releases import contracts

DATASET, MODEL = "hf://datasets/acme/pytania", "hf://acme/model"
SECRET = "hf_alice"  # noqa: S105 - a made-up token


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build with a release and a model."""
    from dataprep.models import embedded  # noqa: PLC0415 - brings torch

    folder = release_case.write_build(tmp_path_factory.mktemp("published") / "build")
    io.write_text(recipe_file.dump(release_case.recipe()), folder / "recipe.toml")
    texts = pl.Series(list(release_case.PASSAGES.values()))
    model = embedded.build_base_model(texts, embedded.train_tokenizer(texts), dims=8)
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    card = '---\nlanguage:\n- pl\n---\n# Model\n\n```python\nmodel = SentenceTransformer("path/or/hub-id")\n```\n'
    (folder / "model" / "README.md").write_text(card, encoding="utf-8")
    return folder


@pytest.fixture
def build(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "build"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def alice(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPoolExecutor]:
    with client(environment(server.url, tmp_path_factory.mktemp("alice"), token=SECRET)) as pool:
        yield pool


@pytest.fixture(autouse=True)
def _fresh(server: Server) -> Iterator[None]:
    yield
    server.faults.clear()
    server.log.clear()
    server.hub.repos.clear()


def downloaded(server: Server, name: str, kind: str, folder: Path) -> Path:
    """What a repository's head holds, as a folder."""
    for path, blob in server.hub.repo(name, kind).resolve("main").tree.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(server.hub.large_bytes(blob.large[0]).read_bytes() if blob.large else blob.data)
    return folder


def test_dataset_and_model_load_name_each_other_and_are_left_alone_the_second_time(
    server: Server, alice: ProcessPoolExecutor, original: Path, tmp_path: Path
) -> None:
    settings = {"to": [DATASET, MODEL], "tag": "v1", "private": True}
    alice.submit(publish_build, original, **settings, what=["dataset"]).result()  # a model may follow days later
    with pytest.raises(RemoteError, match=r"other files \(README.md\); nothing was published; name the same targets as then"):
        alice.submit(publish_build, original, **(settings | {"to": [DATASET]})).result()
    lines = alice.submit(publish_build, original, **settings).result()
    dataset, model = server.hub.repo("acme/pytania"), server.hub.repo("acme/model", "model")
    commit = dataset.tags["v1"]
    assert [len(dataset.history()), len(model.history())] == [1, 1]
    assert "unchanged" in lines[0]
    assert [line.split(":")[1] for line in lines] == ["//datasets/acme/pytania", "//acme/model"]

    copy = downloaded(server, "acme/pytania", "dataset", tmp_path / "copy")
    assert not [result.name for result in contracts.check(copy) if result.is_broken]
    card = (copy / "README.md").read_text(encoding="utf-8")
    assert "- model: [acme/model](https://huggingface.co/acme/model), revision `v1`" in card
    assert "OWNER/" not in card
    assert 'REPO = "acme/pytania"' in card
    (copy / "README.md").write_text(card.replace("8 ", "9 ", 1), encoding="utf-8")
    assert [result.name for result in contracts.check(copy) if result.is_broken] == [
        "card and task class are what manifest and statistics say"
    ]

    published = model.resolve("v1").tree["README.md"].data.decode()
    assert f"revision `v1`, commit `{commit}`" in published
    assert "datasets:\n- acme/pytania\n" in published
    assert 'SentenceTransformer("acme/model", revision="v1")' in published

    server.log.clear()
    again = alice.submit(publish_build, original, **settings).result()
    assert all("unchanged" in line for line in again)
    assert not server.asked("^(POST|PUT)")


def test_a_dry_run_names_the_files_and_sends_nothing(server: Server, alice: ProcessPoolExecutor, original: Path) -> None:
    lines = alice.submit(publish_build, original, to=[DATASET], is_dry_run=True).result()
    files = local_files(original / "release")
    assert lines[0] == f"{DATASET}: would be {len(files)} files added, 0 changed, 0 deleted, 0 unchanged; " + lines[0].split("; ")[1]
    assert {line.split()[1] for line in lines[1:]} == set(files)
    assert not server.asked("^(POST|PUT)")


def test_a_model_goes_only_with_its_release_or_when_told(server: Server, alice: ProcessPoolExecutor, build: Path) -> None:
    with pytest.raises(CallError, match="does not hold the release that trained it"):
        alice.submit(publish_build, build, to=[MODEL]).result()
    assert not server.asked("^(POST|PUT)")
    lines = alice.submit(publish_build, build, to=[MODEL], model_alone=True, is_dry_run=True).result()
    assert "would be" in lines[0]
    alone = Publication(None, Place(HubTarget("model", "acme/model"), "v1"))
    assert "is not published with it" in model_card((build / "model/README.md").read_text(encoding="utf-8"), alone)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("hf_ro_alice", "may only read"),
        ("hf_bob", "has the role 'read'"),
        ("hf_eve", "may not write for 'acme'"),
        ("hf_fg_alice", "fine-grained token has no right to write there"),
        ("hf_bad", "does not know the token"),
    ],
)
def test_who_may_not_write_is_told_before_anything_is_sent(server: Server, build: Path, tmp_path: Path, token: str, said: str) -> None:
    with client(environment(server.url, tmp_path, token=token)) as pool:
        assert said in refused(pool, publish_build, build, to=[DATASET])
    assert server.log == [("GET", "/api/whoami-v2")]


def test_a_fine_grained_token_with_the_right_may_write(server: Server, build: Path, tmp_path: Path) -> None:
    server.hub.scopes["fg_alice"] = [{"entity": {"type": "org", "name": "acme"}, "permissions": ["repo.content.read", "repo.write"]}]
    try:
        with client(environment(server.url, tmp_path, token="hf_fg_alice")) as pool:  # noqa: S106 - a made-up token
            assert "would be" in pool.submit(publish_build, build, to=[DATASET], is_dry_run=True).result()[0]
    finally:
        server.hub.scopes.clear()


def test_a_release_that_is_sent_with_xet_loads(original: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "hub") as server, client(environment(server.url, tmp_path, xet=True)) as pool:
        lines = pool.submit(publish_build, original, to=[DATASET], tag="v1").result()
        tree = server.hub.repo("acme/pytania").resolve("v1").tree
    assert "files added" in lines[0]
    assert all(blob.xet for path, blob in tree.items() if path.endswith(".parquet"))


def _kept_as_block(token: str, written: dict[str, str], build: Path) -> None:
    """Put a token into a Secret block of the server that the command starts, and name the block in the recipe."""
    code = f"from prefect.blocks.system import Secret; Secret(value={token!r}).save('hub')"
    subprocess.run([sys.executable, "-c", code], env=written, check=True, capture_output=True, timeout=120)
    recipe = existing_build(build).recipe
    named = recipe.model_copy(update={"publish": recipe.publish.model_copy(update={"token_block": "hub"})})
    io.write_text(recipe_file.dump(named), build / "recipe.toml")


@pytest.mark.parametrize("kept_in", ["environment", *(pytest.param(way, marks=pytest.mark.slow) for way in ("login", "block"))])
def test_the_token_is_nowhere_in_what_a_failing_command_writes(server: Server, build: Path, tmp_path: Path, kept_in: str) -> None:
    token = "hf_alice_very_secret_0123456789"  # noqa: S105 - a made-up one
    server.hub.members["acme"][token[3:]] = "write"
    echo = json.dumps({"error": f"no: Bearer {token}"})
    server.faults.append(Fault("/commit/", 400, "POST", 99, (("X-Error-Message", f"Bearer {token} is bad"),), echo))
    settings = environment(server.url, tmp_path / "home", token=token)
    written = {
        **os.environ,
        **settings,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "HF_DEBUG": "1",
    }
    login = tmp_path / "home" / "token"
    if kept_in != "environment":
        del written["HF_TOKEN"]
    if kept_in == "login":
        login.parent.mkdir()
        login.write_text(token, encoding="utf-8")
    if kept_in == "block":
        _kept_as_block(token, written, build)
    command = [sys.executable, "-m", "flows.cli", "publish", str(build), "--to", DATASET]
    done = subprocess.run(command, env=written, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4, done.stderr
    assert "[token]" in done.stderr
    assert token not in done.stdout + done.stderr
    holders = [path for path in io.files_below(tmp_path) if token.encode() in path.read_bytes() and path != login]
    assert not holders


def test_a_broken_release_is_not_published(server: Server, alice: ProcessPoolExecutor, build: Path, tmp_path: Path) -> None:
    (build / "release/corpus.jsonl").write_text("{}\n", encoding="utf-8")
    for target in (DATASET, str(tmp_path / "out")):
        with pytest.raises(DataError, match="is not published: it breaks"):
            alice.submit(publish_build, build, to=[target]).result()
    assert not server.hub.repos
    assert not (tmp_path / "out").exists()


def test_an_approver_sees_what_changed_since_the_release_on_the_hub(server: Server, alice: ProcessPoolExecutor, build: Path) -> None:
    assert "No earlier release is at a target." in alice.submit(asked_for_approval, build, [DATASET]).result()
    alice.submit(publish_build, build, to=[DATASET]).result()
    manifest = io.read_json(build / "release/manifest.json")
    manifest["recipe"]["seed"] = 7
    io.write_json(manifest, build / "release/manifest.json")
    text = alice.submit(asked_for_approval, build, [MODEL, DATASET]).result()
    assert "| table | rows |\n" in text  # nothing was added, removed, changed or moved
    assert "may be judged on this one's test questions" in text
    server.faults.append(Fault("/tree/", 403, "", 1000))
    assert (
        "It cannot be compared: hf://datasets/acme/pytania: the token has no right"
        in alice.submit(asked_for_approval, build, [DATASET]).result()
    )


def publish_to_folder(build: Path, target: Path, **settings: Any) -> list[str]:
    found = existing_build(build)
    return [outcome.line for outcome in publish_here(found, settings_of(found, {"to": [str(target)], **settings}))]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_switched_whole_and_left_alone_when_equal(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_exchange: bool
) -> None:
    target = tmp_path / "out"
    publish_to_folder(build, target)
    (target / "dataset/extra.txt").write_text("x", encoding="utf-8")
    (target / ".dataset.new-killed").mkdir()
    if not can_exchange:
        monkeypatch.setattr(to_folder, "_exchange", lambda _one, _other: False)
    changed, unchanged = publish_to_folder(build, target)
    assert "0 files added, 0 changed, 1 deleted" in changed
    assert changed.endswith("in one step" if can_exchange else "in two steps: this file system cannot exchange folders")
    assert "unchanged" in unchanged
    assert local_files(target / "dataset").keys() == local_files(build / "release").keys()
    assert sorted(path.name for path in target.iterdir()) == ["dataset", "model"]
    before = (target / "dataset").stat().st_ino
    assert all("unchanged" in line for line in publish_to_folder(build, target))
    assert (target / "dataset").stat().st_ino == before


def test_a_folder_takes_one_publisher_at_a_time(build: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with to_folder._held(tmp_path / "out"), pytest.raises(BusyError, match="another run publishes there"):
        publish_to_folder(build, tmp_path / "out")


def test_a_folder_takes_the_model_only_with_its_release(build: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="does not hold the release"):
        publish_to_folder(build, tmp_path / "out", what=["model"])
    assert "added" in publish_to_folder(build, tmp_path / "out", what=["model"], model_alone=True)[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "gs://bucket"], "wanted hf://datasets/OWNER/NAME"),
        (["--to", "hf://datasets/acme"], "wanted hf://datasets/OWNER/NAME"),
        (["--to", DATASET, "--what", "model"], "nothing of model goes to"),
        (["--to", DATASET, "--what", "modle"], "publish.what.0: found 'modle'"),
        (["--to", DATASET, "--create-pr", "--tag", "v1"], "merge the pull request, then publish with --tag"),
        ([], "no target"),
    ],
)
def test_a_wrong_call_is_explained(build: Path, dataprep: Callable[..., Any], arguments: list[str], said: str) -> None:
    done = dataprep("publish", build, *arguments)
    assert done.code == 2
    assert said in done.err


def test_without_a_token_or_a_network_the_command_says_so(
    build: Path, dataprep: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    done = dataprep("publish", build, "--to", DATASET)
    assert done.code == 4
    assert "set HF_TOKEN" in done.err
    monkeypatch.setattr("huggingface_hub.get_token", lambda: SECRET)
    done = dataprep("publish", build, "--to", DATASET, "--dry-run")
    assert done.code == 4
    assert "HF_HUB_OFFLINE is set" in done.err


def test_the_command_publishes_to_a_folder_and_keeps_the_recipe(build: Path, dataprep: Callable[..., Any], tmp_path: Path) -> None:
    recipe = (build / "recipe.toml").read_text(encoding="utf-8")
    plan = dataprep("publish", build, "--to", tmp_path / "out", "--what", "dataset", "--dry-run")
    assert "would be" in plan.out
    assert not (tmp_path / "out").exists()
    done = dataprep("publish", build, "--to", tmp_path / "out", "--what", "dataset")
    assert done.code == 0, done.err
    assert "files added" in done.out
    assert (build / "recipe.toml").read_text(encoding="utf-8") == recipe


def test_the_token_may_come_from_a_secret_block(prefect: None) -> None:  # noqa: ARG001 - the server must run
    from prefect.blocks.system import Secret  # noqa: PLC0415 - with the server

    from flows.hub_token import hub_token as read  # noqa: PLC0415

    Secret(value=SECRET).save("hub-token")
    found = read("hub-token")
    assert found.get_secret_value() == SECRET
    assert SECRET not in repr(found)
    with pytest.raises(CallError, match="no Secret block 'hub-tokn'"):
        read("hub-tokn")
