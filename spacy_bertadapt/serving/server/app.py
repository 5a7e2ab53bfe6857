"""The HTTP interface of a server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from typing import Any, TypeAlias

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.routing import Route
from starlette.types import ASGIApp

from .docs_page import docs_page
from .metrics import MeasuredRequests, Metrics
from .openapi import PREDICT, PROBLEMS, describe
from .predict import Predictions
from .queue import RequestQueue
from .refusals import Refusal
from .replies import Info, LimitsInfo, Problem, Status
from .schemas import InvalidRequestError
from .settings import Limits
from .worker import Worker

Lifespan: TypeAlias = Callable[[FastAPI], AbstractAsyncContextManager[None]]
"""What is done before the first request, and after the last one."""

DOCS = "/docs"
UNHEALTHY = 503


def make_app(queue: RequestQueue, worker: Worker, limits: Limits, metrics: Metrics, lifespan: Lifespan) -> ASGIApp:
    """Return the app. queue: where texts wait for the pipeline. worker: predicts them."""
    app = FastAPI(docs_url=None, redoc_url=None, lifespan=lifespan)
    app.openapi = lambda: describe(app.routes, queue.pipeline)  # type: ignore[method-assign]
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(InvalidRequestError, _invalid)
    predictions = Predictions(queue, limits, metrics)
    description = "One prediction for each text or pair, in their order. One that could not be read has an `error`."
    app.post(PREDICT, responses=PROBLEMS, summary="Predict texts or pairs", description=description)(predictions.answer)
    _add_health(app, worker)

    @app.get("/info", summary="The pipeline and the limits")
    async def info() -> Info:
        known = {name: value for name, value in asdict(limits).items() if name in LimitsInfo.model_fields}
        return Info(**queue.pipeline.info(), limits=LimitsInfo(**{**known, "max_texts": limits.texts_of_a_request}))

    @app.get("/metrics", summary="Counts in the format of Prometheus", response_class=Response)
    async def counts() -> Response:
        return Response(metrics.as_text(), media_type=CONTENT_TYPE_LATEST)

    @app.get(DOCS, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return docs_page(app.openapi(), queue.pipeline.schemas.definitions())

    return MeasuredRequests(app, metrics, [route.path for route in app.routes if isinstance(route, Route)])


def _add_health(app: FastAPI, worker: Worker) -> None:
    """Add what supervisors ask."""

    async def status(response: Response) -> Status:
        if worker.is_healthy:
            return Status(status="ok")
        response.status_code = UNHEALTHY
        return Status(status="failing")

    unhealthy: dict[int | str, dict[str, Any]] = {UNHEALTHY: {"model": Status}}
    app.get("/health", responses=unhealthy, summary="Whether the server works")(status)
    app.get("/ready", responses=unhealthy, summary="Whether it can take requests")(status)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse(Problem(detail=str(error)).model_dump(), error.status, error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidRequestError)
    return JSONResponse({"detail": error.details}, 422)
