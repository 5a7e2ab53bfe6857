"""`POST /predict`: a request's way to its answers."""

from __future__ import annotations

import asyncio

from anyio import fail_after
from fastapi import Request, Response
from pydantic_core import to_json
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from ...errors import Errors
from .body import HeldBodies, HeldBytes, read_body
from .job import Answer, Job
from .metrics import Metrics
from .queue import RequestQueue
from .refusals import Refusal, check_rows
from .settings import Limits

CLIENT_HAS_GONE = 499  # as nginx counts them; nobody sees it


class Predictions:
    """Answers requests for predictions."""

    def __init__(self, queue: RequestQueue, limits: Limits, metrics: Metrics):
        """queue: where texts wait for the pipeline."""
        self._queue = queue
        self._limits = limits
        self._metrics = metrics
        self._bodies = HeldBodies(limits)

    async def answer(self, request: Request) -> Response:
        """Return the answers to a request's rows. Raises Refusal, or InvalidRequestError for a body that is none."""
        try:
            with self._bodies.hold() as held:
                body = await self._body(request, held)
                rows = self._queue.pipeline.schemas.read(body)
                del body
                check_rows(rows, self._limits)
                results = await self._results(self._queue.add(rows), request.receive)
        except ClientDisconnect:
            return Response(status_code=CLIENT_HAS_GONE)
        return Response(to_json({"results": results}), media_type="application/json")

    async def _body(self, request: Request, held: HeldBytes) -> bytes:
        """Return the body. Raises what `read_body` does, and Refusal if it takes too long."""
        try:
            with fail_after(self._limits.timeout):
                return await read_body(request, held, self._limits)
        except TimeoutError as err:
            message = Errors.E597.format(seconds=self._limits.timeout)
            raise Refusal(408, message, {"Connection": "close"}) from err

    async def _results(self, job: Job, receive: Receive) -> list[Answer]:
        """Wait for the answers to a job.

        Raises Refusal if they take too long, ClientDisconnect if nobody waits for them any more.
        """
        if job.future.done():
            return job.future.result()
        loop = asyncio.get_running_loop()
        too_late = Refusal(504, Errors.E595.format(seconds=self._limits.timeout))
        timer = loop.call_later(self._limits.timeout, job.fail, too_late)
        watcher = loop.create_task(_fail_when_gone(job, receive))
        try:
            return await job.future
        finally:
            timer.cancel()
            watcher.cancel()
            if job.unanswered:
                self._metrics.count_dropped(self._queue.drop(job))


async def _fail_when_gone(job: Job, receive: Receive) -> None:
    """Wait for the client to close the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
    job.fail(ClientDisconnect())
