"""One real server for all tests that only ask it questions."""

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
