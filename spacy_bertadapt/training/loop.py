"""spaCy's training loop, which can be interrupted at any moment and goes on as if nothing had happened."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from io import StringIO
from itertools import islice
from pathlib import Path
from timeit import default_timer as timer
from typing import IO, Any

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training import loop as spacy_loop
from spacy.util import registry, resolve_dot_names
from thinc.api import Config, constant, fix_random_seed, set_gpu_allocator
from wasabi import Printer

from ..errors import Errors, InvalidError
from ..files import copy_pipeline, save_pipeline
from ..learning.processes import ALONE, Processes
from .batches import Batch, TrainingBatches
from .config_changes import changes_of
from .evaluation import Evaluation
from .learned_files import learners_of, learning_components
from .pace import Pace, ProgressBar, gradient_norms
from .random_states import unchanged_random_states
from .run_state import Progress, RunState, mark_begun, mark_finished, save_state
from .same_start import begin_together
from .step_losses import StepLosses
from .whole_saves import saves_whole

MODEL_BEST, MODEL_LAST = spacy_loop.DIR_MODEL_BEST, spacy_loop.DIR_MODEL_LAST


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """What a run is told beside its config.

    output: the folder of its pipelines and states; None: nothing is saved. use_gpu: a GPU's number, or -1.
    keep: how many states are left. should_stop: asked after every step whether the run is to save itself and end; of
    several processes, one that says so is enough. processes: those that train together, each with a run.
    """

    output: Path | None = None
    use_gpu: int = -1
    keep: int = 1
    should_stop: Callable[[], bool] = lambda: False
    processes: Processes = ALONE


class TrainingRun:
    """A training by spaCy's config: its steps, evaluations and saves are those of `spacy train`, to the bit.

    is_complete: whether it came to its end, and was not stopped.
    """

    def __init__(self, nlp: Language, given: Config, options: RunOptions, state: RunState | None = None):
        """Resolve the config.

        nlp: initialized from the config. given: the config as it was given, with its overrides. state: where an
        earlier run of the same config was; None: this one begins.
        Raises what spaCy raises for a config that can't be used, and ValueError for a state that is not of it.
        """
        self.nlp, self.options, self._processes = nlp, options, options.processes
        if state is not None:
            if self._processes.is_first:
                changes_of(state.config, given)
            if len(state.positions) != self._processes.count:
                raise InvalidError(Errors.E569.format(earlier=len(state.positions), count=self._processes.count))
        self.is_complete = False
        self._given, self._state = given, state
        config = nlp.config.interpolate()
        if config["training"]["seed"] is not None:
            fix_random_seed(config["training"]["seed"])
        if options.use_gpu >= 0 and config["training"]["gpu_allocator"]:
            set_gpu_allocator(config["training"]["gpu_allocator"])
        self.settings = registry.resolve(config["training"], schema=ConfigSchemaTraining)
        self.optimizer = self.settings["optimizer"]
        self.frozen = self.settings["frozen_components"]
        corpora = [self.settings["train_corpus"], self.settings["dev_corpus"]]
        train_corpus, dev_corpus = resolve_dot_names(config, corpora)
        self._before_to_disk = spacy_loop.create_before_to_disk_callback(self.settings["before_to_disk"])
        begin_together(nlp, given, self.frozen, self._processes, steps=state.progress.step if state else 0)
        self._evaluate = Evaluation(nlp, dev_corpus, self.settings["score_weights"], self._processes)
        self._batches = TrainingBatches(
            nlp,
            train_corpus,
            self.settings["batcher"],
            max_epochs=self.settings["max_epochs"],
            processes=self._processes,
        )
        self._learners = learners_of(nlp, self.frozen)
        self._losses = StepLosses(self._learners, self._processes, parts=self.settings["accumulate_gradient"] + 1)
        self._pace = Pace(self._processes)
        self.progress = state.progress if state else Progress()

    def run(self, stdout: IO = sys.stdout, stderr: IO = sys.stderr) -> None:
        """Train to the end, or until `should_stop`, and log what `[training.logger]` does.

        Of several processes, the first one alone logs and saves. Raises what components, corpora and loggers raise.
        """
        try:
            if self._processes.is_first:
                self._run_first(stdout, stderr)
            else:
                for _ in self.steps():
                    pass
        finally:
            for learner in self._learners.values():
                learner.processes = ALONE

    def _run_first(self, stdout: IO, stderr: IO) -> None:
        self._introduce(stdout)
        bar = ProgressBar(stderr, total=self._total_steps, step=self.progress.step)
        with self.nlp.select_pipes(disable=self.frozen):
            log, finish = self.settings["logger"](self.nlp, stdout, StringIO() if bar.is_shown else stderr)
        if self.options.output is not None and self._state is None:
            mark_begun(self.options.output)
        try:
            for info, is_best in self.steps():
                if is_best is not None:
                    with self.nlp.select_pipes(disable=self.frozen):
                        spacy_loop.update_meta(self.settings, self.nlp, info)
                    self._save(info, is_best=is_best)
                with bar.aside() if is_best is not None else nullcontext():
                    log(info if is_best is not None else None)
                bar.advance(texts=info["texts"], loss_and_rate=lambda: (self._mean_loss(), self.optimizer.learn_rate))
        finally:
            bar.close()
            finish()
        if self.is_complete:
            self._end()

    def steps(self) -> Iterator[tuple[dict[str, Any], bool | None]]:
        """Make the steps, and yield what is known after each; then whether it is the best so far, if it was evaluated.

        What is yielded is as of spaCy's `train_while_improving`, and what else `_info` says.
        """
        progress = self.progress
        batches = self._begin()
        if batches is None:
            self.is_complete = True
            return
        dropouts = self._dropouts()
        start = timer() - progress.seconds
        for epoch, batch in batches:
            rate = self.optimizer.learn_rate
            self._step(epoch, batch, next(dropouts))
            step, score, other_scores, is_best = progress.step, None, None, None
            self._pace.add(texts=len(batch), words=sum(map(len, batch)))
            if step % self.settings["eval_frequency"] == 0:
                measured = self._measure(rate)
                score, other_scores, is_best = self._score(step)
                other_scores = {**other_scores, **measured}
            progress.seconds = timer() - start
            info = {**self._info(epoch, score, other_scores), "texts": len(batch) * self._processes.count}
            with unchanged_random_states() if self._processes.count > 1 else nullcontext():
                yield info, is_best
            progress.step += 1
            if is_best is not None:
                progress.losses = {}
                self._save_state()
                self._pace.restart()
            if self._is_enough(step):
                break
            if self._is_to_stop():
                if is_best is None:
                    self._measure(rate)
                    self._save_state()
                return
        self._measure(self.optimizer.learn_rate)
        self.is_complete = True

    def _begin(self) -> Iterator[tuple[int, Batch]] | None:
        """Return the batches to come; None if there are none."""
        state = self._state
        if state is None:
            return self._batches.all()
        state.restore(self.nlp, self.optimizer, self.frozen, self._processes.rank)
        position = state.positions[self._processes.rank]
        is_over = self._is_enough(self.progress.step - 1)
        return None if is_over else self._batches.after(position.place, position.states)

    def _step(self, epoch: int, batch: Batch, dropout: float) -> None:
        if before_update := self.settings["before_update"]:
            before_update(self.nlp, {"step": self.progress.step, "epoch": epoch})
        for part in spacy_loop.subdivide_batch(batch, self.settings["accumulate_gradient"]):
            if self._processes.count == 1:
                self._learn(part, dropout, self.progress.losses)
            else:
                with self._losses.part() as losses:
                    self._learn(part, dropout, losses)
        if self._processes.count > 1:
            self._losses.end_step()
        for _, pipe in learning_components(self.nlp, self.frozen):
            pipe.finish_update(self.optimizer)
        self.optimizer.step_schedules()

    def _learn(self, part: Batch, dropout: float, losses: dict[str, Any]) -> None:
        self.nlp.update(
            part,
            drop=dropout,
            losses=losses,
            sgd=False,  # type: ignore[arg-type]  # the step follows once all parts have come
            exclude=self.frozen,
            annotates=self.settings["annotating_components"],
        )

    def _is_to_stop(self) -> bool:
        """Return whether this process, or another one, is asked to end."""
        (is_asked,) = self._processes.any(self.options.should_stop())
        return is_asked

    def _measure(self, rate: float) -> dict[str, float]:
        """Take losses, texts and words since the last evaluation from all processes, and return what loggers plot."""
        self._losses.add_to(self.progress.losses)
        texts, words, speed = self._pace.take()
        self.progress.texts += texts
        self.progress.words += words
        return {"texts_per_second": speed, "learn_rate": rate, **gradient_norms(self._learners)}

    def _score(self, step: int) -> tuple[float, dict[str, Any], bool]:
        """Return the main score, all scores, and whether the main one is the best so far."""
        if self.optimizer.averages:
            with self.nlp.use_params(self.optimizer.averages):
                score, others = self._evaluate()
        else:
            score, others = self._evaluate()
        self.progress.results.append((score, step))
        return score, others, score == max(self.progress.results)[0]

    def _info(self, epoch: int, score: float | None, other_scores: dict[str, Any] | None) -> dict[str, Any]:
        progress = self.progress
        return {
            "epoch": epoch,
            "step": progress.step,
            "score": score,
            "other_scores": other_scores,
            "losses": progress.losses,
            "checkpoints": progress.results,
            "seconds": int(progress.seconds),
            "words": progress.words,
        }

    def _mean_loss(self) -> float:
        """Return the mean loss of a step since the last evaluation, summed over the components."""
        if self._processes.count > 1:
            return self._losses.mean()
        step, frequency = self.progress.step, self.settings["eval_frequency"]
        steps = (step % frequency or frequency) if step else 1
        return sum(map(float, self.progress.losses.values())) / steps

    @property
    def _total_steps(self) -> int:
        """Steps of the whole training, of which the first one has the number 0; 0 if they are not known."""
        max_steps = self.settings["max_steps"]
        return max_steps + 1 if max_steps else 0

    def _is_enough(self, step: int) -> bool:
        """Return whether patience or steps are used up. Of equal scores, the earliest counts."""
        patience, max_steps = self.settings["patience"], self.settings["max_steps"]
        _, best = max((score, -step) for score, step in self.progress.results)
        return bool((patience and step + best >= patience) or (max_steps and step >= max_steps))

    def _dropouts(self) -> Iterator[float]:
        dropout = self.settings["dropout"]
        rates = constant(dropout) if isinstance(dropout, float) else dropout
        return islice(rates, self.progress.step, None)

    def _save(self, info: dict[str, Any], *, is_best: bool) -> None:
        """Save model-last, and model-best if it is that."""
        output = self.options.output
        if output is None:
            return
        with self.nlp.use_params(self.optimizer.averages):
            pipeline = self._before_to_disk(self.nlp)
            save = pipeline.to_disk if saves_whole(pipeline) else partial(save_pipeline, pipeline)
            save(output / MODEL_LAST)
        if is_best:
            copy_pipeline(output / MODEL_LAST, output / MODEL_BEST)
        info["output_path"] = str(output / MODEL_LAST)

    def _save_state(self) -> None:
        if self.options.output is not None:
            save_state(
                self.options.output,
                self.nlp,
                self.optimizer,
                config=self._given,
                progress=self.progress,
                place=self._batches.place,
                frozen=self.frozen,
                keep=self.options.keep,
                processes=self._processes,
            )

    def _end(self) -> None:
        """Save the weights of the last step, and delete the states: there is nothing left to resume."""
        if self.options.output is not None:
            self._save({}, is_best=False)
            mark_finished(self.options.output, self._given)

    def _introduce(self, stdout: IO) -> None:
        printer = Printer(no_print=True)
        lines = {"Pipeline": self.nlp.pipe_names, "Frozen components": self.frozen}
        lines["Set annotations on update for"] = self.settings["annotating_components"]
        lines["Initial learn rate"] = self.optimizer.learn_rate
        for title, value in lines.items():
            if value:
                stdout.write(f"{printer.info(f'{title}: {value}')}\n")
        if self.progress.step:
            stdout.write(f"{printer.info(f'Going on after step {self.progress.step - 1:,}')}\n")
