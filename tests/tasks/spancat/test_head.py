"""The head that scores spans, compared with a plain loop over them."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch import Tensor
from transformers import AutoModel, BertConfig

from benchmarks.family_models import FAMILIES
from spacy_bertadapt.tasks.spancat.head import LONGEST, SpanHead

ROWS, WIDTH, HIDDEN = 3, 50, 32


@pytest.fixture
def head() -> SpanHead:
    torch.manual_seed(0)
    config = BertConfig(hidden_size=HIDDEN, num_labels=4, initializer_range=0.5)
    return SpanHead(config, hidden_size=16).eval()


@pytest.fixture
def states() -> Tensor:
    return torch.randn(ROWS, WIDTH, HIDDEN, generator=torch.Generator().manual_seed(1), requires_grad=True)


@pytest.fixture
def spans() -> Tensor:
    """All ranges of the first columns of each row, and long ones."""
    short = [(row, first, last) for row in range(ROWS) for first in range(8) for last in range(first, 8)]
    return torch.tensor(
        [*short, (0, 0, WIDTH - 1), (1, 3, 3 + LONGEST), (2, 3, 2 + LONGEST), (2, WIDTH - 1, WIDTH - 1)]
    )


def logits_one_by_one(head: SpanHead, states: Tensor, spans: Tensor) -> Tensor:
    """Score one span after the other, by the words of the head's description."""
    first_weight, last_weight, mean_weight = head.projection.weight.chunk(3)
    first_bias, last_bias, mean_bias = head.projection.bias.chunk(3)
    logits = []
    for row, first, last in spans.tolist():
        inside = states[row, first : last + 1]
        hidden = first_weight @ inside[0] + first_bias + last_weight @ inside[-1] + last_bias
        hidden = hidden + mean_weight @ inside.mean(0) + mean_bias + head.length.weight[min(len(inside), LONGEST)]
        logits.append(head.classifier(torch.nn.functional.gelu(hidden)))
    return torch.stack(logits)


def test_logits_are_those_of_a_loop(head: SpanHead, states: Tensor, spans: Tensor) -> None:
    logits = head(states, None, spans)
    assert logits.shape == (len(spans), 4)
    torch.testing.assert_close(logits, logits_one_by_one(head, states, spans), atol=1e-5, rtol=1e-5)
    assert logits.std(0).min() > 0.05, "they tell spans apart"


def test_gradients_are_those_of_a_loop(head: SpanHead, states: Tensor, spans: Tensor) -> None:
    targets = torch.rand(len(spans), 4, generator=torch.Generator().manual_seed(2)).round()
    weights = [states, *head.parameters()]
    gradients = []
    for score in (lambda: head(states, None, spans), lambda: logits_one_by_one(head, states, spans)):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(score(), targets)
        gradients.append(torch.autograd.grad(loss, weights))
    for ours, plain in zip(*gradients, strict=True):
        assert plain.abs().max() > 0
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-4)


def test_no_spans(head: SpanHead, states: Tensor) -> None:
    assert head(states, None, torch.zeros((0, 3), dtype=torch.int64)).shape == (0, 4)


def test_states_of_another_row_or_outside_of_the_span_have_no_part_in_it(head: SpanHead, states: Tensor) -> None:
    (gradient,) = torch.autograd.grad(head(states, None, torch.tensor([[1, 4, 6]])).sum(), [states])
    touched = {tuple(place) for place in gradient.abs().sum(-1).nonzero().tolist()}
    assert touched == {(1, 4), (1, 5), (1, 6)}


def test_labels_are_rare_before_anything_is_learned() -> None:
    torch.manual_seed(0)
    head = SpanHead(BertConfig(hidden_size=HIDDEN, num_labels=4), hidden_size=16).eval()
    probabilities = head(torch.randn(1, 8, HIDDEN), None, torch.tensor([[0, 1, 2], [0, 3, 7]])).sigmoid()
    assert 0.005 < probabilities.min() < probabilities.max() < 0.02


def test_logits_of_the_component_are_those_of_the_encoder_and_a_loop(trained) -> None:
    """The whole way: text, subwords, the encoder as Transformers has it, and the head one span after the other."""
    pipe = trained.get_pipe("bert_spancat")
    pipe.cfg["threshold"] = 0.0
    text = "the mayor of New York City is late"
    doc = trained(text)
    checkpoint = pipe.network.checkpoint
    encoded = checkpoint.tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    offsets = encoded.pop("offset_mapping")[0].tolist()
    encoder = AutoModel.from_config(checkpoint.module.config)
    encoder.load_state_dict(checkpoint.module.base_model.state_dict(), strict=False)
    with torch.no_grad():
        states = encoder.eval()(**encoded).last_hidden_state
        group = doc.spans["sc"]
        columns = [
            [n for n, (a, b) in enumerate(offsets) if a < span.end_char and b > span.start_char and b > a]
            for span in group
        ]
        spans = torch.tensor([[0, inside[0], inside[-1]] for inside in columns])
        head = next(module for module in checkpoint.module.modules() if isinstance(module, SpanHead))
        expected = logits_one_by_one(head.eval(), states, spans).sigmoid()
    numbers = torch.tensor([pipe.labels.index(span.label_) for span in group])
    scores = torch.from_numpy(group.attrs["scores"])
    torch.testing.assert_close(scores, expected[torch.arange(len(group)), numbers], atol=1e-5, rtol=1e-5)
    assert len(group) == 3 * (8 + 7 + 6 + 5 + 4 + 3), "all spans of up to six of eight tokens, with each label"


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_is_that_of_the_encoders_configuration(family: str) -> None:
    """Each family has a name of its own for it."""
    make_config = getattr(transformers, FAMILIES[family].config)
    own = {"DistilBERT": "dropout", "ModernBERT": "classifier_dropout"}.get(family, "hidden_dropout_prob")
    assert own in make_config().to_dict()
    head = SpanHead(make_config(**{own: 0.37}), hidden_size=8)
    assert head.dropout.p == pytest.approx(0.37)
