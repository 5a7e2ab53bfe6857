"""Trainings that are killed and resumed, and how what they make is compared with a training in peace."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from spacy_bertadapt.training.run_state import FINISHED, STATES, has_state, load_state

from .training_processes import AIMS, IN_TRAINING, INITIALIZATION, PHASES, WHOLE, Processes, codes_of

SIGNALS = ((signal.SIGKILL,), (signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, signal.SIGKILL))
MODELS, LOG, META = ("model-best", "model-last"), "log.jsonl", "meta.json"
REAL_EVERY, REAL_START = 25, 6.0  # kills; seconds
SHORT = 0.01  # seconds: about what a save of a tiny pipeline takes, so that it is hit at any moment
JOIN = "20"  # seconds until those that are left are to say that another did not come; torchrun would end them
ANSWER = 0.03  # seconds that SIGKILL leaves to the answer to SIGTERM, at most
TIMES = ("speed", "seconds", "texts_per_second")
MOST_PROBLEMS = 5


def name_of(signals: Sequence[signal.Signals]) -> str:
    """Return the names of signals that are sent one after the other."""
    return ", ".join(number.name for number in signals)


@dataclass
class Drill:
    """The trainings of one kind, and what came of them.

    folder: holds their output folders. processes: of each training. expected: the files of a training in peace.
    usual: seconds that it takes. kills: by signals. phases: that were hit, by name. steps: from which runs were
    resumed. runs: that came to their end. problems: what was not as it should be. seconds: spent in all.
    """

    config: Path
    folder: Path
    processes: int
    chance: random.Random
    expected: dict[str, bytes] = field(default_factory=dict)
    usual: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    steps: list[int] = field(default_factory=list)
    runs: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def log(self) -> Path:
        """The file that takes what all processes print."""
        return self.folder / "printed.txt"

    def train_in_peace(self) -> None:
        """Train without a kill, with an interpreter of its own and forked; both must make the same.

        Raises RuntimeError if that fails.
        """
        for name in ("real", "forked"):
            start = time.monotonic()
            run = self._start(self.folder / name, real=name == "real")
            run.wait(WHOLE)
            self.usual = time.monotonic() - start
            if any(run.codes):
                raise RuntimeError(f"exit codes {run.codes}\n{self.log.read_text(encoding='utf8')[-3000:]}")
            self.expected = self.expected or files_of(self.folder / name)
            self._compare(self.folder / name)

    def train_with_kills(self, count: int) -> None:
        """Train again and again, until so many kills have hit."""
        start, turns = time.monotonic(), cycle(SIGNALS)
        while self.kills.total() < count and len(self.problems) < MOST_PROBLEMS:
            output = self.folder / f"killed-{self.runs}"
            while not self._attempt(output, next(turns) if self.kills.total() < count else (), self._aim()):
                print(f"{self.config.parent.name}: {self.kills.total()} kills", file=sys.stderr, end="\r")
            self._compare(output)
            self.runs += 1
        self.seconds = time.monotonic() - start

    def _aim(self) -> int | None:
        """Return the phase that the next kill is aimed at; None: at any moment."""
        return self.chance.choice(AIMS) if self.chance.random() < 0.5 else None

    def _attempt(self, output: Path, signals: Sequence[signal.Signals], aim: int | None) -> bool:
        """Start the command, send signals, and return whether it has come to its end."""
        is_real = bool(signals) and self.kills.total() % REAL_EVERY == REAL_EVERY - 1
        run = self._start(output, real=is_real)
        hit, phases, ranks = "", run.phases, list[int]()
        if signals:
            self._wait(run, aim, is_real=is_real)
            ranks = self._choose(signals)
            hit, phases = PHASES[run.board[ranks[0]]], run.phases
            self._send(run, signals, ranks)
            phases |= run.phases
            run.wait()
        else:
            run.wait(WHOLE)
        is_finished = (output / STATES / FINISHED).is_file()
        if any(run.codes):
            self.kills[name_of(signals)] += 1
            self.phases[hit] += 1
        self._check_codes(run, signals, ranks, phases, is_finished=is_finished)
        return run.codes[0] == 0  # of the first process, which saves: what it left as it was killed, it deletes later

    def _start(self, output: Path, *, real: bool) -> Processes:
        """Start the command; --resume begins where nothing is saved yet."""
        arguments = [
            "bertadapt",
            "train",
            "--no-report",
            str(self.config),
            "-o",
            str(output),
            "--resume",
            "--join-timeout",
            JOIN,
        ]
        if has_state(output):
            self.steps.append(load_state(output).progress.step)
        return Processes(arguments, count=self.processes, log=self.log, real=real)

    def _wait(self, run: Processes, aim: int | None, *, is_real: bool) -> None:
        """Wait for the moment of a kill: a random one, or one in the phase that is aimed at."""
        if is_real:
            time.sleep(self.chance.uniform(0, REAL_START))
            return
        if aim != INITIALIZATION:
            time.sleep(self.chance.uniform(0, self.usual))
        if aim is not None:
            run.wait_for(aim)
            time.sleep(self.chance.uniform(0, SHORT))

    def _choose(self, signals: Sequence[signal.Signals]) -> list[int]:
        """Return which of the processes get the signals: SIGKILL hits one, another signal one or all."""
        one = self.chance.randrange(self.processes)
        is_for_one = signals[0] == signal.SIGKILL or self.chance.random() < 0.5
        return [one] if is_for_one else list(range(self.processes))

    def _send(self, run: Processes, signals: Sequence[signal.Signals], ranks: Sequence[int]) -> None:
        run.send(signals[0], ranks=ranks)
        for number in signals[1:]:
            time.sleep(self.chance.uniform(0, ANSWER))
            run.send(number, ranks=range(self.processes))

    def _check_codes(
        self,
        run: Processes,
        signals: Sequence[signal.Signals],
        ranks: Sequence[int],
        phases: set[int],
        *,
        is_finished: bool,
    ) -> None:
        """Note exit codes that are not as they should be.

        ranks: the processes that got the signals. phases: in which all were then. Of several processes, one that is
        hit as it starts lets the others fail in any way.
        """
        right = {code for number in signals for code in codes_of(number, phases)}
        for rank, code in enumerate(run.codes):
            is_any_right = self.processes > 1 and (rank not in ranks or not phases <= IN_TRAINING)
            is_right = code is not None and (is_finished if code == 0 else is_any_right or code in right)
            if not is_right:
                where = ", ".join(PHASES[phase] for phase in sorted(phases))
                what = "hangs" if code is None else f"ends with {code}"
                self._note(f"process {rank} {what} after {name_of(signals) or 'no signal'} in {where}")

    def _compare(self, output: Path) -> None:
        """Note what differs from a training in peace, and keep the folder; delete it if nothing does."""
        files = files_of(output)
        names = sorted(name for name in {*files, *self.expected} if files.get(name) != self.expected.get(name))
        if names:
            self._note(f"{output.name}: other files than in peace: {', '.join(names)}")
        else:
            shutil.rmtree(output)

    def _note(self, problem: str) -> None:
        self.problems.append(problem)
        print(f"{self.config.parent.name}: {problem}", file=sys.stderr)


def files_of(output: Path) -> dict[str, bytes]:
    """Return the content of all files in an output folder, hidden ones too, without what is a speed or a time."""
    paths = {str(path.relative_to(output)): path for path in sorted(output.rglob("*")) if path.is_file()}
    return {name: _content_of(path) for name, path in paths.items()}


def _content_of(path: Path) -> bytes:
    if path.name not in (META, LOG):
        return path.read_bytes()
    lines = [path.read_text(encoding="utf8")]
    if path.name == LOG:
        lines = lines[0].splitlines()
    return "\n".join(json.dumps(_without_times(json.loads(line)), sort_keys=True) for line in lines).encode()


def _without_times(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    return {name: _without_times(value) for name, value in content.items() if name not in TIMES}
