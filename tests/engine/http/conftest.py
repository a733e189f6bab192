"""One real server for all tests that only ask it questions."""

import subprocess

import httpx
import pytest

from tests.engine.http.servers import lacuna_serve


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """(url, socket path) of `lacuna serve` with the bundled model."""
    with lacuna_serve(
        tmp_path_factory.mktemp("serve"), "--alias", "qwen2.5-coder", "--stream-after-s", 60
    ) as (
        _,
        url,
        path,
    ):
        yield url, path


@pytest.fixture(scope="session")
def http(served):
    with httpx.Client(base_url=served[0], timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    what = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    where = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    try:
        subprocess.run(["openssl", *what.split(), *where], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl")
    return folder / "cert.pem", folder / "key.pem"
