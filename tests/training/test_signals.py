"""What a process that was asked to end tells the one that started it."""

from __future__ import annotations

import os
import signal

import pytest

from spacy_bertadapt.training.signals import stop_request


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_noted_once(number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    with stop_request() as request:
        assert not request()
        os.kill(os.getpid(), number)
        assert request()
        assert request.exit_code == code
        assert signal.getsignal(number) == before, "a second one has its usual effect"
    assert signal.getsignal(number) == before


def test_a_process_that_stops_as_another_was_asked_has_not_done_its_work() -> None:
    with stop_request() as request:
        assert request.exit_code == 143
