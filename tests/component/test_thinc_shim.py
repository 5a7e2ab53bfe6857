"""The boundary between Thinc and torch: outputs, gradients, steps and files are those of Transformers and torch."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import srsly
import torch
from thinc.api import Adam, warmup_linear
from transformers import AutoModelForSequenceClassification

from spacy_bertadapt.component.own_encoder import OwnEncoder
from spacy_bertadapt.component.thinc_model import NetworkModel, network_model, shim_of
from spacy_bertadapt.learning.learner import Loss
from spacy_bertadapt.network.architecture import AutoClass
from spacy_bertadapt.network.settings import NetworkSettings
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.types import PaddedBatch

SEQUENCES = AutoClass("AutoModelForSequenceClassification")
MakeModel = Callable[..., NetworkModel]
MakeBatch = Callable[..., PaddedBatch]


def blank_model(name: str = "nowhere", precision: str = "float32") -> NetworkModel:
    encoder = OwnEncoder(name)
    return network_model(NetworkSettings(architecture=SEQUENCES, encoder=encoder, device="cpu", precision=precision))


def transformers_logits(module: torch.nn.Module, batch: PaddedBatch) -> torch.Tensor:
    inputs = {"input_ids": torch.from_numpy(batch.input_ids)}
    if batch.mask is not None:
        inputs["attention_mask"] = torch.from_numpy(batch.mask.astype(np.int64))
    if batch.token_type_ids is not None:
        inputs["token_type_ids"] = torch.from_numpy(batch.token_type_ids)
    return module(**inputs).logits


def learn(model: NetworkModel, batches: list[PaddedBatch]) -> float:
    """Add up the gradients of the squared distances from 1, as one example a call."""
    shim = shim_of(model)

    def forward() -> Loss:
        return Loss(sum((shim.network(batch) - 1).square().sum() for batch in batches), 1)  # type: ignore[arg-type]

    return shim.learner.learn(forward).total.item()


def logits_in_training(model: NetworkModel, batch: PaddedBatch) -> torch.Tensor:
    """Return what the network says while it learns."""
    shim, seen = shim_of(model), []

    def forward() -> Loss:
        seen.append(shim.network(batch))
        return Loss(seen[-1].sum(), len(batch))

    shim.learner.learn(forward)
    return seen[0].detach()


@pytest.mark.parametrize("encoder", ["tiny_bert", "tiny_roberta", "tiny_electra"])
@pytest.mark.parametrize(("lengths", "types"), [((9, 3, 6), False), ((5, 5), True), ((8, 2), True), ((1,), False)])
def test_logits_are_those_of_transformers(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    make_model: MakeModel,
    make_batch: MakeBatch,
    encoder: str,
    lengths: tuple[int, ...],
    types: bool,
) -> None:
    model = make_model(request.getfixturevalue(encoder))
    batch = make_batch(*lengths, types=types and encoder != "tiny_roberta")
    shim_of(model).to_disk(tmp_path)
    reference = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    (logits,) = model.predict([batch])
    assert logits.dtype == np.float32
    expected = transformers_logits(reference, batch).detach().numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-5, rtol=0)
    assert logits.shape == (len(lengths), 3)


def test_a_network_without_token_types_does_not_get_them(
    tiny_roberta: Path, make_model: MakeModel, make_batch: MakeBatch
) -> None:
    model = make_model(tiny_roberta)
    batch = make_batch(5, 3, types=True)
    assert batch.token_type_ids is not None
    assert batch.token_type_ids.any()
    bare = PaddedBatch(batch.input_ids, batch.mask, None)
    np.testing.assert_array_equal(model.predict([batch])[0], model.predict([bare])[0])


def test_batches_come_from_any_iterable_and_padding_changes_nothing(
    make_model: MakeModel, make_batch: MakeBatch
) -> None:
    model = make_model()
    batch = make_batch(7, 4)
    row = PaddedBatch(batch.input_ids[1:, :4], None, None)
    together, alone = model.predict(iter([batch, row]))
    np.testing.assert_allclose(together[1], alone[0], atol=1e-6)
    assert model.predict([]) == []


def test_prediction_leaves_the_network_in_eval_mode(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model = make_model(dropout=0.5)
    module = shim_of(model).network.module
    before = model.predict([make_batch(5)])[0]
    assert not any(part.training for part in module.modules())
    logits_in_training(model, make_batch(5))
    assert not any(part.training for part in module.modules())
    np.testing.assert_array_equal(model.predict([make_batch(5)])[0], before)


def test_dropout_is_on_in_training(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model = make_model(dropout=0.5)
    first, second = (logits_in_training(model, make_batch(5)) for _ in range(2))
    assert (first != second).any()


def test_gradients_are_those_of_a_plain_backward(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model = make_model()
    module = shim_of(model).network.module
    twin = copy.deepcopy(module).train()
    batches = [make_batch(7, 4, types=True), make_batch(5, 5, seed=1)]
    for _ in range(2):
        learn(model, batches)
        sum((transformers_logits(twin, batch) - 1).square().sum() for batch in batches).backward()
    gradients = {name: parameter.grad for name, parameter in module.named_parameters()}
    for name, parameter in twin.named_parameters():
        torch.testing.assert_close(
            gradients[name], parameter.grad, rtol=1e-5, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}"
        )
    assert gradients["classifier.weight"].abs().max() > 0


def test_a_backward_pass_that_fails_adds_no_gradient(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model = make_model()
    module = shim_of(model).network.module
    learn(model, [make_batch(5)])
    before = {
        name: parameter.grad.clone() for name, parameter in module.named_parameters() if parameter.grad is not None
    }

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    handle = module.bert.encoder.layer[0].register_full_backward_hook(fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        learn(model, [make_batch(5)])
    handle.remove()
    after = {name: parameter.grad for name, parameter in module.named_parameters() if parameter.grad is not None}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    learn(model, [make_batch(5)])
    torch.testing.assert_close(module.classifier.weight.grad, 2 * before["classifier.weight"])


def test_predictions_cannot_be_learned_from(make_model: MakeModel, make_batch: MakeBatch) -> None:
    _, backprop = make_model()([make_batch(5)], is_train=False)
    with pytest.raises(ValueError, match="E111"):
        backprop([])


@pytest.mark.parametrize("optimizer", [adamw(1e-2), Adam(1e-2), Adam(1e-2, L2=0.01, grad_clip=0.0)])
@pytest.mark.filterwarnings("ignore:.*W320")
def test_any_thinc_optimizer_steps_the_whole_network(
    make_model: MakeModel, make_batch: MakeBatch, optimizer: Adam
) -> None:
    model = make_model()
    module = shim_of(model).network.module
    before = copy.deepcopy(module)
    losses = []
    for _ in range(4):
        losses.append(learn(model, [make_batch(6, 4)]))
        model.finish_update(optimizer)
        assert all(parameter.grad is None for parameter in module.parameters())
    assert losses[-1] < losses[0] / 2, losses
    changed = {
        n for (n, p), q in zip(module.named_parameters(), before.parameters(), strict=True) if not torch.equal(p, q)
    }
    assert changed == {name for name, _ in module.named_parameters()}


def test_a_rate_that_a_schedule_raises_is_warned_of_when_it_is_high(
    make_model: MakeModel, make_batch: MakeBatch
) -> None:
    model, optimizer = make_model(), Adam(warmup_linear(1e-3, 10, 100))
    reported = []
    for _ in range(12):
        learn(model, [make_batch(6)])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.finish_update(optimizer)
        reported += [(optimizer.learn_rate, str(warning.message)[:6]) for warning in caught]
        optimizer.step_schedules()
    ((rate, code),) = reported
    assert code == "[W320]"
    assert 5e-4 <= rate <= 1e-3


def test_a_step_averages_over_the_batches_since_the_last(make_model: MakeModel, make_batch: MakeBatch) -> None:
    """Two batches alike are one: the mean of two equal gradients."""
    once, twice = make_model(), make_model()
    for model, times in ((once, 1), (twice, 2)):
        for _ in range(times):
            learn(model, [make_batch(6, 4)])
        model.finish_update(adamw(1e-2, eps=1e-3, grad_clip=0.0))
    for one, other in zip(
        shim_of(once).network.module.parameters(), shim_of(twice).network.module.parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_a_step_without_a_batch_changes_nothing(make_model: MakeModel) -> None:
    model = make_model()
    before = shim_of(model).to_bytes()
    model.finish_update(adamw(1e-2))
    assert shim_of(model).to_bytes() == before


def test_a_loss_that_is_not_finite_never_reaches_the_weights(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model, optimizer = make_model(), adamw(1e-2)
    before = shim_of(model).to_bytes()

    def spoilt() -> None:
        shim = shim_of(model)
        shim.learner.learn(lambda: Loss(shim.network(make_batch(5)).sum() * float("nan"), 1))
        model.finish_update(optimizer)

    for number in (1, 2):
        with pytest.warns(UserWarning, match=f"W301.* {number} of {number}"):
            spoilt()
    with pytest.raises(ValueError, match="E306"):
        spoilt()
    assert shim_of(model).to_bytes() == before


@pytest.mark.parametrize("way", ["bytes", "disk", "thinc"])
def test_a_round_trip_into_another_network(
    make_model: MakeModel, make_batch: MakeBatch, tmp_path: Path, way: str
) -> None:
    model, other = make_model(seed=0), make_model(seed=1)
    batch = make_batch(6, 4)
    expected = model.predict([batch])[0]
    assert np.abs(other.predict([batch])[0] - expected).max() > 1e-3
    if way == "bytes":
        shim_of(other).from_bytes(shim_of(model).to_bytes())
    elif way == "disk":
        shim_of(model).to_disk(tmp_path / "new" / "folder")
        shim_of(other).from_disk(tmp_path / "new" / "folder")
    else:
        other.from_bytes(model.to_bytes())
    np.testing.assert_array_equal(other.predict([batch])[0], expected)
    assert shim_of(other).network.checkpoint.labels == ("a", "b", "c")
    fresh = blank_model()
    shim_of(fresh).from_bytes(shim_of(model).to_bytes())
    np.testing.assert_array_equal(fresh.predict([batch])[0], expected)


def test_packed_names_stay_in_their_folder(make_model: MakeModel, tmp_path: Path) -> None:
    shim = shim_of(make_model())
    files = srsly.msgpack_loads(shim.to_bytes())
    outside = tmp_path / "outside.txt"
    shim.from_bytes(srsly.msgpack_dumps({**files, str(outside): b"x"}))
    assert not outside.exists()


def test_a_load_that_fails_keeps_the_network(make_model: MakeModel, make_batch: MakeBatch, tmp_path: Path) -> None:
    model = make_model()
    expected = model.predict([make_batch(5)])[0]
    with pytest.raises(FileNotFoundError, match="E105"):
        shim_of(model).from_disk(tmp_path)
    np.testing.assert_array_equal(model.predict([make_batch(5)])[0], expected)


def test_before_there_is_a_network(tmp_path: Path, make_batch: MakeBatch) -> None:
    model = blank_model("some/bert")
    shim = shim_of(model)
    assert not shim.is_initialized
    shim.to_device("cpu", -1)
    model.finish_update(adamw(1e-3))
    for use in (lambda: model.predict([make_batch(5)]), lambda: shim.to_disk(tmp_path), shim.to_bytes):
        with pytest.raises(ValueError, match=r"E106.*'some/bert' has no model yet"):
            use()


def test_thinc_moves_it_to_the_cpu(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model = make_model()
    expected = model.predict([make_batch(5)])[0]
    learn(model, [make_batch(5)])
    model.finish_update(adamw(1e-9))
    model.to_cpu()
    shim_of(model).to_device("cpu", -1)
    assert shim_of(model).network.device == torch.device("cpu")
    np.testing.assert_allclose(model.predict([make_batch(5)])[0], expected, atol=1e-5)


def test_pickle_and_copy_leave_the_optimizer_behind(make_model: MakeModel, make_batch: MakeBatch) -> None:
    model = make_model()
    learn(model, [make_batch(5)])
    model.finish_update(adamw(1e-3))
    expected = model.predict([make_batch(5)])[0]
    twin = pickle.loads(pickle.dumps(shim_of(model)))
    np.testing.assert_array_equal(twin.predict([make_batch(5)])[0], expected)


def test_bfloat16_is_close_and_weights_stay_float32(make_model: MakeModel, make_batch: MakeBatch) -> None:
    exact, quick = make_model(), make_model(precision="bfloat16")
    batch = make_batch(6, 4)
    logits = quick.predict([batch])[0]
    assert logits.dtype == np.float32
    difference = np.abs(logits - exact.predict([batch])[0]).max()
    assert 0 < difference < 0.02
    learn(quick, [batch])
    quick.finish_update(adamw(1e-3))
    assert {parameter.dtype for parameter in shim_of(quick).network.module.parameters()} == {torch.float32}
