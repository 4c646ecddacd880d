"""Requests made from the OpenAPI document by schemathesis: whatever is sent, no 5xx, and answers keep their schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from doors_server import served, small_settings
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

EXAMPLES = 8


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    with served(small_settings(tmp_path_factory.mktemp("schema"))) as url:
        schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
        yield [found.ok() for found in schema.get_all_operations()]


def test_no_request_breaks_the_server(operations: list[Any]) -> None:
    assert len(operations) > 10
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def sent(case: Any) -> None:
            answer = case.call(timeout=60)
            case.validate_response(
                answer,
                checks=[
                    checks.not_a_server_error,
                    checks.status_code_conformance,
                    checks.content_type_conformance,
                    checks.response_schema_conformance,
                ],
            )

        sent()
