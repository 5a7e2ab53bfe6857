"""`report`: what a pipeline can do, and where it fails, as one HTML file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from spacy.language import Language
from spacy.training import Example

from ..errors import BertadaptError, Errors, InvalidError, Warnings
from ..evaluation.pipelines import load_pipeline
from ..files import write_text_whole
from ..planning.data_files import check_is_pair, open_corpus
from ..planning.task import Settings, Task
from ..tasks import get_task, task_of
from .comparison import check_comparable, partner_of
from .lengths import speed_blocks
from .markup import counted
from .page import Page, Section, render
from .runs import ComponentRows, Run, run_pipeline
from .sections import ComponentSection, speed_section, training_section
from .training_log import TrainingLog, find_log, read_log

MOST_ROWS = 50_000
FOOTER = (
    "Intervals are of the bootstrap: as many texts as there are were drawn with replacement, 1,000 times, and 95 % of "
    "the scores lie between the limits. They say how much scores depend on the choice of these texts, not on that of "
    "the training data or of its seed. Colours can be told apart without red and green. This file makes no request, "
    "and holds the texts of the data: share it with those alone who may read these."
)


def report(
    nlp: Language | str | Path,
    data: Path | str,
    *,
    task: Task | str | None = None,
    reader: Settings | None = None,
    output: Path | str = "report.html",
    compare: Language | str | Path | None = None,
    log: Path | str | None = None,
    title: str | None = None,
    limit: int = 0,
    most_rows: int = MOST_ROWS,
) -> Path:
    """Write a report on a pipeline's predictions on data with gold, and return its path.

    nlp: the pipeline, or the name or the folder of one. data: `.spacy`, or a raw file of the task. task: what the data
    is for, a task or its name; None: that of the pipeline's first BERT component. reader: settings of the task's
    reader. output: the HTML file, which is replaced. compare: a second pipeline, to be compared on the same texts.
    log: the log.jsonl of the training; None: the one beside the pipeline's folder, if there is one. title: of the page;
    None: the pipeline's name. limit: texts to read at most; 0 for all. most_rows: texts in the error browser at most.
    Raises FileNotFoundError for a pipeline, data or a log that is not there, and ValueError for data that can't be read
    or has no gold for the pipeline, and for a second pipeline that does something else.
    """
    first, name = _opened(nlp)
    other = None if compare is None else _opened(compare)
    chosen = get_task(task) if isinstance(task, str) else task or task_of(first)
    run = run_pipeline(first, open_examples(first, Path(data), chosen, reader or {}, limit), name=name)
    _check_has_rows(run, first, things=chosen.things, source=str(data))
    runs = [run]
    if other is not None:
        second, second_name = other
        examples = open_examples(second, Path(data), chosen, reader or {}, limit)
        runs.append(run_pipeline(second, examples, name=_other_name(second_name, name)))
    found = _found_log(first, nlp) if log is None else read_log(Path(log))
    page = make_page(runs, source=Path(data).name, log=found, title=title or f"Report on {name}", most_rows=most_rows)
    return write_page(page, Path(output))


def report_on_examples(
    nlp: Language, examples: Sequence[Example], *, name: str, source: str, output: Path, log: Path | None = None
) -> Path:
    """Write a report on Examples that are there already, and return its path.

    name: of the pipeline. source: where the Examples are from. Both are shown. log: of the training.
    Raises ValueError if none has gold for a component.
    """
    run = run_pipeline(nlp, examples, name=name)
    _check_has_rows(run, nlp, things="texts", source=source)
    found = None if log is None else _log_or_warning(log)
    return write_page(make_page([run], source=source, log=found, title=f"Report on {name}"), output)


def open_examples(nlp: Language, data: Path, task: Task, reader: Settings, limit: int) -> list[Example]:
    """Return the Examples of a data file. Raises what the reader does, and ValueError for data without any."""
    examples = list(open_corpus(data, task, reader, limit=limit)(nlp))
    if not examples:
        raise InvalidError(Errors.E506.format(path=data))
    for example in examples:
        check_is_pair(example.reference, data, task)
    return examples


def make_page(runs: list[Run], *, source: str, log: TrainingLog | None, title: str, most_rows: int = MOST_ROWS) -> Page:
    """Return the page on one pipeline, or on one compared with a second. source: what the data is called."""
    parts = [_component_section(component, runs) for component in runs[0].components]
    sections: list[Section] = [part.section(most_rows=most_rows) for part in parts]
    sections += [] if log is None else [training_section(log)]
    sections.append(speed_section(runs, speed_blocks(runs)))
    facts = [
        ("Pipeline", runs[0].name),
        *(("Compared with", other.name) for other in runs[1:]),
        ("Data", f"{source} ({counted(runs[0].texts, 'texts')})"),
        ("Speed", f"{runs[0].texts / runs[0].seconds:,.0f} texts a second"),
        ("Made", datetime.now().strftime("%Y-%m-%d %H:%M")),
    ]
    summary = [sentence for part in parts for sentence in part.summary()]
    return Page(title=title, summary=summary, facts=facts, sections=sections, footer=FOOTER)


def write_page(page: Page, output: Path) -> Path:
    """Write a page whole, or not at all; folders on the way are made. Returns its path."""
    output.parent.mkdir(parents=True, exist_ok=True)
    write_text_whole(output, render(page))
    return output


def _component_section(component: ComponentRows, runs: list[Run]) -> ComponentSection:
    names = tuple(run.name for run in runs)
    if len(runs) == 1:
        return ComponentSection(component, runs[0], partner=None, names=names)
    partner = partner_of(component, runs[1])
    if partner is None:
        raise InvalidError(Errors.E644.format(second=names[1], component=component.name))
    check_comparable(component, partner, (names[0], names[1]))
    return ComponentSection(component, runs[0], partner=partner, names=names)


def _opened(nlp: Language | str | Path) -> tuple[Language, str]:
    """Return a pipeline and its name: that of its folder, or of its meta.json."""
    if isinstance(nlp, Language):
        return nlp, _folder_name(nlp.path) if nlp.path is not None else str(nlp.meta["name"])
    return load_pipeline(str(nlp)), _folder_name(Path(nlp))


def _folder_name(path: Path) -> str:
    """Return the last two parts of a folder's path, as many are called model-best; a package's name as it is."""
    return "/".join(path.absolute().parts[-2:]) if path.exists() else str(path)


def _other_name(name: str, taken: str) -> str:
    return name if name != taken else f"{name} (2)"


def _found_log(nlp: Language, given: Language | str | Path) -> TrainingLog | None:
    """Return the log beside a pipeline's folder; None, maybe with a warning, if there is none that can be read."""
    path = find_log(nlp.path if isinstance(given, Language) else Path(given))
    return None if path is None else _log_or_warning(path)


def _log_or_warning(path: Path) -> TrainingLog | None:
    try:
        return read_log(path)
    except BertadaptError as err:
        warnings.warn(Warnings.W641.format(reason=err), stacklevel=3)
        return None


def _check_has_rows(run: Run, nlp: Language, *, things: str, source: str) -> None:
    if not run.components:
        shown = {
            "count": run.texts,
            "things": things,
            "source": source,
            "components": ", ".join(nlp.pipe_names) or "none",
        }
        raise InvalidError(Errors.E640.format(**shown))
