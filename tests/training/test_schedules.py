"""Learning rates over a run, step by step, as a config makes them."""

from __future__ import annotations

import math
from itertools import islice

import pytest
from spacy import registry
from thinc.api import Config

CONFIG = """
[rate]
@schedules = "spacy-bertadapt.{name}.v1"
{settings}
"""


def rates(name: str, count: int, **settings: float) -> list[float]:
    """The first rates of a schedule that a config names."""
    written = "\n".join(f"{key} = {value}" for key, value in settings.items())
    schedule = registry.resolve(Config().from_str(CONFIG.format(name=name, settings=written)))["rate"]
    return list(islice(schedule, count))


@pytest.mark.parametrize("name", ["WarmupLinear", "WarmupCosine"])
@pytest.mark.parametrize(
    ("total", "warmup", "peak_at"), [(20, 4, 4), (20, 0.2, 4), (20, 0, 0), (20, 0.0, 0), (20, 1, 1)]
)
@pytest.mark.parametrize("final", [0.0, 0.1])
def test_rates_rise_then_fall(name: str, total: int, warmup: float, peak_at: int, final: float) -> None:
    run = rates(name, total + 3, initial_rate=1.0, total_steps=total, warmup=warmup, final_rate=final)
    assert min(run[:total]) > final >= 0, "no step of the run is wasted"
    assert run[peak_at] == max(run) == 1.0
    assert run[: peak_at + 1] == sorted(run[: peak_at + 1])
    assert run[peak_at:total] == sorted(run[peak_at:total], reverse=True)
    assert len(set(run[peak_at:total])) == total - peak_at
    assert run[total:] == [final] * 3


def test_linear_is_a_line() -> None:
    run = rates("WarmupLinear", 6, initial_rate=1.0, total_steps=5, warmup=1, final_rate=0.2)
    assert run == pytest.approx([0.5, 1.0, 0.8, 0.6, 0.4, 0.2])


def test_cosine_is_half_a_cosine() -> None:
    run = rates("WarmupCosine", 11, initial_rate=2.0, total_steps=10, warmup=2, final_rate=1.0)
    fall = [1.5 + 0.5 * math.cos(math.pi * step / 8) for step in range(9)]
    assert run == pytest.approx([2 / 3, 4 / 3, *fall])


def test_settings_have_defaults() -> None:
    assert rates("WarmupLinear", 21, initial_rate=1.0, total_steps=20) == pytest.approx(
        rates("WarmupLinear", 21, initial_rate=1.0, total_steps=20, warmup=0.1, final_rate=0.0)
    )


@pytest.mark.parametrize("warmup", [0, 3])
def test_constant_stays(warmup: int) -> None:
    run = rates("WarmupConstant", 20, initial_rate=3.0, warmup=warmup)
    assert run[:warmup] == pytest.approx([3.0 * (step + 1) / (warmup + 1) for step in range(warmup)])
    assert run[warmup:] == [3.0] * (20 - warmup)


def test_a_share_of_one_run_still_reaches_the_peak() -> None:
    for total in (1, 2, 5, 10):
        run = rates("WarmupLinear", total, initial_rate=1.0, total_steps=total, warmup=0.99)
        assert run[-1] == 1.0, total


@pytest.mark.parametrize(
    ("name", "settings", "wrong"),
    [
        ("WarmupLinear", {"initial_rate": 1.0, "total_steps": 0}, "total_steps = 0"),
        ("WarmupCosine", {"initial_rate": 1.0, "total_steps": -5}, "total_steps = -5"),
        ("WarmupLinear", {"initial_rate": -1.0, "total_steps": 5}, "initial_rate = -1.0"),
        ("WarmupLinear", {"initial_rate": 1.0, "total_steps": 5, "warmup": -0.1}, "warmup = -0.1"),
        ("WarmupCosine", {"initial_rate": 1.0, "total_steps": 5, "warmup": 6}, "warmup = 6"),
        ("WarmupLinear", {"initial_rate": 1.0, "total_steps": 5, "warmup": 5}, "warmup = 5"),
        ("WarmupConstant", {"initial_rate": -1.0, "warmup": 5}, "initial_rate = -1.0"),
        ("WarmupConstant", {"initial_rate": 1.0, "warmup": -1}, "warmup = -1"),
    ],
)
def test_settings_that_make_no_sense(name: str, settings: dict[str, float], wrong: str) -> None:
    with pytest.raises(ValueError, match=rf"E308.*{wrong}"):
        rates(name, 1, **settings)
