"""The OpenAPI description says what the server does: every route, every Struct, and nothing that schemathesis can refute."""

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from engine.http.app import ROUTES
from engine.http.contracts.openapi import description
from tests.engine.http.servers import application


def test_every_route_is_described_and_every_reference_leads_somewhere():
    found = msgspec.json.decode(description())
    described = {(method.upper(), path) for path, methods in found["paths"].items() for method in methods}
    assert described == {(method, path.replace(":path", "")) for method, path, _ in ROUTES}
    references = {part.split('"')[0] for part in description().decode().split("#/components/schemas/")[1:]}
    assert references <= set(found["components"]["schemas"])


def test_the_bodies_are_those_that_are_decoded():
    schemas = msgspec.json.decode(description())["components"]["schemas"]
    assert schemas["FillBody"]["required"] == ["text"]
    assert schemas["FillBody"]["additionalProperties"] is False
    assert {"start", "end", "pins", "choices", "name"} <= set(schemas["Span"]["properties"])
    assert schemas["InfillBody"]["required"] == ["input_prefix", "input_suffix"]


CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
"""All that apply: there are no links, and what fields rule out together (spans beyond the text) no schema can say."""


@pytest.fixture(scope="module")
def described(config, tokenizer):
    with application(config, tokenizer) as (url, _, _):
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


schema = schemathesis.pytest.from_fixture("described")


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_contradicts_the_description(case):
    case.call_and_validate(checks=CHECKS, timeout=60)
