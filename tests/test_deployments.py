"""Deployments on a real server with real workers: what an operator starts, sees, decides and cannot break."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect_case import ROOT, Site, wait_for

from dataprep.recipes.recipe_file import load
from flows.deploy import for_recipe


def recipe(**publish: Any) -> dict[str, Any]:
    """The sample's recipe as the API takes it, trained for one epoch."""
    plain: dict[str, Any] = load("sample", ["train.epochs=1", "train.matryoshka_dims=[64]", "evaluate.bootstrap_samples=20"]).model_dump(
        mode="json", exclude_defaults=True
    )
    return plain | {"publish": publish}


_WEBHOOK = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock
shown = {"subject": "{{subject}}", "body": "{{body}}"}
print(CustomWebhookNotificationBlock(name="pager", url=sys.argv[1], json_data=shown).save("pager"))
"""


@pytest.fixture(scope="module")
def messages(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, str]]]:
    """What the template's automation sends to a webhook, made as docs/operations.md says."""
    received: list[dict[str, str]] = []

    def take(handler: BaseHTTPRequestHandler) -> None:
        received.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
        handler.send_response(200)
        handler.end_headers()

    with HTTPServer(("127.0.0.1", 0), type("Pager", (BaseHTTPRequestHandler,), {"do_POST": take})) as pager:
        threading.Thread(target=pager.serve_forever, daemon=True).start()
        command = [sys.executable, "-c", _WEBHOOK, f"http://127.0.0.1:{pager.server_port}"]
        block = subprocess.run(command, env=site.environment, check=True, capture_output=True, text=True).stdout.split()[-1]
        template = (ROOT / "flows/automations/failures.yaml").read_text(encoding="utf-8")
        filled = tmp_path_factory.mktemp("automation") / "failures.yaml"
        filled.write_text(template.replace("block_document_id: BLOCK_DOCUMENT_ID", f"block_document_id: {block}"), encoding="utf-8")
        create = [sys.executable, "-m", "prefect", "automation", "create", "--from-file", str(filled)]
        subprocess.run(create, env=site.environment, check=True, capture_output=True)
        yield received
        pager.shutdown()


def artifacts_of(site: Site, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.ask("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}}).json()
    return found


def answer(site: Site, run_id: str, **decision: Any) -> int:
    return site.ask("POST", f"/flow_runs/{run_id}/resume", {"run_input": decision}).status_code


def question(site: Site, run_id: str) -> str:
    """The form's text as the UI shows it. Prefect saves it after the run is suspended, not before."""
    keyset = site.run(run_id)["state"]["state_details"]["run_input_keyset"]

    def shown() -> str | None:
        answered = site.ask("GET", f"/flow_runs/{run_id}/input/{keyset['description']}")
        return str(answered.json()) if answered.status_code == 200 else None

    return str(wait_for("the form's text", shown, 30))


@pytest.mark.parametrize(
    ("flow", "change", "said"),
    [
        pytest.param("release", {"split": {"tset": 0.1}}, "'tset' was unexpected", id="unknown key"),
        pytest.param("prepare", {"split": {"test": "much"}}, "'much' is not of type 'number'", id="wrong type"),
        pytest.param("release", {"train": {"epochs": 0}}, "0 is less than the minimum of 1", id="out of range"),
        pytest.param("prepare", {"sources": []}, "sources", id="no source"),
        pytest.param("prepare", {"filter": {"personal_data": "sell"}}, "'sell' is not one of", id="no such choice"),
    ],
)
def test_wrong_parameters_are_refused_before_a_run_exists(flow: str, change: dict[str, Any], said: str, site: Site) -> None:
    before = len(site.runs_of(flow))
    refused = site.submit(f"{flow}/sample", {"recipe": recipe() | change})
    assert refused.status_code in (409, 422)
    assert said in refused.text
    assert len(site.runs_of(flow)) == before


def test_what_only_the_recipe_can_check_fails_the_run_with_its_reason_and_a_message(site: Site, messages: list[dict[str, str]]) -> None:
    """On SQLite a server that is very busy loses an event now and then ("database is locked"): the next run is told of."""
    wrong = recipe() | {"split": {"test": 0.6, "validation": 0.6}}
    for _ in range(3):
        run = site.ended(site.started("prepare/sample", {"recipe": wrong}))
        assert run["state"]["name"] == "Failed"
        assert "leave nothing to train on" in run["state"]["message"]
        with suppress(TimeoutError):
            told = wait_for("a message", lambda: next((m for m in messages if run["id"] in m["body"]), None), 45)  # noqa: B023 - called here
            break
    assert told["subject"] == f"{run['name']}: Failed"
    assert told["body"].startswith("prepare / sample: ")
    assert all(part in told["body"] for part in ("leave nothing to train on", f"http://127.0.0.1:{site.port}/"))


def test_the_form_shows_the_recipe_with_its_sections_and_their_words(site: Site) -> None:
    found = site.ask("GET", "/deployments/name/release/sample").json()
    definitions = found["parameter_openapi_schema"]["definitions"]
    assert definitions["Split"]["properties"]["test"]["maximum"] == 1
    assert "Expected share" in definitions["Split"]["properties"]["validation"]["description"]
    assert found["enforce_parameter_schema"]
    assert found["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    assert found["global_concurrency_limit"]["limit"] == 1
    assert {"dataprep", "sample"} <= set(found["tags"])
    assert [schedule["active"] for schedule in found["schedules"]] == [False]


def test_a_release_waits_for_approval_survives_the_server_and_fine_tunes_once(site: Site, tmp_path: Path) -> None:
    build, target = tmp_path / "build", tmp_path / "out"
    wanted = {"recipe": recipe(to=[str(target)], approval=True, tag="v1"), "folder": str(build)}
    run_id = site.started("release/sample", wanted)
    assert site.ended(run_id, "Suspended", "Failed")["state"]["name"] == "Suspended"
    assert site.run(run_id)["name"] == "release sample v1"
    assert not target.exists()

    text = question(site, run_id)
    missing = [
        part
        for part in ("Publish Polish retrieval sample?", str(target), "none broken", "No earlier release", "Splits")
        if part not in text
    ]
    assert not missing, text
    assert answer(site, run_id, approve="perhaps") == 200  # refused: the state stays as it is
    assert site.run(run_id)["state"]["name"] == "Suspended"

    site.kill("server")
    site.start_server()
    assert answer(site, run_id, approve=True, comment="looks right") == 201
    assert site.ended(run_id)["state"]["name"] == "Completed", site.log_of(run_id)
    assert "approved: looks right" in site.log_of(run_id)
    assert {path.name for path in target.iterdir()} == {"dataset", "model"}

    fine_tuned = [run for run in site.runs_of("fine-tune") if run["name"] == "fine-tune sample v1"]
    assert [run["state"]["name"] for run in fine_tuned] == ["Completed"]
    assert fine_tuned[0]["work_pool_name"] == "train"
    assert "ndcg@10" in site.log_of(fine_tuned[0]["id"])
    for what in ("summary", "rows", "rules", "splits", "scores", "report", "published-folder", "lengths-progress", "train-progress"):
        assert artifacts_of(site, f"sample-{what}"), what

    _reject_with_what_changed(site, build, target)


def _reject_with_what_changed(site: Site, build: Path, target: Path) -> None:
    manifest = (target / "dataset" / "manifest.json").read_bytes()
    changed = recipe(to=[str(target)], approval=True) | {"split": {"test": 0.3}}
    run_id = site.started("release/sample", {"recipe": changed, "folder": str(build)})
    site.ended(run_id, "Suspended", "Failed")
    text = question(site, run_id)
    assert "| table | rows | added | removed | moved |" in text
    assert "| pairs | 198 → " in text
    assert answer(site, run_id, approve=False, comment="the test split grew") == 201
    run = site.ended(run_id)
    assert (run["state"]["name"], run["state"]["message"]) == ("Cancelled", "not published: rejected: the test split grew")
    assert (target / "dataset" / "manifest.json").read_bytes() == manifest


@pytest.mark.slow
def test_the_same_release_is_fine_tuned_once_and_again_only_where_its_model_is_gone(site: Site, tmp_path: Path) -> None:
    build = tmp_path / "build"
    wanted = {"recipe": recipe(to=[str(tmp_path / "out")], tag="once"), "folder": str(build)}

    def fine_tunings() -> int:
        return len([run for run in site.runs_of("fine-tune") if run["name"] == "fine-tune sample once"])

    for lost, expected in ((None, 1), (None, 1), ("evaluation.json", 2)):
        if lost:
            (build / lost).unlink()
        run = site.ended(site.started("release/sample", wanted))
        assert run["state"]["name"] == "Completed", site.log_of(run["id"])
        assert fine_tunings() == expected


@pytest.mark.slow
def test_without_an_answer_the_run_fails_and_nothing_is_published(site: Site, tmp_path: Path) -> None:
    wanted = recipe(to=[str(tmp_path / "out")], approval=True, approval_hours=0.003)
    run = site.ended(site.started("release/sample", {"recipe": wanted, "folder": str(tmp_path / "build")}))
    assert run["state"]["name"] == "Failed"
    assert "never resumed" in run["state"]["message"]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_publishing_alone_starts_fine_tuning_by_the_event(site: Site, tmp_path: Path) -> None:
    build = tmp_path / "build"
    wanted = recipe(to=[str(tmp_path / "out")], what=["dataset"], tag="v7")
    prepared = site.ended(site.started("prepare/sample", {"recipe": wanted, "folder": str(build)}))
    assert prepared["state"]["name"] == "Completed", site.log_of(prepared["id"])
    published = site.ended(site.started("publish/sample", {"folder": str(build)}))
    assert published["state"]["name"] == "Completed", site.log_of(published["id"])

    def by_the_event() -> list[dict[str, Any]]:
        return [run for run in site.runs_of("fine-tune") if run["name"] == "fine-tune sample v7"]

    started = wait_for("fine-tuning", by_the_event, 120, 1)
    ended = site.ended(started[0]["id"])
    assert ended["state"]["name"] == "Completed", site.log_of(started[0]["id"])
    assert ended["created_by"]["type"] == "AUTOMATION"
    assert (build / "evaluation.json").is_file()


@pytest.mark.slow
def test_a_release_that_was_built_anew_is_not_trained_on_by_mistake(site: Site, tmp_path: Path) -> None:
    build = tmp_path / "build"
    site.ended(site.started("prepare/sample", {"recipe": recipe(), "folder": str(build)}))
    run = site.ended(site.started("fine-tune/sample", {"folder": str(build), "release_sha256": "0" * 64}))
    assert run["state"]["name"] == "Failed"
    assert "not 000000000000" in run["state"]["message"]
    assert "Traceback" not in site.log_of(run["id"])


@pytest.mark.slow
def test_a_run_is_cancelled_from_the_api_and_leaves_no_process(site: Site, tmp_path: Path) -> None:
    build = tmp_path / "build"
    endless = recipe() | {"train": {"epochs": 100_000}}
    assert site.ended(site.started("prepare/sample", {"recipe": endless, "folder": str(build)}))["state"]["name"] == "Completed"
    run_id = site.started("fine-tune/sample", {"folder": str(build)})
    holder = wait_for("training", lambda: (build / ".holder").is_file() and (build / ".holder").read_text(encoding="utf-8"), 120)
    site.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})
    assert site.ended(run_id)["state"]["name"] == "Cancelled"
    process = re.findall(r"\d+", holder)[0]
    wait_for("the end of the process", lambda: not Path(f"/proc/{process}").exists(), 60)
    assert not (build / ".holder").exists()


def test_a_deployment_names_the_tokens_block_and_never_holds_the_token(site: Site) -> None:
    saved = "from prefect.blocks.system import Secret; Secret(value='hf_very_secret').save('hf-token')"
    subprocess.run([sys.executable, "-c", saved], env=site.environment, check=True, capture_output=True)
    site.deploy("klej-dyk")
    for flow in ("prepare", "fine-tune", "publish", "release"):
        found = site.ask("GET", f"/deployments/name/{flow}/klej-dyk").text
        assert "prefect.blocks.secret.hf-token" in found
        assert "hf_very_secret" not in found


def test_the_deployments_of_another_recipe_carry_its_name_everywhere() -> None:
    project = for_recipe(yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8")), load("klej-dyk"), cron="0 4 * * 1")
    assert {deployment["name"] for deployment in project["deployments"]} == {"klej-dyk"}
    assert "sample" not in yaml.safe_dump(project["deployments"])
    active = [schedule["active"] for deployment in project["deployments"] for schedule in deployment.get("schedules", [])]
    assert active == [False, True]
