"""Another pipeline in the place of the one that serves, while requests go on."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeVar

from ...errors import Warnings
from ..row_errors import as_line
from .metrics import Metrics
from .queue import RequestQueue
from .served import ServedPipeline

logger = logging.getLogger(__name__)
LOOK_AGAIN = 0.1  # seconds
Result = TypeVar("Result")
Fingerprint: TypeAlias = frozenset[tuple[str, int, int, int]]
"""The files of a folder: the path of each, its inode, its size, and when it was written."""


class Reloader:
    """Loads the pipeline again, in a thread of its own, and has it served if that works.

    All methods are called in the event loop.
    """

    def __init__(self, name: str, load: Callable[[], ServedPipeline], queue: RequestQueue, metrics: Metrics):
        """name: of the pipeline, for messages. load: loads it. queue: takes the new one."""
        self._name = name
        self._load = load
        self._queue = queue
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reload")
        self._task: asyncio.Task[None] | None = None
        self._is_wanted = False

    def request(self) -> None:
        """Load the pipeline again; if that is done already, once more after it."""
        self._is_wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._reload())

    async def watch(self, folder: Path, known: Fingerprint, seconds: float) -> None:
        """Load the pipeline again whenever the files of its folder have changed, and stay so from one look to the next.

        known: the files that were loaded first. seconds: from one look to the next.
        """
        seen = known
        while True:
            await asyncio.sleep(seconds)
            before, seen = seen, await self._in_thread(lambda: fingerprint(folder))
            if seen == before and seen != known:
                known = seen
                self.request()

    async def _reload(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            try:
                pipeline = await self._in_thread(self._load)
            except Exception as err:  # whatever is wrong with the new pipeline, the old one goes on
                logger.error(Warnings.W585.format(pipeline=self._name, reason=as_line(err)))
                self._metrics.count_reload(worked=False)
            else:
                self._queue.replace(pipeline)
                logger.info("Serving %s %s, loaded again", pipeline.name, pipeline.version)
                self._metrics.count_reload(worked=True)
                del pipeline
                await self._free_the_earlier()

    async def _free_the_earlier(self) -> None:
        """Give back the memory of a pipeline that was replaced, once its last request is answered."""
        while self._queue.has_earlier:
            await asyncio.sleep(LOOK_AGAIN)
        await self._in_thread(gc.collect)

    async def _in_thread(self, function: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)


def fingerprint(folder: Path) -> Fingerprint:
    """Return what tells the files in a folder from others; of a folder that is being replaced, what there is."""
    files = set()
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with suppress(OSError):  # it is gone already
                status = path.stat()
                files.add((str(path), status.st_ino, status.st_size, status.st_mtime_ns))
    return frozenset(files)
