"""Model cards: the README.md of an exported checkpoint, with the metadata that the Hugging Face hub reads."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING, Any

import srsly
from spacy.language import Language

from ..pairs import SEPARATOR
from ..planning.task import Task
from .card_facts import CardFacts, card_facts

if TYPE_CHECKING:
    from ..component.base import BertPipe

METRICS = {
    **{"acc": "accuracy", "f": "f1", "f1": "f1", "p": "precision", "r": "recall", "em": "exact_match"},
    **{"pearson": "pearsonr", "spearman": "spearmanr", "mse": "mse", "rmse": "rmse"},
}
"""The hub's names of scores, by the end of ours."""

TEXT = """---
{metadata}---

# {title}

{task}: the component `{component}` of the spaCy pipeline {pipeline}, as a checkpoint of Transformers.

{outputs}- Length: {length:,} subwords at once; spaCy cuts longer texts into windows
- Encoder: `{encoder}`
- Licence: {licence}

## Scores

{scores}

## Data

{data}

## Use

In spaCy, with `pip install spacy-bertadapt`:

```
python -m spacy bertadapt import {argument} my_pipeline
```

```python
import spacy

doc = spacy.load("my_pipeline")({example})
print(doc.{attribute})
```

In Transformers:

```python
from transformers import {auto_class}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({string})
model = {auto_class}.from_pretrained({string})
print(model(**tokenizer({texts}, return_tensors="pt")))
```
{note}
## Versions

{versions}
"""
HEAD_BESIDE = """
Transformers has no class for this task: it reads the encoder; the head beside it (`head.safetensors`) is spaCy's alone.
"""


def model_card(nlp: Language, name: str, task: Task, title: str) -> str:
    """Return the text of a model card.

    name: of the component. title: the name of the checkpoint.
    """
    assert task.exchange is not None
    pipe: BertPipe = nlp.get_pipe(name)  # type: ignore[assignment]
    facts, auto_class = card_facts(nlp, name, task.variant_for(pipe)), task.exchange.auto_class
    labels = ", ".join(f"`{label}`" for label in pipe.network.checkpoint.labels)
    return TEXT.format(
        metadata=srsly.yaml_dumps(_metadata(facts, task, title)),
        title=title,
        task=task.title,
        component=name,
        pipeline=facts.pipeline,
        argument=quote(title),
        string=srsly.json_dumps(title),
        outputs=f"- Outputs: {labels}\n" if pipe.has_labels else "",
        length=pipe.runner.max_length,
        encoder=facts.encoder,
        licence=facts.licence or "not named",
        scores=_table(facts) if facts.scores else "None were written down: `spacy train` does so.",
        data="\n".join(_data(facts)) or "The pipeline's config names none.",
        example=srsly.json_dumps(task.example),
        attribute=task.attribute,
        auto_class=auto_class,
        texts=", ".join(map(srsly.json_dumps, task.example.split(SEPARATOR))),
        note=HEAD_BESIDE if auto_class == "AutoModel" else "",
        versions="\n".join(f"- {package} {version}" for package, version in facts.versions.items()),
    )


def _metadata(facts: CardFacts, task: Task, title: str) -> dict[str, Any]:
    """Return what the hub reads of a card."""
    assert task.exchange is not None
    hub_task = task.exchange.hub_task
    metadata: dict[str, Any] = {"language": [facts.language]}
    if facts.licence:
        metadata["license"] = facts.licence.lower().replace(" ", "-")
    metadata |= {"library_name": "transformers", "pipeline_tag": hub_task}
    if facts.base_model:
        metadata["base_model"] = facts.base_model
    metadata["tags"] = ["spacy", "spacy-bertadapt", hub_task]
    if facts.scores:
        data = facts.data.get("dev", "evaluation data")
        result = {
            "task": {"type": hub_task, "name": task.title},
            "dataset": {"type": data, "name": data},
            "metrics": [_metric(name, value) for name, value in facts.scores.items()],
        }
        metadata["model-index"] = [{"name": title, "results": [result]}]
    return metadata


def _metric(name: str, value: float) -> dict[str, Any]:
    return {"type": METRICS.get(name.rpartition("_")[2], name), "name": name, "value": value}


def _table(facts: CardFacts) -> str:
    rows = [f"| {name} | {value:.4f} |" for name, value in facts.scores.items()]
    return "\n".join(["| score | value |", "|---|---|", *rows])


def _data(facts: CardFacts) -> Iterator[str]:
    for split, verb in (("train", "Trained"), ("dev", "Evaluated")):
        if split in facts.data:
            yield f"- {verb} on `{facts.data[split]}`"
