"""spaCy's own commands, run as users run them, on a tiny encoder and the bundled samples."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import spacy.cli
import srsly
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from typer.testing import CliRunner

import spacy_bertadapt.cli  # noqa: F401 (adds our commands to spaCy's)
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks import TRAINED

ROOT = Path(__file__).parent.parent
PACKAGE = "en_bertadapt_test"
PACKAGE_OPTIONS = ["--name", "bertadapt_test", "--build", "none"]
# four steps of training don't teach a tiny model which questions have an answer
pytestmark = pytest.mark.filterwarnings("ignore:\\[W308\\]")
PIP_FLAGS = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]


def spacy_command(*command: object, cwd: Path) -> str:
    """The output of `python -m spacy …`, run in this process, which has imported torch already."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        result = CliRunner().invoke(app, [str(part) for part in command])
    finally:
        os.chdir(before)
    if result.exit_code:
        raise AssertionError(result.output) from result.exception
    return result.output


def run(*command: object, cwd: Path, **environment: str) -> str:
    """The output of `python -m …`; a failure shows it."""
    arguments = [sys.executable, "-m", *map(str, command)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **environment}
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=cwd, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def entities(doc: Doc) -> list[list]:
    """What is in `doc.ents`."""
    return [[entity.start, entity.end, entity.label_] for entity in doc.ents]


def source_tree(folder: Path) -> Path:
    """A copy of what a wheel of this package is built from, so that building leaves nothing in the checkout."""
    shutil.copytree(ROOT / "spacy_bertadapt", folder / "spacy_bertadapt")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module", params=list(TRAINED))
def task(request: pytest.FixtureRequest) -> Task:
    """Every task that is trained."""
    return TRAINED[request.param]


@pytest.fixture(scope="module")
def place(task: Task, tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder where a pipeline was trained with `spacy train` on the samples, converted by our command."""
    place = tmp_path_factory.mktemp("place")
    for part in ("train", "dev"):
        (samples,), output = (ROOT / "assets").glob(f"{task.name}_{part}.*"), f"corpus/{task.name}/{part}.spacy"
        spacy_command("bertadapt", "convert", samples, output, "--task", task.name, "--limit", 60, cwd=place)
    overrides = {
        "paths.encoder": tiny_bert,
        f"components.{task.factory}.max_length": 64,
        f"components.{task.factory}.stride": 8,
        "training.max_steps": 4,
        "training.eval_frequency": 2,
        "training.optimizer.learn_rate.total_steps": 5,
    }
    if "component.loss" in task.config_plan.sample:
        overrides[f"components.{task.factory}.loss.class_weights"] = "null"
    flags = [part for key, value in overrides.items() for part in (f"--{key}", value)]
    spacy_command("train", ROOT / "configs" / f"{task.name}.cfg", "-o", "out", *flags, cwd=place)
    return place


@pytest.fixture(scope="module")
def texts(task: Task, place: Path) -> list[str]:
    """The texts of the dev samples; of pairs, as one text with `[SEP]`."""
    nlp = spacy.blank("en")
    return [doc.text for doc in DocBin().from_disk(place / "corpus" / task.name / "dev.spacy").get_docs(nlp.vocab)]


def test_train_evaluates_the_last_step_and_records_it(task, place):
    log = list(srsly.read_jsonl(place / "out" / "log.jsonl"))
    assert [line["step"] for line in log] == [0, 2, 4]
    assert {"seconds", "score", "losses", "scores"} <= log[-1].keys()
    meta = srsly.read_json(place / "out" / "model-last" / "meta.json")
    assert meta["performance"][task.score.name] == pytest.approx(log[-1]["score"], abs=1e-4)
    assert meta["performance"][f"{task.factory}_loss"] > 0


def test_evaluate(task, place):
    command = ["evaluate", "out/model-last", f"corpus/{task.name}/dev.spacy", "-o", "scores.json", "-sk", "answers"]
    spacy_command(*command, cwd=place)
    scores, name = srsly.read_json(place / "scores.json"), task.score.in_spacy
    nlp = spacy.load(place / "out" / "model-last")
    expected = nlp.evaluate(list(Corpus(place / "corpus" / task.name / "dev.spacy")(nlp)))
    assert scores[name] == pytest.approx(expected[name], abs=1e-4)


def test_apply(place, texts):
    (place / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf8")
    spacy_command("apply", "out/model-last", "texts.jsonl", "applied.spacy", cwd=place)
    nlp = spacy.load(place / "out" / "model-last")
    docs = list(DocBin().from_disk(place / "applied.spacy").get_docs(nlp.vocab))
    assert [doc.text for doc in docs] == texts
    expected = nlp(texts[0])
    assert docs[0].cats == pytest.approx(expected.cats, abs=1e-2)
    assert entities(docs[0]) == entities(expected)


def test_debug_config(task, place, tiny_bert):
    flags = ["--paths.encoder", tiny_bert]
    output = spacy_command("debug", "config", ROOT / "configs" / f"{task.name}.cfg", *flags, cwd=place)
    assert "valid" in output.lower()


def test_benchmark_speed(task, place):
    command = ["benchmark", "speed", "out/model-last", f"corpus/{task.name}/dev.spacy", "-b", 5, "--warmup", 1]
    assert "words/s" in spacy_command(*command, cwd=place)


def test_init_labels(task, place, tiny_bert):
    flags = [f"--components.{task.factory}.max_length", "64", f"--components.{task.factory}.stride", 8]
    config = ROOT / "configs" / f"{task.name}.cfg"
    spacy_command("init", "labels", config, "labels", "--paths.encoder", tiny_bert, *flags, cwd=place)
    pipe = spacy.load(place / "out" / "model-last").get_pipe(task.factory)
    written = [path.name for path in (place / "labels").iterdir()]
    if not pipe.has_labels:
        assert written == []
        return
    assert srsly.read_json(place / "labels" / f"{task.factory}.json") == list(pipe.labels)


def test_predict_script(task, place, capsys):
    metrics, data = place / "metrics.json", place / "corpus" / task.name / "dev.spacy"
    spacy_command("bertadapt", "evaluate", "out/model-last", data, "-t", task.name, "-o", metrics, cwd=place)
    unseen = ROOT / "assets" / f"{task.name}_unseen.txt"
    script = runpy.run_path(str(ROOT / "scripts" / "predict.py"))
    capsys.readouterr()
    script["main"](task.name, place / "out" / "model-last", unseen, place / "out", metrics, data)
    output = capsys.readouterr().out
    assert all(text[:40] in output for text in unseen.read_text(encoding="utf8").splitlines())
    assert f"({task.score.title})" in output
    assert f"--task {task.name} --train my_train{task.suffix}" in output


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this package, installed from its own wheel, as users have it."""
    folder = tmp_path_factory.mktemp("installed")
    run("pip", "install", *PIP_FLAGS, "--target", folder / "site", source_tree(folder / "source"), cwd=folder)
    return folder / "site"


def package_in(folder: Path) -> Path:
    """Return the folder of a package that `spacy package` made, not built."""
    (package,) = folder.glob(f"{PACKAGE}-*")
    return package


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")  # spaCy's open files
def test_package_of_every_task_requires_us_and_loads(place, texts, tmp_path):
    spacy_command("package", "out/model-last", tmp_path, *PACKAGE_OPTIONS, cwd=place)
    package = package_in(tmp_path)
    requirements = srsly.read_json(package / "meta.json")["requirements"]
    assert any(requirement.startswith("spacy-bertadapt>=") for requirement in requirements)
    doc = spacy.load(package / PACKAGE / package.name)(texts[0])
    expected = spacy.load(place / "out" / "model-last")(texts[0])
    assert doc.cats == pytest.approx(expected.cats, abs=1e-4)
    assert entities(doc) == entities(expected)


@pytest.mark.parametrize("task", ["ner"], indirect=True)
def test_package_installs_and_loads_by_name(place, texts, installed, tmp_path):
    site = installed
    run("spacy", "package", "out/model-last", tmp_path, *PACKAGE_OPTIONS, cwd=place, PYTHONPATH=str(site))
    package = package_in(tmp_path)
    run("pip", "install", *PIP_FLAGS, "--target", site, package, cwd=place)
    shutil.rmtree(package)
    (tmp_path / "use.py").write_text(
        f"import spacy, sys, json; doc = spacy.load('{PACKAGE}')(sys.argv[1]);"
        "print(json.dumps([[e.start, e.end, e.label_] for e in doc.ents]))",
        encoding="utf8",
    )
    output = run("use", texts[0], cwd=tmp_path, PYTHONPATH=f"{site}{os.pathsep}{tmp_path}")
    assert json.loads(output) == entities(spacy.load(place / "out" / "model-last")(texts[0]))


def test_project_is_valid(tmp_path):
    shutil.copy(ROOT / "project.yml", tmp_path)
    output = spacy_command("project", "run", "all", "--dry", cwd=tmp_path)
    for command in ("encoder", "convert", "train", "evaluate", "package", "predict"):
        assert command in output
