"""Processes that train by the real command, in which phase they are, and how they end.

They are forked from a process that has imported all that they need, so that one starts in no time. Each writes down in
which phase it is, in memory that it shares with the process that started it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from functools import wraps
from importlib import import_module
from mmap import mmap
from pathlib import Path
from typing import Any

PHASES = (
    "start-up",
    "initialization",
    "about to train",
    "reading, restoring, logging",
    "step",
    "evaluation",
    "save of the pipelines",
    "save of the state",
    "last save",
    "reporting",
    "real process",
)
(START_UP, INITIALIZATION, ABOUT_TO_TRAIN, BETWEEN, STEP, EVALUATION, SAVE, STATE, LAST_SAVE, REPORT, REAL) = range(11)
AIMS = (INITIALIZATION, BETWEEN, STEP, EVALUATION, SAVE, STATE, LAST_SAVE)
"""Phases that a signal can be aimed at."""
IN_TRAINING = {BETWEEN, STEP, EVALUATION, SAVE, STATE, LAST_SAVE}
"""Phases in which a signal is answered after the step; before and after them it has its usual effect."""
EITHER = {ABOUT_TO_TRAIN, REPORT, REAL}
USUAL_CODES = {signal.SIGTERM: {-signal.SIGTERM}, signal.SIGINT: {-signal.SIGINT, 130}, signal.SIGKILL: set()}
POLL = 0.0005  # seconds
PATIENCE = 60  # seconds that the end may take
WHOLE = 600  # seconds that a whole training may take
WARM = ("transformers.models.bert.modeling_bert", "peft", "spacy_bertadapt.cli", "spacy_bertadapt.training.loop")
"""Modules that a training imports."""


class Processes:
    """The processes of one training, of one command each, as `torchrun` starts them.

    board: a byte of shared memory for each, with its phase. codes: their exit codes once they have ended; None for one
    that had to be killed as it did not end by itself.
    """

    def __init__(self, arguments: Sequence[str], *, count: int, log: Path, real: bool = False):
        """Start them. log: takes what they print. real: with interpreters of their own, which write down no phase."""
        self.board = mmap(-1, count)
        self.codes: list[int | None] = []
        port = str(_free_port()) if count > 1 else ""
        self._numbers = []
        for rank in range(count):
            if real:
                self.board[rank] = REAL
            environment = _environment(rank, count, port)
            self._numbers.append(_fork(arguments, self.board, rank, environment, log, real=real))

    @property
    def phases(self) -> set[int]:
        """The phases they are in."""
        return set(self.board[:])

    def is_over(self) -> bool:
        """Return whether one of them has ended."""
        return any(os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) for number in self._numbers)

    def wait_for(self, phase: int) -> None:
        """Wait until the first of them is in a phase, or one has ended."""
        while self.board[0] != phase and not self.is_over():
            time.sleep(POLL)

    def send(self, number: signal.Signals, *, ranks: Sequence[int]) -> None:
        """Send a signal to some of them; to one that has ended, nothing happens."""
        for rank in ranks:
            os.kill(self._numbers[rank], number)

    def wait(self, seconds: float = PATIENCE) -> None:
        """Wait until all have ended, and kill those that have not after so many seconds."""
        end = time.monotonic() + seconds
        codes: dict[int, int | None] = {}
        while len(codes) < len(self._numbers):
            for rank, number in enumerate(self._numbers):
                ended, status = (0, 0) if rank in codes else os.waitpid(number, os.WNOHANG)
                if ended:
                    codes[rank] = os.waitstatus_to_exitcode(status)
                elif rank not in codes and time.monotonic() > end:
                    os.kill(number, signal.SIGKILL)
                    os.waitpid(number, 0)
                    codes[rank] = None
            time.sleep(POLL)
        self.codes = [codes[rank] for rank in range(len(codes))]


def import_what_trains() -> None:
    """Import what a training imports, so that those that are forked need not."""
    for name in WARM:
        import_module(name)


def codes_of(number: signal.Signals, phases: set[int]) -> set[int]:
    """Return the exit codes that a process may have that got a signal in one of some phases, before its end."""
    codes = {-number} if number == signal.SIGKILL else set()
    if phases - IN_TRAINING:
        codes |= USUAL_CODES[number]
    if phases & (IN_TRAINING | EITHER) and number != signal.SIGKILL:
        codes.add(128 + number)
    return codes


def _fork(
    arguments: Sequence[str], board: mmap, rank: int, environment: dict[str, str], log: Path, *, real: bool
) -> int:
    """Start `python -m spacy` with arguments in a process of its own, and return its number."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):  # as a shell gives them to what runs in front
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        os.environ.update(environment)
        if real:
            os.execv(sys.executable, [sys.executable, "-m", "spacy", *arguments])
        _write_down_phases(board, rank)
        _run_command(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _run_command(arguments: Sequence[str]) -> None:
    """Do what `python -m spacy` does."""
    from spacy.cli import setup_cli

    sys.argv = ["spacy", *arguments]
    setup_cli()


def _write_down_phases(board: mmap, rank: int) -> None:
    from spacy_bertadapt.cli import train
    from spacy_bertadapt.training import loop

    def note(owner: Any, name: str, phase: int, *, after: int | None = None) -> None:
        """Write down a phase while a function is called. after: the phase that follows; None: the one before."""
        call = getattr(owner, name)

        @wraps(call)
        def noted(*args: Any, **settings: Any) -> Any:
            before = board[rank]
            board[rank] = phase
            result = call(*args, **settings)
            board[rank] = before if after is None else after
            return result

        setattr(owner, name, noted)

    run = loop.TrainingRun
    note(train, "init_nlp", INITIALIZATION, after=ABOUT_TO_TRAIN)
    note(run, "__init__", BETWEEN, after=BETWEEN)
    note(run, "run", BETWEEN, after=REPORT)
    for name, phase in {"_step": STEP, "_score": EVALUATION, "_save": SAVE, "_save_state": STATE}.items():
        note(run, name, phase)
    note(run, "_end", LAST_SAVE)


def _environment(rank: int, count: int, port: str) -> dict[str, str]:
    """Return what torchrun tells a process; nothing where there is but one."""
    if count == 1:
        return {}
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return {name: str(number) for name, number in numbers.items()} | place


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
