"""A server in a process of its own, and the memory that it holds."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

LOOK = 1.0  # seconds
MEGABYTE = 2**20


class ServerProcess:
    """A server, which has said where it listens. megabytes: of memory, second by second."""

    def __init__(self, process: subprocess.Popen[str], port: int):
        """Begin to look at its memory."""
        self.port = port
        self.megabytes: list[float] = []
        self._process = psutil.Process(process.pid)
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        try:
            while True:
                self.megabytes.append(self._process.memory_info().rss / MEGABYTE)
                time.sleep(LOOK)
        except psutil.Error:
            return


@contextmanager
def started(pipeline: str, options: Sequence[str] = ()) -> Iterator[ServerProcess]:
    """Start a server at a free port, and end it after the block. Raises RuntimeError if it does not end well."""
    command = [sys.executable, "-m", "spacy", "bertadapt", "serve", pipeline, "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start: {command}")
        yield ServerProcess(process, int(line.rsplit(":", 1)[1]))
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    if code:
        raise RuntimeError(f"the server ended with {code}")
