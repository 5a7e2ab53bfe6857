"""Forks of a process whose other threads are at work: the child has what it needs, and the parent stays as it was."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt.forks import fork_safe_lock
from spacy_bertadapt.network import process_forks
from spacy_bertadapt.network.process_forks import TOKENIZERS_THREADS, ForkGuard, guard_forks
from spacy_bertadapt.network.transformers_calls import loading

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
SECONDS = 20


def status_of_child(work: Callable[[], object]) -> int:
    """Fork, do work in the child, and return its status: 0, or that of the signal that ends it where it hangs."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


@contextmanager
def other_threads(work: Callable[[], object], count: int = 3) -> Iterator[None]:
    """Let other threads do work again and again during the block."""
    over = threading.Event()

    def repeat() -> None:
        while not over.is_set():
            work()

    with ThreadPoolExecutor(count) as pool:
        done = [pool.submit(repeat) for _ in range(count)]
        try:
            yield
        finally:
            over.set()
        assert [thread.result() for thread in done] == [None] * count


@pytest.fixture
def quick_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_a_child_can_take_a_lock_that_another_thread_took(quick_switches: None) -> None:
    guard_forks()
    lock, held = fork_safe_lock(), []

    def work() -> None:
        with lock:
            held.append(1)
            assert held == [1]
            held.pop()

    def seen_by_child() -> None:
        with lock:
            assert not held, "what the lock guards is whole"

    with other_threads(work):
        assert {status_of_child(seen_by_child) for _ in range(50)} == {0}


def test_a_child_loads_though_another_thread_was_loading() -> None:
    guard_forks()
    entered, over = threading.Event(), threading.Event()

    def load() -> None:
        with loading():
            entered.set()
            over.wait(0.5)

    def load_in_child() -> None:
        with loading():
            over.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(load)
        entered.wait()
        assert status_of_child(load_in_child) == 0


@pytest.mark.parametrize("adapt", [{}, {"@misc": "spacy-bertadapt.HeadOnly.v1"}])
def test_a_fork_server_predicts_while_its_children_do(
    nlp: Language, make_textcat: Callable, make_examples: Callable, train: Callable, quick_switches: None, adapt: dict
) -> None:
    make_textcat(nlp, **({"adapt": adapt} if adapt else {}))
    train(nlp, make_examples(nlp), steps=2)
    text = "the card was charged twice"
    expected = nlp(text).cats

    def predict() -> None:
        assert nlp(text).cats == pytest.approx(expected, abs=1e-5)

    with other_threads(predict):
        assert {status_of_child(predict) for _ in range(15)} == {0}


@pytest.mark.parametrize("setting", [None, "true"])
def test_threads_that_fork_at_once_leave_the_environment_as_it_was(
    monkeypatch: pytest.MonkeyPatch, quick_switches: None, setting: str | None
) -> None:
    guard_forks()
    monkeypatch.delenv(TOKENIZERS_THREADS, raising=False)
    if setting is not None:
        monkeypatch.setenv(TOKENIZERS_THREADS, setting)

    def check_child() -> None:
        assert os.environ[TOKENIZERS_THREADS] == "false"
        assert ForkGuard.forked

    with ThreadPoolExecutor(3) as pool:
        statuses = [pool.submit(once_filelock_agrees, status_of_child, check_child) for _ in range(90)]
        assert {status.result() for status in statuses} == {0}
    assert os.environ.get(TOKENIZERS_THREADS) == setting


def once_filelock_agrees(function: Callable[..., int], *args: object) -> int:
    """Return what a function returns that forks. filelock refuses a fork, before it begins, while another one runs."""
    while True:
        try:
            return function(*args)
        except RuntimeError as err:
            if "filelock" not in str(err):
                raise


def test_the_guard_is_registered_once(monkeypatch: pytest.MonkeyPatch, quick_switches: None) -> None:
    registered: list[object] = []
    monkeypatch.setattr(process_forks, "_unguarded", threading.Lock())
    monkeypatch.setattr(os, "register_at_fork", lambda **hooks: registered.append(hooks))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: guard_forks(), range(8)))
    assert len(registered) == 1


def test_a_lock_that_is_gone_holds_no_fork() -> None:
    guard_forks()
    fork_safe_lock()
    nlp = spacy.blank("en")
    assert status_of_child(lambda: nlp("one two")) == 0
