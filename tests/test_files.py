"""A save is there as a whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from spacy_bertadapt import folder_swap, save_pipeline
from spacy_bertadapt.files import read_saved, refuse_links, replaced_folder, saved_folder

SAVE_FOR_EVER = """
import sys
from pathlib import Path
from spacy_bertadapt.files import replaced_folder
number = 0
while True:
    number += 1
    with replaced_folder(Path(sys.argv[1])) as folder:
        for name in "abc":
            (folder / name).write_text(f"{number}")
    print(number, flush=True)
"""


@pytest.fixture(params=["exchanged", "renamed"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to replace a folder: that of Linux and macOS, and that of other systems."""
    if request.param == "renamed":
        monkeypatch.setattr(folder_swap, "_exchanging_rename", lambda: None)
    return request.param


def save(path: Path, content: str, *, error: BaseException | None = None) -> None:
    with replaced_folder(path) as folder:
        (folder / "file").write_text(content)
        if error is not None:
            raise error


def test_a_folder_is_replaced(tmp_path: Path, way: str) -> None:
    for content in ("first", "second", "third"):
        save(tmp_path / "model", content)
        assert (tmp_path / "model" / "file").read_text() == content
        assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_after_an_error_the_old_folder_is_there(tmp_path: Path, way: str, error: type[BaseException]) -> None:
    save(tmp_path / "model", "first")
    with pytest.raises(error):
        save(tmp_path / "model", "second", error=error())
    assert (tmp_path / "model" / "file").read_text() == "first"
    assert os.listdir(tmp_path) == ["model"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path, way: str) -> None:
    save(tmp_path / "elsewhere", "mine")
    (tmp_path / "model").symlink_to(tmp_path / "elsewhere")
    for content in ("first", "second"):
        save(tmp_path / "model", content)
        assert not (tmp_path / "model").is_symlink()
        assert (tmp_path / "model" / "file").read_text() == content
    assert (tmp_path / "elsewhere" / "file").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "model"]


def test_a_file_in_the_place_of_a_folder_is_replaced(tmp_path: Path, way: str) -> None:
    (tmp_path / "model").write_text("a file")
    for content in ("first", "second"):
        save(tmp_path / "model", content)
    assert (tmp_path / "model" / "file").read_text() == "second"
    assert os.listdir(tmp_path) == ["model"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path, way: str) -> None:
    for leftover in (".model.new", ".model.previous"):
        (tmp_path / leftover / "deep").mkdir(parents=True)
    save(tmp_path / "model", "first")
    save(tmp_path / "model", "second")
    assert os.listdir(tmp_path) == ["model"]


def test_the_previous_save_counts_until_the_new_one_is_in_place(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")
    (tmp_path / "model").rename(tmp_path / ".model.previous")
    assert saved_folder(tmp_path / "model") == tmp_path / ".model.previous"


def test_what_is_not_replaced_stays(tmp_path: Path, way: str) -> None:
    save(tmp_path / "model", "first")
    (tmp_path / "model" / "notes").mkdir()
    (tmp_path / "model" / "notes" / "mine").write_text("mine")
    (tmp_path / "model" / "link").symlink_to("nowhere")
    (tmp_path / "model" / "old part").write_text("old")
    with replaced_folder(tmp_path / "model", names={"file", "old part"}) as folder:
        (folder / "file").write_text("second")
    assert sorted(os.listdir(tmp_path / "model")) == ["file", "link", "notes"]
    assert (tmp_path / "model" / "notes" / "mine").read_text() == "mine"
    assert (tmp_path / "model" / "file").read_text() == "second"


def test_a_folder_keeps_its_permissions(tmp_path: Path, way: str) -> None:
    save(tmp_path / "model", "first")
    (tmp_path / "model").chmod(0o750)
    save(tmp_path / "model", "second")
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o750


def test_a_full_disk_is_one_line_and_the_old_save_stays(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match=r"E130.*No space left") as caught:
        save(tmp_path / "model", "second", error=full)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "model" / "file").read_text() == "first"
    assert os.listdir(tmp_path) == ["model"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match=r"E130.*Not a directory"):
        save(tmp_path / "file" / "model", "first")


def test_a_file_system_that_cannot_rename_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "model", "first")
    monkeypatch.setattr(folder_swap, "_exchanging_rename", lambda: None)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="E130"):
        save(tmp_path / "model", "second")
    assert (tmp_path / "model" / "file").read_text() == "first"
    assert os.listdir(tmp_path) == ["model"]


def test_a_read_is_of_one_save(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")
    reads: list[str] = []

    def read(folder: Path) -> str:
        before = (folder / "file").read_text()
        if not reads:
            save(tmp_path / "model", "second")
        reads.append(before)
        return before + (folder / "file").read_text()

    assert read_saved(tmp_path / "model", read) == "secondsecond"
    assert reads == ["first", "second"]


def test_an_error_of_a_read_is_raised(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")
    with pytest.raises(FileNotFoundError):
        read_saved(tmp_path / "model", lambda folder: (folder / "missing").read_text())


def test_links_out_of_a_folder_are_refused(tmp_path: Path) -> None:
    inside, outside = tmp_path / "pipeline" / "component", tmp_path / "secret"
    save(inside, "mine")
    outside.write_text("secret")
    (inside / "near").symlink_to(inside / "file")
    refuse_links(inside, out_of=tmp_path / "pipeline")
    (inside / "far").symlink_to(outside)
    with pytest.raises(ValueError, match=r"E133.*far"):
        refuse_links(inside, out_of=tmp_path / "pipeline")
    shutil.move(inside, tmp_path / "moved")
    (tmp_path / "moved" / "far").unlink()
    inside.symlink_to(tmp_path / "moved")
    with pytest.raises(ValueError, match="E133"):
        refuse_links(inside, out_of=tmp_path / "pipeline")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a moment without a folder")
def test_a_killed_process_leaves_one_save(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for moment in (1, 12, 25):
        with subprocess.Popen(
            [sys.executable, "-c", SAVE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(moment):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        contents = {(path / name).read_text() for name in "abc"}
        assert len(contents) == 1


def test_a_pipeline_is_saved_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    save_pipeline(nlp, tmp_path / "pipeline")
    before = {path.name for path in (tmp_path / "pipeline").iterdir()}
    assert spacy.load(tmp_path / "pipeline").pipe_names == ["sentencizer"]

    def fail(self: Language, path: Path, **_: object) -> None:
        (path / "meta.json").write_text("half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Language, "to_disk", fail)
    with pytest.raises(OSError, match="E130"):
        save_pipeline(nlp, tmp_path / "pipeline")
    assert {path.name for path in (tmp_path / "pipeline").iterdir()} == before
    assert spacy.load(tmp_path / "pipeline").pipe_names == ["sentencizer"]
