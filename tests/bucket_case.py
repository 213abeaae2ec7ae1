"""A real S3 server on loopback."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
import s3fs


@contextmanager
def served_bucket() -> Iterator[str]:
    """An empty bucket `pairs`; fsspec finds its server through the environment, as with any other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with pytest.MonkeyPatch.context() as env:
        settings = {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "eu-west-1"}
        for name, value in settings.items():
            env.setenv(f"AWS_{name}", value)
        s3fs.S3FileSystem.clear_instance_cache()  # one of another server
        try:
            _wait_for(port)
            boto3.client("s3").create_bucket(Bucket="pairs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
            yield "s3://pairs"
        finally:
            server.kill()
            server.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the S3 server did not start within a minute")
