"""A build published to s3:// on a real S3 server on loopback: the same bytes, whole or not there."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import release_case
import s3fs
from bucket_case import served_bucket

from dataprep import io
from dataprep.build import Build, existing_build
from dataprep.errors import RemoteError
from dataprep.publishers import to_bucket
from dataprep.publishers.file_plan import local_files
from dataprep.publishers.last_published import last_published
from dataprep.publishers.publish_build import publish_build, settings_of
from dataprep.recipes import recipe_file

TARGET = "s3://pairs/acme/pytania"
PLACE = f"{TARGET}/dataset"


@pytest.fixture(scope="module", autouse=True)
def bucket() -> Iterator[None]:
    with served_bucket():
        yield


@pytest.fixture
def build(tmp_path: Path) -> Build:
    folder = release_case.write_build(tmp_path / "build")
    io.write_text(recipe_file.dump(release_case.recipe()), folder / "recipe.toml")
    return existing_build(folder)


def published(build: Build, *, is_dry_run: bool = False) -> str:
    (outcome,) = publish_build(build, settings_of(build, {"to": (TARGET,), "what": ("dataset",)}), is_dry_run=is_dry_run)
    return outcome.line


def held(prefix: str = "acme/pytania/") -> dict[str, bytes]:
    client = boto3.client("s3")
    names = [item["Key"] for item in client.list_objects_v2(Bucket="pairs", Prefix=prefix).get("Contents", [])]
    return {name.removeprefix(prefix): client.get_object(Bucket="pairs", Key=name)["Body"].read() for name in names}


def test_a_bucket_holds_the_bytes_of_the_release_and_a_second_publication_sends_nothing(build: Build) -> None:
    files = {path.relative_to(build.release).as_posix(): path.read_bytes() for path in io.files_below(build.release)}
    assert "would be" in published(build, is_dry_run=True)
    assert not held()
    assert f"{len(files)} files added" in published(build)
    found = held()
    assert found.pop("dataset.files.json")
    assert found == {f"dataset/{name}": content for name, content in files.items()}
    assert "unchanged" in published(build)
    with last_published([TARGET], settings_of(build, {})) as release:
        assert release is not None
        assert {path.relative_to(release).as_posix(): path.read_bytes() for path in io.files_below(release)} == files


def test_a_publication_that_was_cut_off_leaves_no_listing_and_is_made_good(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    published(build)
    files = local_files(build.release, {"README.md": "another card"})
    with monkeypatch.context() as cut:
        cut.setattr(to_bucket, "_send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            to_bucket.publish_bucket(files, PLACE)
    assert "dataset.files.json" not in held()
    with last_published([TARGET], settings_of(build, {})) as release:
        assert release is None
    done, _ = to_bucket.publish_bucket(files, PLACE)
    assert set(done.changed) == set(files)
    assert held()["dataset/README.md"] == b"another card"
    assert to_bucket.plan_bucket(files, PLACE).is_empty


def test_a_file_that_somebody_changed_or_added_is_put_right(build: Build) -> None:
    published(build)
    client = boto3.client("s3")
    client.put_object(Bucket="pairs", Key="acme/pytania/dataset/README.md", Body=b"?")
    client.put_object(Bucket="pairs", Key="acme/pytania/dataset/more.txt", Body=b"?")
    plan = to_bucket.plan_bucket(local_files(build.release), PLACE)
    assert (plan.changed, plan.deleted) == (("README.md",), ("more.txt",))
    published(build)
    assert "dataset/more.txt" not in held()
    assert held()["dataset/README.md"] == (build.release / "README.md").read_bytes()


def test_a_server_that_is_away_is_told_as_a_remote_that_is_out_of_reach(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(RemoteError, match=r"s3://pairs/acme/pytania/dataset: the remote refused or was out of reach.*Publish again"):
        published(build)
    s3fs.S3FileSystem.clear_instance_cache()
