"""Work done in a process of its own, with a report of what it touched, started and said. For Linux."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy_bertadapt.errors import BertadaptError

EVENTS = 0x20 | 0x2 | 0x100 | 0x200 | 0x40 | 0x80  # opened, modified, created, deleted, moved from and to
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "pty.spawn")
SECONDS = 60


@dataclass
class Report:
    """What came of the work: "loaded" or "refused", and what it must not have done."""

    outcome: str
    violations: list[str] = field(default_factory=list)


def watched(work: Callable[[], object], *, outside: Path, forbidden_module: str, memory: int) -> Report:
    """Do work in a forked process that may not touch a folder, import a module, start a process or connect.

    outside: the folder. memory: bytes that the process may map. It may raise an error of this package, of one line, and
    print one line.
    """
    watch = _Watch(outside)
    with tempfile.TemporaryDirectory() as folder:
        said, told = Path(folder) / "said", Path(folder) / "told"
        process = os.fork()
        if not process:
            _work(work, said, told, forbidden_module, memory)
        _, status = os.waitpid(process, 0)
        report = _report(status, told)
        printed = said.read_text(encoding="utf8", errors="replace").strip()
    if "\n" in printed:
        report.violations.append(f"printed {printed[:300]!r}")
    report.violations += watch.events()
    return report


def _report(status: int, told: Path) -> Report:
    if status or not told.exists():
        return Report("died", [f"ended with status {status}"])
    return Report(**json.loads(told.read_text(encoding="utf8")))


def _work(work: Callable[[], object], said: Path, told: Path, forbidden_module: str, memory: int) -> None:
    """Do the work, write the report, and end the process."""
    try:
        output = os.open(said, os.O_CREAT | os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        warnings.simplefilter("ignore")
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        signal.alarm(SECONDS)
        violations: list[str] = []
        sys.addaudithook(lambda event, args: _note(violations, event, args, forbidden_module))
        outcome = "loaded"
        try:
            work()
        except BertadaptError as err:
            outcome = "refused"
            if "\n" in str(err):
                violations.append(f"said more than one line: {str(err)[:200]!r}")
        except BaseException as err:  # whatever it is, it is what a user would see
            outcome = "refused"
            violations.append(f"raised {type(err).__name__}: {str(err)[:200]!r}")
        if Path("ran").exists():
            violations.append("ran the payload")
        told.write_text(json.dumps({"outcome": outcome, "violations": violations}), encoding="utf8")
    finally:
        os._exit(0)


def _note(violations: list[str], event: str, args: tuple[Any, ...], forbidden_module: str) -> None:
    if event in STARTS:
        violations.append(f"{event} {args[:2]!r:.100}")
    elif event == "import" and args and str(args[0]).split(".")[0] == forbidden_module:
        violations.append(f"imported {args[0]}")


class _Watch:
    """Notes whatever opens or changes a file in a folder, by whatever library."""

    def __init__(self, folder: Path):
        """Begin to watch."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK)
        for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            if self._libc.inotify_add_watch(self._queue, os.fsencode(place), EVENTS) < 0:
                raise OSError(ctypes.get_errno(), f"can't watch {place}")

    def events(self) -> list[str]:
        """Return what has happened, and end."""
        try:
            raw = os.read(self._queue, 1_000_000)
        except BlockingIOError:
            return []
        finally:
            os.close(self._queue)
        names = raw.replace(b"\0", b"").decode("utf8", errors="replace")
        return [f"touched a file outside: {names[-60:]!r}"]
