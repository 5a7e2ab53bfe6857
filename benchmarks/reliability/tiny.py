"""A BERT of two layers with random weights, and configs that learn samples on it: what is quick can be tried often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from spacy import util
from tokenizers import processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from spacy_bertadapt.planning.conversion import convert
from spacy_bertadapt.tasks import get_task

from ..vocabularies import learn_tokenizer

ROOT = Path(__file__).parent.parent.parent
ASSETS = ROOT / "assets"
SPECIALS = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
LORA = {"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"}


def save_encoder(folder: Path, *, length: int = 512) -> Path:
    """Write a random encoder, whose tokenizer knows the words of the bundled samples. length: in subwords."""
    texts = [path.read_text(encoding="utf8") for path in sorted(ASSETS.glob("*_train.*"))]
    tokenizer = learn_tokenizer("wordpiece", texts, list(SPECIALS.values()), unk=SPECIALS["unk"], size=1000)
    cls, sep = ((SPECIALS[name], tokenizer.token_to_id(SPECIALS[name])) for name in ("cls", "sep"))
    tokenizer.post_processor = processors.BertProcessing(sep, cls)
    torch.manual_seed(0)
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    vocabulary = tokenizer.get_vocab_size()
    BertModel(BertConfig(vocab_size=vocabulary, max_position_embeddings=length, **size)).save_pretrained(folder)
    names = {f"{name}_token": token for name, token in SPECIALS.items()}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=length, **names).save_pretrained(folder)
    return folder


def save_config(folder: Path, task: str, encoder: Path, *, lora: bool = False, **settings: Any) -> Path:
    """Write the samples of a task as .spacy files, and a config that learns them. settings: of [training]."""
    for part in ("train", "dev"):
        (source,) = ASSETS.glob(f"{task}_{part}.*")
        convert(source, folder / f"{part}.spacy", task=get_task(task), lang="en")
    config = util.load_config(ROOT / "configs" / f"{task}.cfg", interpolate=False)
    config["paths"] = {**config["paths"], **{part: str(folder / f"{part}.spacy") for part in ("train", "dev")}}
    config["paths"]["encoder"] = str(encoder)
    config["training"].update(settings)
    config["training"]["logger"] = {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False}
    component = config["components"][get_task(task).factory]
    component["model"]["precision"] = "float32"
    if lora:
        component["adapt"] = LORA
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"
