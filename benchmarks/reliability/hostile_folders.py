"""Load pipelines whose files a stranger has changed, and watch what the process does.

    python -m benchmarks.reliability.hostile_folders

Each field of each JSON file of a component, in turn, gets a value of another type, a huge number, a path out of the
folder, or the name of a module; weights are cut short, swapped and pickled; files are pipes, or links out of the
folder, in one step or two; other architectures with huge tables or very many layers are named; config.cfg names the
component by a path; modules and adapters are dropped in. Each folder is loaded in a process of its own, from within, as
a careless user would, and predicts a text. Watched are all files around the folder (by inotify, so what libraries open
counts too), imports, processes that are started and connections (by Python's audit hooks), and what is printed.

Prints a Markdown table of the folders by what came of them, and exits with 1 if one made the process run something,
open or write a file outside, say more than one line, or raise an error that is not of this package. For Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import spacy
import torch
from safetensors.torch import load_file, save_file
from spacy.cli.train import train

from spacy_bertadapt.tasks import TRAINED, get_task

from .tiny import save_config, save_encoder
from .watching import Report, watched

Spoil = Callable[[Path], None]
"""Changes the folder of a component."""

PAYLOAD = "evil_payload"
JSON_FILES = ("cfg", "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
ADAPTER_FILES = ("adapter_config.json", "adapter_encoder.json")
MEMORY = 6_000_000_000  # bytes that a process may take, many times what an unchanged folder needs


def main() -> None:
    """Change, load, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=sorted(TRAINED), default=list(TRAINED))
    parser.add_argument("--every", type=int, default=1, help="try only each n-th change")
    args = parser.parse_args()
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        counts, wrong = Counter[str](), []
        for name, pipeline in trained_pipelines(root, args.tasks):
            outside = root / "outside"
            write_outside(outside)
            for number, (what, spoil) in enumerate(changes(pipeline / name, outside)):
                if number % args.every == 0:
                    report = try_folder(pipeline, name, spoil, outside)
                    counts[report.outcome] += 1
                    wrong += [f"{name}: {what}: {violation}" for violation in report.violations]
    print(f"| folders | loaded, as the change says nothing | refused in one line | violations |\n{'|---' * 4}|")
    print(f"| {counts.total()} | {counts['loaded']} | {counts['refused']} | {len(wrong)} |")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


def trained_pipelines(root: Path, tasks: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield pipelines as they are saved after a few steps, with their component's name: whole ones, and an adapter."""
    encoder = save_encoder(root / "encoder")
    for task, lora in [*((task, False) for task in tasks), (tasks[0], True)]:
        place = root / f"{task}-{lora}"
        place.mkdir()
        train(save_config(place, task, encoder, lora=lora, max_steps=2, eval_frequency=2), place / "out")
        yield get_task(task).factory, place / "out" / "model-last"


def write_outside(folder: Path) -> None:
    """Write what must not be touched: a module, settings, weights and a tokenizer."""
    folder.mkdir(exist_ok=True)
    (folder / "secret.json").write_text("{}")
    (folder / f"{PAYLOAD}.py").write_text("raise SystemExit('ran')")


def try_folder(pipeline: Path, name: str, spoil: Spoil, outside: Path) -> Report:
    """Load a changed copy of a pipeline in a process of its own, and say what it did."""
    with tempfile.TemporaryDirectory(dir=outside.parent) as folder:
        copy = Path(folder) / "pipeline"
        shutil.copytree(pipeline, copy)
        spoil(copy / name)
        (copy / name / "model" / f"{PAYLOAD}.py").write_text("open('ran', 'w')")
        PathFinder.find_spec("none", [str(copy / name / "model")])  # Python lists the folder now, and not while watched

        def load() -> None:
            os.chdir(copy / name / "model")
            sys.path.insert(0, str(copy / name / "model"))
            nlp = spacy.load(copy)
            nlp("Where is my parcel? [SEP] The parcel is at the post office.")

        return watched(load, outside=outside, forbidden_module=PAYLOAD, memory=MEMORY)


def changes(component: Path, outside: Path) -> Iterator[tuple[str, Spoil]]:
    """Yield all changes with their names."""
    for file in JSON_FILES + ADAPTER_FILES:
        path = component / file if file == "cfg" else component / "model" / file
        if path.exists():
            relative = path.relative_to(component)
            yield from field_changes(relative, json.loads(path.read_text(encoding="utf8")), outside)
            yield from file_changes(relative, outside)
    for path in sorted((component / "model").glob("*.safetensors")):
        yield from weight_changes(path.relative_to(component), outside)
    yield from foreign_files()
    yield from other_architectures()
    yield from other_names(component.name, outside)
    yield "model is a link", lambda folder: replace_by_link(folder / "model", outside / "model")
    yield "model is a link to a folder with a link", lambda folder: link_in_two_steps(folder, outside / "config.json")


def field_changes(file: Path, content: dict[str, Any], outside: Path) -> Iterator[tuple[str, Spoil]]:
    """Yield changes of each field of a JSON object, and fields that Transformers or peft would read."""
    paths = [str(outside / "secret.json"), PAYLOAD]
    values = [None, -1, 0, 10**12, 1e308, "text", True, [], {}, [[[]]], {"a": [1]}, *paths]
    hostile = {
        "auto_map": {"AutoConfig": f"{PAYLOAD}.C", "AutoModel": f"{PAYLOAD}.M", "AutoTokenizer": f"{PAYLOAD}.T"},
        "_attn_implementation_internal": f"evil/{PAYLOAD}:layer",
        "attn_implementation": f"evil/{PAYLOAD}",
        "_attn_implementation": {"": f"evil/{PAYLOAD}:layer"},
        "_experts_implementation": {"": f"evil/{PAYLOAD}:layer"},
        "fast_tokenizer_files": [str(outside / "tokenizer.1.0.json")],
        "quantization_config": {"quant_method": "gptq", "bits": 4, "module": PAYLOAD},
        "transformers_weights": str(outside / "weights.safetensors"),
        "tokenizer_file": str(outside / "secret.json"),
        "vocab_file": str(outside / "secret.json"),
        "megatron_config": {"a": 1},
        "megatron_core": PAYLOAD,
        "base_model_name_or_path": str(outside),
        "_name_or_path": str(outside),
        "tokenizer_class": "AutoModel",
        "chat_template": "{{ ''.__class__ }}",
        "num_labels": 10**12,
        "is_decoder": True,
        "torch_dtype": PAYLOAD,
    }
    if file.name != "tokenizer.json":
        values += [10**30, "\x00", "x" * 1_000_000]
        for key, value in hostile.items():
            yield f"{file}: {key} added", lambda folder, k=key, v=value: edit(folder / file, k, v)
    for key in content:
        for value in values:
            yield f"{file}: {key} = {value!r:.40}", lambda folder, k=key, v=value: edit(folder / file, k, v)


def file_changes(file: Path, outside: Path) -> Iterator[tuple[str, Spoil]]:
    """Yield changes of a whole JSON file."""
    for content in ("", "{", "[]", "null", "5", '"text"', "[" * 100_000, '{"a":' * 100_000, "\x00", "{}"):
        yield f"{file} is {content:.10}", lambda folder, c=content: (folder / file).write_text(c)
    yield f"{file} is no UTF-8", lambda folder: (folder / file).write_bytes(b"\xff\xfe{}")
    yield f"{file} is a link", lambda folder: replace_by_link(folder / file, outside / "secret.json")
    yield f"{file} is a pipe", lambda folder: ((folder / file).unlink(), os.mkfifo(folder / file))
    yield f"{file} is a directory", lambda folder: ((folder / file).unlink(), (folder / file).mkdir())
    yield f"{file} is missing", lambda folder: (folder / file).unlink()


def weight_changes(file: Path, outside: Path) -> Iterator[tuple[str, Spoil]]:
    """Yield changes of a file of weights."""

    def cut(folder: Path, length: int) -> None:
        (folder / file).write_bytes((folder / file).read_bytes()[:length])

    def transpose(folder: Path) -> None:
        weights = {name: weight.T.contiguous() for name, weight in load_file(folder / file).items()}
        save_file(weights, folder / file, {"format": "pt"})

    def swap(folder: Path) -> None:
        weights = load_file(folder / file)
        names = list(weights)
        moved = dict(zip(names, (weights[name] for name in reversed(names)), strict=True))
        save_file({name: weight.clone() for name, weight in moved.items()}, folder / file, {"format": "pt"})

    def pickled(folder: Path) -> None:
        (folder / file).unlink()
        (folder / "model" / "pytorch_model.bin").write_bytes(pickle.dumps(Payload()))

    def huge_header(folder: Path) -> None:
        (folder / file).write_bytes((2**62).to_bytes(8, "little") + b"{}")

    for length in (0, 7, 8, 100, -1, -100):
        yield f"{file} cut to {length}", lambda folder, n=length: cut(folder, n)
    for change in (transpose, swap, pickled, huge_header):
        yield f"{file}: {change.__name__}", change
    yield f"{file} is a link", lambda folder: replace_by_link(folder / file, outside / "weights.safetensors")


class Payload:
    """What runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable, tuple]:
        return os.system, ("touch ran",)


def foreign_files() -> Iterator[tuple[str, Spoil]]:
    """Yield files that are dropped in, which Transformers or peft would read."""
    adapter = {"peft_type": "LORA", "megatron_config": {"a": 1}, "megatron_core": PAYLOAD, "r": 1}
    files = {
        "adapter_config.json": json.dumps(adapter),
        "model.safetensors.index.json": json.dumps({"weight_map": {"a": "../../outside"}, "metadata": {}}),
        "modeling.py": f"import {PAYLOAD}",
        "tokenization.py": f"import {PAYLOAD}",
        "generation_config.json": "{",
        "added_tokens.json": json.dumps({"x": 10**12}),
        "vocab.txt": "x\n" * 10,
        "chat_template.jinja": "{{ ''.__class__ }}",
        "config.4.0.0.json": "{",
        "__init__.py": f"import {PAYLOAD}",
        "torch.py": f"import {PAYLOAD}",
    }
    for name, content in files.items():
        yield f"{name} added", lambda folder, n=name, c=content: (folder / "model" / n).write_text(c)


def other_architectures() -> Iterator[tuple[str, Spoil]]:
    """Yield configurations of other modules than the weights are of, which would fill the memory or take minutes."""
    small = {"vocab_size": 1000, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    configs = {
        "gpt2 with a huge mask": {"model_type": "gpt2", **small, "n_positions": 100_000},
        "albert with many layers": {"model_type": "albert", **small, "inner_group_num": 1_000_000},
        "distilbert with a huge table": {
            "model_type": "distilbert",
            **small,
            "max_position_embeddings": 100_000_000,
            "sinusoidal_pos_embds": True,
        },
    }
    for what, config in configs.items():
        yield what, lambda folder, c=config: (folder / "model" / "config.json").write_text(json.dumps(c))


def other_names(name: str, outside: Path) -> Iterator[tuple[str, Spoil]]:
    """Yield names of the component in config.cfg that are paths, where its files are indeed."""

    def rename(folder: Path, path: str) -> None:
        config = folder.parent / "config.cfg"
        text = config.read_text(encoding="utf8").replace(f"[components.{name}", f"[components.{path}")
        config.write_text(text.replace(f'pipeline = ["{name}"]', f'pipeline = ["{path}"]'), encoding="utf8")
        shutil.rmtree(folder.parent / path, ignore_errors=True)
        shutil.copytree(folder, folder.parent / path)

    for path in (str(outside / "component"), f"sub/{name}"):
        yield f"the component is named {path}", lambda folder, p=path: rename(folder, p)


def link_in_two_steps(folder: Path, outside: Path) -> None:
    """Hide the model's folder behind a link that stays in the pipeline, and lead out from there."""
    shutil.move(folder / "model", folder.parent / "hidden")
    (folder / "model").symlink_to("../hidden")
    replace_by_link(folder.parent / "hidden" / "config.json", outside)


def replace_by_link(path: Path, target: Path) -> None:
    """Move a file or folder out, and leave a link to it."""
    if target.is_dir():
        shutil.rmtree(target)
    shutil.move(path, target)
    path.symlink_to(target)


def edit(path: Path, key: str, value: Any) -> None:
    """Set a field of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf8")), key: value}), encoding="utf8")


if __name__ == "__main__":
    main()
