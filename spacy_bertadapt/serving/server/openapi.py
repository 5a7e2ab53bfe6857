"""The description of a server's interface, for the pipeline that it serves at the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from .replies import InvalidRequest, Problem
from .schemas import REFERENCE
from .served import ServedPipeline

PREDICT = "/predict"
JSON = "application/json"
RETRY_AFTER = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    408: {"model": Problem, "description": "The body did not come to its end in time"},
    413: {"model": Problem, "description": "Too large a body, too many texts, or one that is too long"},
    422: {"model": InvalidRequest, "description": "The body is not what the pipeline reads"},
    429: {"model": Problem, "description": "There is no room in the queue", "headers": RETRY_AFTER},
    500: {"model": Problem, "description": "The pipeline failed"},
    504: {"model": Problem, "description": "The answers were not there in time"},
}


def describe(routes: Sequence[BaseRoute], pipeline: ServedPipeline) -> dict[str, Any]:
    """Return the OpenAPI description. routes: of the app. pipeline: which requests `POST /predict` takes now."""
    schemas = pipeline.schemas
    description = get_openapi(title=pipeline.name, version=pipeline.version, routes=routes)
    description["components"]["schemas"] |= schemas.definitions()
    operation = description["paths"][PREDICT]["post"]
    operation["requestBody"] = {
        "required": True,
        "content": {JSON: _content("PredictRequest", schemas.example_request)},
    }
    answered = {"description": "The predictions, in the order of the request"}
    example = {"results": [schemas.example_answer]}
    operation["responses"]["200"] = {**answered, "content": {JSON: _content("PredictResponse", example)}}
    return description


def _content(name: str, example: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"$ref": REFERENCE.format(model=name)}, "example": example}
