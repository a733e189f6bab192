"""The OpenAPI description says what the server does: every route, every Struct, and nothing that
schemathesis can refute."""

import subprocess
import sys

import msgspec
import pytest

from engine.http.app import ROUTES
from engine.http.contracts.openapi import description
from tests.engine.http.servers import application


def test_every_route_is_described_and_every_reference_leads_somewhere():
    found = msgspec.json.decode(description())
    described = {
        (method.upper(), path) for path, methods in found["paths"].items() for method in methods
    }
    assert described == {(method, path.replace(":path", "")) for method, path, _ in ROUTES}
    references = {
        part.split('"')[0] for part in description().decode().split("#/components/schemas/")[1:]
    }
    assert references <= set(found["components"]["schemas"])


def test_the_bodies_are_those_that_are_decoded():
    schemas = msgspec.json.decode(description())["components"]["schemas"]
    assert schemas["FillBody"]["required"] == ["text"]
    assert schemas["FillBody"]["additionalProperties"] is False
    assert {"start", "end", "pins", "choices", "name"} <= set(schemas["Span"]["properties"])
    assert schemas["InfillBody"]["required"] == ["input_prefix", "input_suffix"]


CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)
"""All that apply: there are no links, and what fields rule out together (spans beyond the text) no
schema can say."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_schemathesis_finds_nothing(config, tokenizer, tmp_path):
    with application(config, tokenizer) as (url, _, _):
        options = [
            "--checks",
            ",".join(CHECKS),
            "--max-examples",
            "10",
            "--seed",
            "1",
            "--workers",
            "1",
            "--no-color",
        ]
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
