"""What is tried: each reader and each command, with the inputs for it and what must hold afterwards."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from spacy import util
from spacy.tokens import DocBin

from spacy_bertadapt.tasks import TASKS, TRAINED

from .fuzz_checks import annotation_of, check_command, check_reader, check_texts, options
from .fuzz_inputs import CONFIGS, FILES, GOLD, JSON, TEXT_FILES, DataFile, Gold, settings, spoilt


class Place(NamedTuple):
    """Where a case runs. folder: for its files. encoder, pipeline: saved ones; None: only readers are tried."""

    folder: Path
    encoder: Path | None = None
    pipeline: Path | None = None

    def write(self, file: DataFile) -> Path:
        """Write a file into the folder and return its path."""
        path = self.folder / file.name
        path.write_bytes(file.content)
        return path


class Case(NamedTuple):
    """A strategy of inputs, and a function that raises for an input on which something is wrong.

    The function returns whether the input was used, and not refused.
    """

    inputs: st.SearchStrategy[Any]
    check: Callable[[Place, Any], bool]


def reader_cases() -> dict[str, Case]:
    """Return what is tried with readers, by name."""
    cases = {"read_texts": Case(spoilt(TEXT_FILES), lambda place, file: check_texts(place.write(file)))}
    for task in TRAINED:
        reader = TASKS[task].reader_class
        names = [name for name in inspect.signature(reader).parameters if name != "path"]
        inputs = {
            "": st.tuples(spoilt(FILES[task]), settings(names)),
            " on files of others": st.tuples(st.one_of(*FILES.values()), st.just({})),
        }
        cases |= {f"{reader.__name__}{kind}": Case(pairs, _reads(task)) for kind, pairs in inputs.items()}
        cases[f"{reader.__name__} on known content"] = Case(GOLD[task], _reads_as_it_is(task))
    return cases


def command_cases() -> dict[str, Case]:
    """Return what is tried with commands, by name."""
    chosen = settings(["text", "label", "labels", "tag", "tags", "label_map", "limit", "nothing"])
    data = st.sampled_from(sorted(TRAINED)).flatmap(
        lambda task: st.tuples(st.just(task), spoilt(FILES[task]), spoilt(FILES[task]), chosen)
    )
    cases = {
        "convert": Case(data, _convert),
        "debug-data": Case(data, _debug_data),
        "debug-data -e": Case(data, lambda place, case: _debug_data(place, case, "-e", place.encoder)),
        "init-config": Case(data, _init_config),
        "evaluate": Case(st.tuples(spoilt(FILES["textcat"]), chosen), _evaluate),
        "show, compare": Case(spoilt(CONFIGS), _show_and_compare),
        "pretrain": Case(spoilt(TEXT_FILES), _pretrain),
    }
    for name in ("meta.json", "config.cfg"):
        cases[f"evaluate, show with a spoilt {name}"] = Case(_changes_of(name), _spoilt_pipeline)
    return cases


def _reads(task: str) -> Callable[[Place, Any], bool]:
    return lambda place, case: bool(check_reader(task, place.write(case[0]), case[1]))


def _reads_as_it_is(task: str) -> Callable[[Place, Any], bool]:
    def check(place: Place, gold: Gold) -> bool:
        docs = check_reader(task, place.write(gold.file), {})
        annotations = map(annotation_of, docs)
        assert [(one["text"], one[gold.place]) for one in annotations] == gold.expected
        return True

    return check


def _convert(place: Place, case: Any) -> bool:
    task, file, _, chosen = case
    output = place.folder / "output.spacy"
    is_used = check_command("convert", place.write(file), output, "-t", task, *options(chosen))
    assert not is_used or len(DocBin().from_disk(output))
    return is_used


def _debug_data(place: Place, case: Any, *more: object) -> bool:
    task, train, dev, chosen = case
    paths = ("--train", place.write(train), "--dev", place.write(dev))
    return check_command("debug-data", *paths, "-t", task, *options(chosen), *more)


def _init_config(place: Place, case: Any) -> bool:
    task, *files, chosen = case
    train, dev = map(place.write, files)
    output = place.folder / "new.cfg"
    paths = (output, "-F", "--train", train, "--dev", dev, "-e", place.encoder)
    is_used = check_command("init-config", *paths, "-t", task, *options(chosen))
    if is_used:
        config = util.load_config(output).interpolate()
        assert config["paths"]["train"] == str(train)
        util.registry.resolve(config["corpora"])
    return is_used


def _evaluate(place: Place, case: Any) -> bool:
    file, chosen = case
    return check_command("evaluate", place.pipeline, place.write(file), *options(chosen))


def _show_and_compare(place: Place, file: DataFile) -> bool:
    path = place.write(DataFile("data.cfg", file.content))
    assert not check_command("show", path)
    assert not check_command("compare", path, "-o", place.folder / "out")
    return False


def _pretrain(place: Place, file: DataFile) -> bool:
    output = place.folder / "out"
    return check_command("pretrain", place.write(file), output, "-e", place.encoder, "--max-steps", 1, "--force")


def _changes_of(name: str) -> st.SearchStrategy[tuple[str, float, bytes]]:
    """A file of a pipeline: whole if there are no bytes, else with these from a place on, given as a share."""
    changes = st.binary(max_size=4) | JSON.map(lambda value: repr(value).encode())
    return st.tuples(st.just(name), st.floats(0, 1), changes)


def _spoilt_pipeline(place: Place, change: tuple[str, float, bytes]) -> bool:
    name, share, new = change
    assert place.pipeline is not None
    path = place.pipeline / name
    content = path.read_bytes()
    start = int(share * len(content))
    data = place.write(DataFile("data.csv", b"text,label\na b,a\n"))
    path.write_bytes(content[:start] + new + content[start + len(new) :])
    try:
        return all([check_command("evaluate", place.pipeline, data), check_command("show", place.pipeline)])
    finally:
        path.write_bytes(content)
