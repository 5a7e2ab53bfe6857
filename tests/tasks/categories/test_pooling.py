"""Window logits become text logits as numpy would do it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_bertadapt.tasks.categories.pooling import LONG_TEXT, check_long_text, pool_windows


@settings(deadline=None, max_examples=50)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=6), how=st.sampled_from(["mean", "max"]), data=st.data())
def test_pooling_is_that_of_numpy(counts: list[int], how: str, data: st.DataObject) -> None:
    text = np.array(data.draw(st.permutations(np.repeat(np.arange(len(counts)), counts).tolist())))
    logits = np.random.default_rng(0).normal(size=(len(text), 3)).astype(np.float32) - 5
    pooled = pool_windows(torch.from_numpy(logits), torch.from_numpy(text), len(counts), how)
    reduce = {"mean": np.mean, "max": np.max}[how]
    expected = np.stack([reduce(logits[text == number], axis=0) for number in range(len(counts))])
    np.testing.assert_allclose(pooled.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("how", LONG_TEXT)
def test_one_window_a_text_is_that_window(how: str) -> None:
    logits = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    pooled = pool_windows(logits, torch.tensor([2, 0, 1]), 3, how)
    assert pooled.tolist() == [[3.0, 4.0], [5.0, 6.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("how", "expected"),
    [("mean", [[0.5, 0.5], [0.5, 0.5], [1.0, 1.0]]), ("max", [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])],
)
def test_gradients_go_where_the_logits_came_from(how: str, expected: list[list[float]]) -> None:
    logits = torch.tensor([[1.0, 9.0], [2.0, 3.0], [7.0, 7.0]], requires_grad=True)
    pool_windows(logits, torch.tensor([0, 0, 1]), 2, how).sum().backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == expected


def test_the_setting_is_checked() -> None:
    assert [check_long_text(how) for how in LONG_TEXT] == ["mean", "max", "first"]
    with pytest.raises(ValueError, match=r"E202.*'last' is none of"):
        check_long_text("last")
