"""Flows: what is tried again, what a run is called, and that a lost artifact loses nothing else."""

import errno
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import release_case
from prefect import flow, get_client, task
from prefect.artifacts import ArtifactFilter, ArtifactFilterKey
from prefect.settings import PREFECT_API_URL, temporary_settings

from dataprep import model_stages
from dataprep.build import Build
from dataprep.errors import CallError, DataError, RemoteError
from dataprep.progress import progress_of
from dataprep.recipes.recipe_file import load
from flows import artifacts, operating, pace, progress, waiting
from flows.tasks import may_pass

pytestmark = pytest.mark.usefixtures("prefect")


@pytest.mark.parametrize(
    ("error", "is_deployed", "calls"),
    [
        pytest.param(RemoteError("the Hub is away"), True, 3, id="remote"),
        pytest.param(ConnectionResetError("by peer"), True, 3, id="connection"),
        pytest.param(RemoteError("the Hub is away"), False, 1, id="remote at a terminal"),
        pytest.param(DataError("no row"), True, 1, id="data"),
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), True, 1, id="full disk"),
        pytest.param(ValueError("ours"), True, 1, id="fault of ours"),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, *, is_deployed: bool, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating, "is_deployed", lambda: is_deployed)
    made = []

    @task(retries=2, retry_delay_seconds=0, retry_condition_fn=may_pass)
    def fails() -> None:
        made.append(1)
        raise error

    @flow
    def fails_inside() -> None:
        fails()

    with pytest.raises(type(error)):
        fails_inside()
    assert len(made) == calls


def test_a_run_is_named_after_flow_recipe_and_tag() -> None:
    names = []

    @flow(flow_run_name=operating.run_name("release"))
    def named(recipe: object, release_tag: str | None = None) -> None:  # noqa: ARG001 - read by the namer
        from prefect import runtime  # noqa: PLC0415 - of this run

        names.append(runtime.flow_run.name)

    named(load("sample"))
    named(load("sample", ["publish.tag=v1"]))
    named(load("sample"), release_tag="v2")
    assert names == ["release sample", "release sample v1", "release sample v2"]


def test_an_artifact_that_cannot_be_stored_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionError("no server")

    monkeypatch.setattr(artifacts, "create_markdown_artifact", away)
    monkeypatch.setattr(logging.getLogger("dataprep"), "propagate", True)
    artifacts.show(Build(tmp_path, load("sample")))
    assert "artifacts were not stored: no server" in caplog.text


def test_progress_is_shown_while_a_stage_tells_it_and_ends_whole(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    told: list[float] = []
    monkeypatch.setattr(progress, "_EVERY_S", 0.0)
    monkeypatch.setattr(progress, "create_progress_artifact", lambda **given: told.append(given["progress"]) or UUID(int=1))
    monkeypatch.setattr(progress, "update_progress_artifact", lambda _, **given: told.append(given["progress"]))
    caplog.set_level(logging.INFO, "dataprep")
    with progress.progress_in_ui("Mała próba", "lengths"):
        tell = progress_of("lengths")
        tell(1, 4)
        tell(3, 4)
    progress_of("lengths")(1, 4)  # nobody shows it any more
    assert told == [25.0, 75.0, 100.0]


def test_a_training_tells_its_table_and_loss_beside_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(progress, "create_progress_artifact", lambda **given: told.append(given["description"]) or UUID(int=1))
    monkeypatch.setattr(progress, "update_progress_artifact", lambda _, **given: told.append(given["description"]))
    monkeypatch.setattr(logging.getLogger("dataprep"), "level", logging.INFO)
    with progress.progress_in_ui("sample", "train"):
        model_stages._show_progress({"table": "pairs", "epoch": 0.5, "step": 1, "n_steps": 4, "loss": 0.25, "learning_rate": 0.1})
    assert told == ["train of sample: pairs, pass 1, loss 0.250; 1 of 4", "train of sample: pairs, pass 1, loss 0.250"]


def test_progress_that_cannot_be_stored_is_a_warning_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def away(**_: object) -> None:
        raise ConnectionError("no server")

    monkeypatch.setattr(progress, "_EVERY_S", 0.0)
    monkeypatch.setattr(progress, "create_progress_artifact", away)
    monkeypatch.setattr(logging.getLogger("dataprep"), "propagate", True)
    caplog.set_level(logging.INFO, "dataprep")
    with progress.progress_in_ui("sample", "train"):
        for done in range(3):
            progress_of("train")(done, 3)
    warned = {id(record) for record in caplog.records if record.getMessage() == "progress is not shown: no server"}
    assert len(warned) == 1  # the log's handler may stand at two loggers


def test_what_is_finished_has_artifacts_with_a_picture_and_links(tmp_path: Path) -> None:
    release_case.write_build(tmp_path)

    @flow
    def showing() -> None:
        artifacts.show(Build(tmp_path, load("sample", ["name=shown"])))
        artifacts.show_published("shown", ["hf://datasets/owner/name", "hf://owner/name", str(tmp_path)])

    showing()
    with get_client(sync_client=True) as client:
        found = {
            artifact.key: artifact.data
            for artifact in client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(like_="shown-")))
        }
    assert "](data:image/svg+xml;base64," in found["shown-summary"]
    assert {"rule": "filter.min_passage_words", "rows": "1"} in json.loads(found["shown-rules"])
    assert {"rule": "clean.mojibake", "rows": "0"} in json.loads(found["shown-rules"])
    assert "(https://huggingface.co/datasets/owner/name)" in found["shown-published-dataset"]
    assert "(https://huggingface.co/owner/name)" in found["shown-published-model"]
    assert tmp_path.as_uri() in found["shown-published-folder"]


def test_a_table_cell_cannot_break_the_table() -> None:
    assert artifacts.markdown_table([{"rule": "a|b", "rows": "1"}]).splitlines()[-1] == "| a\\|b | 1 |"


def test_neither_recipe_nor_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="neither a recipe nor a build folder"), operating.held_build(None, None):
        pass
    with pytest.raises(CallError, match="no build folder"), operating.held_build(None, tmp_path):
        pass


def test_a_server_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(waiting, "_POLL_S", 0.1)
    told = threading.Event()
    monkeypatch.setattr(waiting.log, "warning", lambda *_: told.set())
    server: list[HTTPServer] = []

    def come_back() -> None:
        told.wait(60)
        server.append(HTTPServer(("127.0.0.1", port), type("Handler", (BaseHTTPRequestHandler,), {"do_GET": answer})))
        server[0].serve_forever()

    threading.Thread(target=come_back, daemon=True).start()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        waiting.wait_for_server()
        assert told.is_set()
        waiting.wait_for_server()
    server[0].shutdown()
    server[0].server_close()


def test_a_stage_tells_its_rate_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 110.0, 112.0, 200.0])
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(clock))
    one = pace.Pace()
    assert one.told(2, 1_202) == "2 of 1,202"
    assert one.told(12, 1_202) == "12 of 1,202, 1 per second, 20 min left"
    assert one.told(1_202, 1_202) == "1,202 of 1,202, 100 per second, 0 s left"
    assert one.told(1, 7) == "1 of 7"  # another piece of work
    assert [pace.spelt(seconds) for seconds in (42.4, 200, 7_500)] == ["42 s", "3 min", "2 h 5 min"]
