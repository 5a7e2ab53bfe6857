"""A run of masked language modelling: its settings, its steps and its files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from ..errors import Errors, ExistsError, InvalidError, require
from ..files import replaced_folder, write_text_whole
from ..network.checkpoint import Checkpoint
from ..network.encoder_source import EncoderSource
from ..network.network import Network
from ..network.pretrained import read_encoder, read_pooler
from .masked_lm import ARCHITECTURE, MaskedLanguageModel
from .masking import WordMasker
from .state import has_state, load_state, remove_state, save_state
from .texts import cut_words, read_split
from .trainer import Evaluation, MaskedTrainer, TrainerSettings, steps_per_epoch

MODEL, STATE, LOG = "model", "state", "log.jsonl"
LONGEST_WINDOW = 512
EVALUATIONS = 10
CHECKED_BY_CONTENT = ("texts", "dev", "dev_share", "lang", "epochs", "max_steps")  # by that of windows and steps
MAY_CHANGE = ("output", "device", "precision")


@dataclass(frozen=True, kw_only=True, slots=True)
class PretrainingRequest:
    """The options of `pretrain`.

    texts: .txt or .jsonl. output: folder for everything. encoder: hub id, directory or package:NAME.
    dev: held-out texts; None: `dev_share` of the texts, 2,000 at most. max_steps: 0 for `epochs` epochs.
    batch_size: windows a step. learn_rate: the highest. warmup: share of the steps, or their number. max_length:
    subwords of a window; 0 for what the encoder takes, 512 at most. mask_probability: share of words to hide.
    lang: whose tokenizer says what a word is. device: "auto" is a GPU that torch sees, else the CPU.
    eval_every: steps; 0 for ten times in all.
    """

    texts: Path
    output: Path
    encoder: str
    dev: Path | None = None
    dev_share: float = 0.05
    epochs: int = 3
    max_steps: int = 0
    batch_size: int = 32
    learn_rate: float = 5e-5
    warmup: float = 0.1
    max_length: int = 0
    mask_probability: float = 0.15
    lang: str = "en"
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    eval_every: int = 0

    def __post_init__(self) -> None:
        for setting in ("dev_share", "mask_probability"):
            value = getattr(self, setting)
            require(setting, value, possible=0 < value < 1, remedy="use a number above 0 and below 1")


@dataclass
class PretrainingRun:
    """A run that is ready to start, or to resume.

    trainer: makes the steps. output: the folder of model, log and state. settings: all that the result depends on.
    evaluations: those before an interruption. new_head: whether the encoder had no head for hidden words. pooler: the
    weights of the encoder's pooler, which this training does not change; they are saved with the model.
    n_windows, n_subwords: windows to learn from, and their subwords. n_held_out: held-out windows. steps: in all.
    """

    trainer: MaskedTrainer
    output: Path
    settings: dict[str, Any]
    evaluations: list[Evaluation]
    new_head: bool
    pooler: dict[str, torch.Tensor]
    n_windows: int
    n_subwords: int
    n_held_out: int
    steps: int

    def run(self, on_step: Callable[[], None] = lambda: None) -> Iterator[Evaluation]:
        """Train, and yield the evaluations.

        Each is logged; all but the first and the last also save the state, from which a run can resume. The model is
        written at the end. on_step: called after every step. Raises what the trainer raises.
        """
        for evaluation in self.trainer.run(on_step):
            self.evaluations.append(evaluation)
            self._write_log()
            if 0 < evaluation.step < self.steps:
                save_state(self.output / STATE, self.trainer, self.settings, self.evaluations)
            yield evaluation
        checkpoint = self.trainer.model.network.checkpoint
        module = checkpoint.module
        pooler = {f"{module.base_model_prefix}.{name}": weight for name, weight in self.pooler.items()}
        with replaced_folder(self.output / MODEL) as folder:
            checkpoint.save(folder, weights={**module.state_dict(), **pooler})
        remove_state(self.output / STATE)

    def _write_log(self) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        rows = [json.dumps(asdict(evaluation)) + "\n" for evaluation in self.evaluations]
        write_text_whole(self.output / LOG, "".join(rows))


def prepare(request: PretrainingRequest, *, resume: bool = False, force: bool = False) -> PretrainingRun:
    """Read texts and encoder, or the state of an interrupted run.

    resume: whether to continue the interrupted run in the output folder. force: whether to delete such a run, or
    replace the model of a complete one.
    Raises FileExistsError, FileNotFoundError, and ValueError for what can't be used or resumed.
    """
    _check_output(request.output, resume=resume, force=force)
    _check_inputs(request)
    train_texts, dev_texts = read_split(request.texts, request.dev, dev_share=request.dev_share, seed=request.seed)
    state = load_state(request.output / STATE) if resume else None
    checkpoint, trained_head = (state.checkpoint, True) if state else _read(request)
    tokenizer, max_length = checkpoint.tokenizer, _max_length(checkpoint, request)
    masker = _masker(tokenizer, request)
    train = cut_words(train_texts, request.texts, tokenizer, request.lang, max_length)
    dev = cut_words(dev_texts, request.dev or request.texts, tokenizer, request.lang, max_length)
    steps = request.max_steps or request.epochs * steps_per_epoch(len(train), request.batch_size)
    settings = _settings(request, steps, max_length, texts=train.checksum, held_out=dev.checksum)
    if state is not None:
        _check_same(request.output, state.settings, settings)
    trainer = MaskedTrainer(_model(checkpoint, request), train, dev, masker, _trainer_settings(request, steps))
    if state is not None:
        trainer.model.learner.restore(state.moments, trainer.optimizer, steps=state.step)
        trainer.step, trainer.seconds = state.step, state.seconds
    else:
        remove_state(request.output / STATE)
    return PretrainingRun(
        trainer=trainer,
        output=request.output,
        settings=settings,
        evaluations=state.evaluations if state else [],
        new_head=not trained_head,
        pooler=read_pooler(EncoderSource(request.encoder)),
        n_windows=len(train),
        n_subwords=int((train.stops - train.starts).sum()),
        n_held_out=len(dev),
        steps=steps,
    )


def _check_output(output: Path, *, resume: bool, force: bool) -> None:
    interrupted, done = has_state(output / STATE), (output / MODEL).is_dir()
    if resume and not interrupted:
        reason = "the run there is complete" if done else "no run there came as far as its first evaluation"
        remedy = "Use its model, or start anew with --force." if done else "Start one without --resume."
        raise InvalidError(Errors.E514.format(path=output, reason=reason, remedy=remedy))
    if (interrupted or done) and not (resume or force):
        raise ExistsError(Errors.E513.format(path=output))


def _check_inputs(request: PretrainingRequest) -> None:
    """Raise ValueError if the run would write over its texts, or over the encoder that it starts from."""
    sources = [Path(source) for source in (request.texts, request.dev, request.encoder) if source is not None]
    for path in (request.output / MODEL, request.output / LOG):
        if path.exists() and any(source.exists() and path.samefile(source) for source in sources):
            raise InvalidError(Errors.E532.format(output=path))


def _read(request: PretrainingRequest) -> tuple[Checkpoint, bool]:
    torch.manual_seed(request.seed)  # for a new head
    return read_encoder(EncoderSource(request.encoder), ARCHITECTURE, None)


def _max_length(checkpoint: Checkpoint, request: PretrainingRequest) -> int:
    limit = checkpoint.max_length
    if request.max_length > limit:
        raise InvalidError(Errors.E110.format(max_length=request.max_length, name=request.encoder, limit=limit))
    return request.max_length or min(limit, LONGEST_WINDOW)


def _masker(tokenizer: PreTrainedTokenizerBase, request: PretrainingRequest) -> WordMasker:
    if tokenizer.mask_token_id is None:
        raise InvalidError(Errors.E119.format(name=request.encoder))
    ordinary = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    return WordMasker(tokenizer.mask_token_id, np.array(ordinary, dtype=np.int64), request.mask_probability)


def _model(checkpoint: Checkpoint, request: PretrainingRequest) -> MaskedLanguageModel:
    on_gpu = request.device == "auto" and torch.cuda.is_available()
    device = "cuda" if on_gpu else request.device
    return MaskedLanguageModel(Network(checkpoint, device=device, precision=request.precision))


def _trainer_settings(request: PretrainingRequest, steps: int) -> TrainerSettings:
    return TrainerSettings(
        steps=steps,
        batch_size=request.batch_size,
        learn_rate=request.learn_rate,
        warmup=request.warmup,
        eval_every=request.eval_every or math.ceil(steps / EVALUATIONS),
        seed=request.seed,
    )


def _settings(request: PretrainingRequest, steps: int, max_length: int, **checksums: int) -> dict[str, Any]:
    """Return all settings that the result depends on. Files count by their content, not by their names."""
    left_out = CHECKED_BY_CONTENT + MAY_CHANGE
    asked = {name: value for name, value in asdict(request).items() if name not in left_out}
    return asked | {"steps": steps, "max_length": max_length} | checksums


def _check_same(output: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    changes = [f"{name} {before.get(name)} (now {now[name]})" for name in now if before.get(name) != now[name]]
    if changes:
        raise InvalidError(Errors.E515.format(path=output, changes=", ".join(changes)))
