"""Publishing to the Hub with the real client: one commit or none, a right tag, through failures, races and kills."""

import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hub_clients import FILES, NEXT, client, environment, publish_files, refused
from hub_faults import Fault
from hub_server import Server

from dataprep.publishers.hub import calls

REFUSED_BY_TAG = "names commit"
TIMEOUT_S = 0.7

pytestmark = pytest.mark.usefixtures("_quiet_hub")


def test_a_publication_is_one_commit_and_a_tag_and_the_second_one_is_nothing(server: Server, alice: ProcessPoolExecutor) -> None:
    commit, _, is_new = alice.submit(publish_files, "hf://datasets/acme/first", FILES, tag="v1", private=True).result()
    repo = server.hub.repo("acme/first")
    assert is_new
    assert repo.private
    assert [made.id for made in repo.history()] == [commit]
    assert repo.tags == {"v1": commit}
    assert server.contents(repo) == FILES
    server.log.clear()
    assert alice.submit(publish_files, "hf://datasets/acme/first", FILES, tag="v1", private=True).result()[::2] == (commit, False)
    assert not server.asked("^(POST|PUT)")


def test_a_change_is_one_commit_that_adds_changes_and_deletes(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/change"
    alice.submit(publish_files, target, FILES).result()
    without = {name: data for name, data in NEXT.items() if name != "empty.tsv"}
    _, plan, _ = alice.submit(publish_files, target, without).result()
    repo = server.hub.repo("alice/change")
    assert plan.startswith("1 files added, 1 changed, 1 deleted, 2 unchanged")
    assert len(repo.history()) == 2
    assert server.contents(repo) == without


def test_a_branch_is_made_and_a_pull_request_is_opened_once(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/branch"
    alice.submit(publish_files, target, FILES).result()
    alice.submit(publish_files, target, NEXT, revision="next").result()
    repo = server.hub.repo("alice/branch")
    assert server.contents(repo) == FILES
    assert server.contents(repo, "next") == NEXT
    commit, _, is_new = alice.submit(publish_files, target, NEXT, create_pr=True).result()
    assert is_new
    assert alice.submit(publish_files, target, NEXT, create_pr=True).result()[::2] == (commit, False)
    assert server.contents(repo) == FILES
    assert server.contents(repo, "refs/pr/1") == NEXT
    assert [p["status"] for p in repo.proposals.values()] == ["open"]


def test_a_pull_request_whose_reply_is_lost_is_found_again(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/lost-proposal"
    alice.submit(publish_files, target, FILES).result()
    server.faults.append(Fault("/commit/", "lost", "POST"))
    alice.submit(publish_files, target, NEXT, create_pr=True).result()
    assert len(server.hub.repo("alice/lost-proposal").proposals) == 1


@pytest.mark.parametrize("how", ["lost", "drop", "hang", "late", "overdue", 500, 409, 412, 429, 503])
def test_a_commit_that_fails_once_is_made_once(server: Server, tmp_path: Path, how: int | str) -> None:
    server.faults.append(Fault("/commit/", how, "POST"))
    with client(environment(server.url, tmp_path)) as alice:
        commit, *_ = alice.submit(publish_files, f"hf://acme/commit-{how}", FILES, tag="v1", timeout_s=TIMEOUT_S).result()
    repo = server.hub.repo(f"acme/commit-{how}", "model")
    assert [made.id for made in repo.history()] == [commit] == list(repo.tags.values())


def test_somebody_elses_commit_meanwhile_stops_as_diverged(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/diverged"
    alice.submit(publish_files, target, FILES).result()
    repo = server.hub.repo("alice/diverged")

    def edit(_number: int, _method: str, path: str) -> None:
        if "/commit/" in path and "theirs.txt" not in repo.resolve("main").tree:
            repo.edit("theirs.txt", b"theirs")

    server.before = edit
    try:
        said = refused(alice, publish_files, target, NEXT, tag="v2")
    finally:
        server.before = lambda *_: None
    assert "diverged: somebody else committed" in said
    assert "publish again" in said
    assert repo.resolve("main").title == "Edit theirs.txt"
    assert repo.tags == {}


def test_a_tag_that_names_another_commit_stops_before_anything_is_sent(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/tagged"
    alice.submit(publish_files, target, FILES, tag="v1").result()
    server.log.clear()
    assert REFUSED_BY_TAG in refused(alice, publish_files, target, NEXT, tag="v1")
    assert not server.asked("^(POST|PUT)")


def test_a_tag_that_somebody_makes_meanwhile_is_not_taken_for_ours(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/raced-tag"
    alice.submit(publish_files, target, FILES).result()
    repo = server.hub.repo("alice/raced-tag")

    def take(_number: int, _method: str, path: str) -> None:
        if "/tag/" in path:
            repo.tags.setdefault("v2", repo.history()[0].id)

    server.before = take
    try:
        assert REFUSED_BY_TAG in refused(alice, publish_files, target, NEXT, tag="v2")
    finally:
        server.before = lambda *_: None


def test_a_public_repository_is_not_taken_for_a_private_one(server: Server, alice: ProcessPoolExecutor) -> None:
    server.hub.repo("alice/public")
    assert "is public, and private was asked for" in refused(alice, publish_files, "hf://datasets/alice/public", FILES, private=True)
    assert not server.asked("^(POST|PUT)")


def test_a_card_that_the_hub_refuses_changes_nothing(server: Server, alice: ProcessPoolExecutor) -> None:
    bad = {**FILES, "README.md": b"---\nlanguage: {a: 1}\n---\n"}
    assert "the Hub refused what was sent" in refused(alice, publish_files, "hf://datasets/alice/bad", bad)
    assert server.hub.repo("alice/bad").history() == []


def test_a_file_list_at_the_target_that_ignores_files_drops_none_of_ours(server: Server, alice: ProcessPoolExecutor) -> None:
    server.hub.repo("alice/ignoring").edit(".gitignore", b"*.parquet\n")
    alice.submit(publish_files, "hf://datasets/alice/ignoring", FILES).result()
    assert server.contents(server.hub.repo("alice/ignoring")) == FILES


def test_with_xet_the_same_bytes_arrive(server: Server, tmp_path: Path) -> None:
    contents = {**FILES, "data/xet.parquet": b"PAR1\0sent with Xet"}
    with client(environment(server.url, tmp_path, xet=True)) as pool:
        commit, *_ = pool.submit(publish_files, "hf://datasets/alice/xet", contents, tag="v1").result()
        assert pool.submit(publish_files, "hf://datasets/alice/xet", contents, tag="v1").result()[::2] == (commit, False)
    repo = server.hub.repo("alice/xet")
    assert repo.resolve("v1").tree["data/xet.parquet"].xet
    assert server.contents(repo) == contents


def test_a_release_that_its_tag_holds_stays_published_when_the_branch_moves_on(server: Server, alice: ProcessPoolExecutor) -> None:
    target = "hf://datasets/alice/behind"
    first, *_ = alice.submit(publish_files, target, FILES, tag="v1").result()
    alice.submit(publish_files, target, NEXT, tag="v2").result()
    server.log.clear()
    assert alice.submit(publish_files, target, FILES, tag="v1").result()[::2] == (first, False)
    assert not server.asked("^(POST|PUT)")
    assert server.contents(server.hub.repo("alice/behind")) == NEXT


def test_a_commit_that_is_not_proved_gets_no_tag_until_it_is(server: Server, alice: ProcessPoolExecutor) -> None:
    target, repo = "hf://datasets/alice/unproved", server.hub.repo("alice/unproved")
    assert "does not load" in refused(alice, publish_files, target, FILES, tag="v1", is_sound=False)
    assert [len(repo.history()), repo.tags] == [1, {}]
    commit, *_ = alice.submit(publish_files, target, FILES, tag="v1").result()
    assert [[made.id for made in repo.history()], repo.tags] == [[commit], {"v1": commit}]


def test_a_tag_that_is_refused_says_that_the_commit_is_there(server: Server, alice: ProcessPoolExecutor) -> None:
    server.faults.append(Fault("/tag/", 403, "POST"))
    said = refused(alice, publish_files, "hf://datasets/alice/untagged", FILES, tag="v1")
    assert f"commit {server.hub.repo('alice/untagged').resolve('main').id} is published, but not tagged" in said


def test_a_large_file_goes_in_parts(server: Server, alice: ProcessPoolExecutor) -> None:
    contents = {**FILES, "data/large.parquet": random.Random(6).randbytes(100_000)}
    alice.submit(publish_files, "hf://datasets/alice/parts", contents).result()
    assert len(server.asked("PUT /_large/.*/part/")) == 4
    assert server.contents(server.hub.repo("alice/parts")) == contents


def test_who_may_not_write_may_propose_small_files(server: Server, alice: ProcessPoolExecutor, tmp_path: Path) -> None:
    target, small = "hf://datasets/alice/proposed", {name: data for name, data in NEXT.items() if "parquet" not in name}
    alice.submit(publish_files, target, FILES).result()
    with client(environment(server.url, tmp_path, token="hf_eve")) as eve:  # noqa: S106 - a made-up token
        assert eve.submit(publish_files, target, small, create_pr=True).result()[2]
    repo = server.hub.repo("alice/proposed")
    assert server.contents(repo) == FILES
    assert server.contents(repo, "refs/pr/1") == small


def test_no_attempt_starts_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    began = []

    def call() -> None:
        began.append(1)
        raise ConnectionError

    monkeypatch.setattr(calls, "_PATIENCE_S", 0.5)  # less than the wait after the first attempt
    with pytest.raises(ConnectionError):
        calls.retried(call)
    assert len(began) == 1
