"""A task's module is its encoder and its head, one after the other, to the last bit: for every family of encoders."""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from spacy_bertadapt.network.encoder_head_seam import apply_head, encode
from spacy_bertadapt.network.inputs import takes_token_types

HIDDEN, VOCABULARY = 16, 48
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", SIZES),
    "roberta": ("RobertaConfig", SIZES),
    "xlm-roberta": ("XLMRobertaConfig", SIZES),
    "camembert": ("CamembertConfig", SIZES),
    "electra": ("ElectraConfig", {**SIZES, "embedding_size": 8}),
    "distilbert": (
        "DistilBertConfig",
        {
            "vocab_size": VOCABULARY,
            "dim": HIDDEN,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_dim": 24,
            "max_position_embeddings": 64,
        },
    ),
    "albert": ("AlbertConfig", {**SIZES, "embedding_size": 8, "attention_probs_dropout_prob": 0.1}),
    "mpnet": ("MPNetConfig", SIZES),
    "deberta-v2": (
        "DebertaV2Config",
        {**SIZES, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 2},
    ),
    "modernbert": (
        "ModernBertConfig",
        {
            **SIZES,
            "attention_dropout": 0.1,
            "mlp_dropout": 0.1,
            "classifier_dropout": 0.1,
            "reference_compile": False,
        },
    ),
    "big_bird": ("BigBirdConfig", {**SIZES, "attention_type": "original_full"}),
}
QUESTIONS = "AutoModelForQuestionAnswering"
TASKS = ("AutoModelForSequenceClassification", "AutoModelForTokenClassification", QUESTIONS, "AutoModelForMaskedLM")
MakeModule = Callable[[str, str], PreTrainedModel]

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


@pytest.fixture(scope="module")
def make_module() -> MakeModule:
    """Makes a task's module of a family, with dropout; each is made once."""
    modules: dict[tuple[str, str], PreTrainedModel] = {}

    def make(family: str, task: str) -> PreTrainedModel:
        if (family, task) not in modules:
            torch.manual_seed(0)
            modules[family, task] = getattr(transformers, task).from_config(config_of(family, task)).eval()
        return modules[family, task]

    return make


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    """Every family of encoders."""
    return request.param


@pytest.fixture(params=TASKS)
def module(request: pytest.FixtureRequest, family: str, make_module: MakeModule) -> PreTrainedModel:
    """The module of every task, of every family."""
    return make_module(family, request.param)


def config_of(family: str, task: str) -> PretrainedConfig:
    name, settings = FAMILIES[family]
    return getattr(transformers, name)(num_labels=2 if task == QUESTIONS else 3, **settings)


def inputs_of(module: PreTrainedModel, *lengths: int, seed: int = 0) -> dict[str, Tensor]:
    """Return random rows of some lengths, with a mask if they differ, and token types where the family has them."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    mask = (torch.arange(shape[1]) < torch.tensor(lengths)[:, None]).long()
    inputs = {"input_ids": torch.randint(5, VOCABULARY, shape, generator=generator) * mask}
    if not mask.all():
        inputs["attention_mask"] = mask
    if takes_token_types(module):
        inputs["token_type_ids"] = torch.randint(0, 2, shape, generator=generator) * mask
    return inputs


def through_the_seam(module: PreTrainedModel, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    return outputs_of(apply_head(module, encode(module, inputs), inputs))


def outputs_of(output: Any) -> dict[str, Tensor]:
    """Return the logits of a module's output, by name."""
    logits = {name: value for name, value in output.items() if name.endswith("logits")}
    assert logits
    return logits


def assert_identical(outputs: dict[str, Tensor], others: dict[str, Tensor]) -> None:
    assert outputs.keys() == others.keys()
    for name, tensor in outputs.items():
        assert torch.equal(tensor, others[name]), name


@pytest.mark.parametrize("lengths", [(9, 4, 7), (8, 8), (1,)])
def test_predictions_are_those_of_the_whole(module: PreTrainedModel, lengths: tuple[int, ...]) -> None:
    inputs = inputs_of(module, *lengths)
    with torch.inference_mode():
        assert_identical(through_the_seam(module, inputs), outputs_of(module(**inputs)))


@pytest.mark.parametrize("lengths", [(9, 4, 7), (8, 8)])
def test_learning_is_that_of_the_whole(module: PreTrainedModel, lengths: tuple[int, ...]) -> None:
    """Dropout is drawn in the same order; so outputs and gradients are the same."""
    inputs, results = inputs_of(module, *lengths), []
    module.train()
    for run in (through_the_seam, lambda module, inputs: outputs_of(module(**inputs))):
        torch.manual_seed(1)
        module.zero_grad()
        outputs = run(module, inputs)
        sum(tensor.float().square().sum() for tensor in outputs.values()).backward()
        gradients = {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}
        results.append((outputs, gradients))
    module.eval()
    (outputs, gradients), (whole_outputs, whole_gradients) = results
    assert_identical(outputs, whole_outputs)
    assert_identical(gradients, whole_gradients)
    prefix = f"{module.base_model_prefix}."
    assert any(name.startswith(prefix) for name in gradients), "gradients reach the encoder"
    with torch.no_grad():
        without_dropout = through_the_seam(module, inputs)
    assert any(not torch.equal(tensor, without_dropout[name]) for name, tensor in outputs.items())


def test_the_encoder_gives_hidden_states(module: PreTrainedModel) -> None:
    inputs = inputs_of(module, 9, 4)
    with torch.inference_mode():
        assert encode(module, inputs).shape == (2, 9, HIDDEN)


def test_the_module_stays_as_it_was(module: PreTrainedModel) -> None:
    before = state_of(module)
    inputs = inputs_of(module, 9, 4)
    through_the_seam(module, inputs)
    with pytest.raises(Exception):  # noqa: B017, PT011 (whatever a head says to states of another size)
        apply_head(module, torch.zeros(2, 9, HIDDEN + 1), inputs)
    assert state_of(module) == before


def state_of(module: PreTrainedModel) -> list[tuple[str, int, bool, list[tuple[str, int]], list[str]]]:
    """Return what a module is made of: its parts, their modes, and what else is set on them."""
    return [
        (
            name,
            id(part),
            part.training,
            [(key, id(child)) for key, child in part._modules.items()],
            sorted(part.__dict__),
        )
        for name, part in module.named_modules()
    ]


def test_threads_do_not_meet(make_module: MakeModule) -> None:
    """Each thread has its own states, on one module."""
    module = make_module("bert", TASKS[0])
    batches = [inputs_of(module, 9, 4, 7, seed=seed) for seed in range(8)]
    with torch.inference_mode():
        expected = [outputs_of(module(**inputs)) for inputs in batches]

    def run(number: int) -> None:
        for _ in range(20):
            with torch.inference_mode():
                assert_identical(through_the_seam(module, batches[number]), expected[number])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(len(batches))))


def test_other_states_give_other_logits(module: PreTrainedModel) -> None:
    """The head looks at the states that it is handed, and the encoder does not run again."""
    inputs = inputs_of(module, 9, 4)
    twin = copy.deepcopy(module)
    with torch.inference_mode():
        states = encode(module, inputs)
        for parameter in encoder_parameters(twin):
            parameter.add_(1.0)
        assert_identical(outputs_of(apply_head(twin, states, inputs)), outputs_of(apply_head(module, states, inputs)))
        changed = outputs_of(apply_head(module, states.flip(0), inputs))
        same = outputs_of(apply_head(module, states, inputs))
    assert any(not torch.equal(tensor, same[name]) for name, tensor in changed.items())


def encoder_parameters(module: PreTrainedModel) -> list[torch.nn.Parameter]:
    """Return those that are on the encoder's side of the seam alone: neither the pooler's nor tied to the head's."""
    tied = module.get_output_embeddings()
    shared = set() if tied is None else {id(parameter) for parameter in tied.parameters()}
    named = module.base_model.named_parameters()
    return [p for name, p in named if not name.startswith("pooler") and id(p) not in shared]


@pytest.mark.parametrize("task", TASKS)
def test_longformer_marks_subwords_for_its_encoder(task: str) -> None:
    """Its task classes hand their encoder a mask of global attention, and read more of its output than others do."""
    torch.manual_seed(0)
    config = transformers.LongformerConfig(**SIZES, attention_window=4, sep_token_id=2)
    module = getattr(transformers, task).from_config(config).eval()
    ids = torch.tensor([[1, 7, 2, 2, 8, 9, 2], [1, 9, 2, 2, 7, 6, 2]])  # it looks for the end of the question
    with torch.inference_mode():
        assert_identical(through_the_seam(module, {"input_ids": ids}), outputs_of(module(input_ids=ids)))


def test_every_family_has_every_task() -> None:
    """Nothing above is left out because Transformers has no class for it."""
    for family in FAMILIES:
        for task in TASKS:
            assert type(config_of(family, task)) in getattr(transformers, task)._model_mapping, (family, task)
