"""A save is there as a whole, or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import spacy
import torch
from safetensors.torch import save_file
from spacy.language import Language
from spacy.pipeline import Sentencizer

from spacy_bertadapt import folder_swap, load_pipeline, save_pipeline
from spacy_bertadapt.files import read_saved, refuse_links, replaced_folder, saved_folder, write_text_whole

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
    save(tmp_path / "model", "first")
    for leftover in (".model.0123abcd.new", ".model.previous"):
        (tmp_path / leftover / "deep").mkdir(parents=True)
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
    with replaced_folder(tmp_path / "model", names=lambda _: {"file", "old part"}) as folder:
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


def read_while(path: Path, save_again: Callable[[], None]) -> tuple[str, list[str]]:
    """Read a save twice in one go, replaced between the two. Returns what was read, and the first half of each go."""
    reads: list[str] = []

    def read(folder: Path) -> str:
        before = (folder / "file").read_text()
        if not reads:
            save_again()
        reads.append(before)
        return before + (folder / "file").read_text()

    return read_saved(path, read), reads


def test_a_read_is_of_one_save(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")
    content, reads = read_while(tmp_path / "model", lambda: save(tmp_path / "model", "second"))
    assert content == "secondsecond"
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


def test_links_of_links_are_followed_and_refused(tmp_path: Path) -> None:
    inside = tmp_path / "pipeline" / "component"
    save(inside, "mine")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "pipeline" / "hidden").mkdir()
    (inside / "model").symlink_to("../hidden")
    (inside / "round").symlink_to("..")
    refuse_links(inside, out_of=tmp_path / "pipeline")
    (tmp_path / "pipeline" / "hidden" / "config.json").symlink_to(tmp_path / "secret")
    with pytest.raises(ValueError, match=r"E133.*config\.json"):
        refuse_links(inside, out_of=tmp_path / "pipeline")


def test_pipes_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "component", "mine")
    os.mkfifo(tmp_path / "component" / "cfg")
    with pytest.raises(ValueError, match=r"E136.*cfg"):
        refuse_links(tmp_path / "component", out_of=tmp_path)


def test_several_savers_leave_the_save_of_one(tmp_path: Path) -> None:
    errors: list[BaseException] = []
    path = tmp_path / "model"

    def save_often(content: str) -> None:
        try:
            for _ in range(100):
                with replaced_folder(path) as folder:
                    for name in "abcd":
                        (folder / name).write_text(content)
        except BaseException as err:
            errors.append(err)

    threads = [threading.Thread(target=save_often, args=(content,)) for content in "123"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(os.listdir(path)) == list("abcd")
    assert len({file.read_text() for file in path.iterdir()}) == 1
    assert os.listdir(tmp_path) == ["model"]


def test_a_folder_that_is_being_written_is_no_leftover(tmp_path: Path) -> None:
    with replaced_folder(tmp_path / "model") as folder:
        (folder / "file").write_text("the slow one")
        save(tmp_path / "model", "the quick one")
    assert (tmp_path / "model" / "file").read_text() == "the slow one"
    assert os.listdir(tmp_path) == ["model"]


def test_a_read_is_of_one_save_when_an_inode_comes_back(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")

    def save_until_it_comes_back() -> None:
        inode = (tmp_path / "model").stat().st_ino
        for number in range(20):
            save(tmp_path / "model", f"again {number}")
            if (tmp_path / "model").stat().st_ino == inode:
                break

    content, reads = read_while(tmp_path / "model", save_until_it_comes_back)
    assert content == reads[-1] * 2
    assert len(reads) == 2


def test_a_read_of_a_mixture_may_fail_in_any_way(tmp_path: Path) -> None:
    save(tmp_path / "model", "first")

    def read(folder: Path) -> str:
        content = (folder / "file").read_text()
        if content == "first":
            save(tmp_path / "model", "second")
            raise KeyError("a label of the other save")
        return content

    assert read_saved(tmp_path / "model", read) == "second"


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that any user can reach and write."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_a_read_only_folder_is_replaced_by_any_user(shared_folder: Path, way: str) -> None:
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may write everywhere
    try:
        for content in ("first", "second", "third"):
            save(shared_folder / "model", content)
            (shared_folder / "model").chmod(0o555)
            assert (shared_folder / "model" / "file").read_text() == content
            assert os.listdir(shared_folder) == ["model"]
    finally:
        os.seteuid(user)


def test_an_interrupt_between_two_renames_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "model", "first")
    monkeypatch.setattr(folder_swap, "_exchanging_rename", lambda: None)
    rename = Path.rename

    def interrupt(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "model", "second")
    assert (tmp_path / "model" / "file").read_text() == "first"
    assert os.listdir(tmp_path) == ["model"]


def test_what_is_not_replaced_stays_after_a_kill_between_two_renames(tmp_path: Path, way: str) -> None:
    save(tmp_path / "model", "first")
    (tmp_path / "model" / "part").write_text("mine")
    (tmp_path / "model").rename(tmp_path / ".model.previous")
    with replaced_folder(tmp_path / "model", names=lambda _: {"file"}) as folder:
        (folder / "file").write_text("second")
    assert (tmp_path / "model" / "part").read_text() == "mine"
    assert (tmp_path / "model" / "file").read_text() == "second"
    assert os.listdir(tmp_path) == ["model"]


def test_a_text_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    write_text_whole(tmp_path / "log", "first")
    with pytest.raises(UnicodeEncodeError):
        write_text_whole(tmp_path / "log", "half of it \udc80")
    assert (tmp_path / "log").read_text() == "first"
    assert os.listdir(tmp_path) == ["log"]


@pytest.mark.parametrize("place", [".", "..", "../.."])
def test_the_working_directory_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "project" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "deep")
    with pytest.raises(OSError, match=r"E135.*working directory") as caught:
        save_pipeline(spacy.blank("en"), place)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "project", tmp_path / "project" / "deep"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the place of Linux")
def test_a_mount_point_is_one_line() -> None:
    with pytest.raises(OSError, match=r"E135.*mount point") as caught:
        save_pipeline(spacy.blank("en"), "/proc")
    assert "\n" not in str(caught.value)


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


def test_a_file_is_no_place_for_a_pipeline(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("mine")
    with pytest.raises(OSError, match=r"E130.*Not a directory") as caught:
        save_pipeline(spacy.blank("en"), tmp_path / "data.csv")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "data.csv").read_text() == "mine"


def test_what_no_pipeline_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "project"
    (path / ".git" / "objects").mkdir(parents=True)
    (path / ".git" / "objects" / "pack").write_text("mine")
    (path / "thesis.txt").write_text("mine")
    old, new = spacy.blank("en"), spacy.blank("en")
    old.add_pipe("sentencizer", name="old")
    old.add_pipe("entity_ruler")
    for nlp in (old, new):
        save_pipeline(nlp, path)
        assert spacy.load(path).pipe_names == nlp.pipe_names
        assert (path / "thesis.txt").read_text() == "mine"
        assert (path / ".git" / "objects" / "pack").read_text() == "mine"
    save_pipeline(new, tmp_path / "alone")
    assert {*os.listdir(path)} == {*os.listdir(tmp_path / "alone"), ".git", "thesis.txt"}, "old components go"


def test_a_folder_of_a_pipelines_name_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "data" / "vocab").mkdir(parents=True)
    (tmp_path / "data" / "vocab" / "words").write_text("mine")
    with pytest.raises(OSError, match=r"E137.*'vocab'"):
        save_pipeline(spacy.blank("en"), tmp_path / "data")
    assert (tmp_path / "data" / "vocab" / "words").read_text() == "mine"
    assert os.listdir(tmp_path / "data") == ["vocab"]


def test_a_damaged_meta_json_does_not_stop_a_save(tmp_path: Path) -> None:
    for content in ("{", "[]", '{"components": 5}', '{"components": [1, "/", ""]}'):
        save_pipeline(spacy.blank("en"), tmp_path / "pipeline")
        (tmp_path / "pipeline" / "meta.json").write_text(content)
        save_pipeline(spacy.blank("en"), tmp_path / "pipeline")
        assert load_pipeline(tmp_path / "pipeline").pipe_names == []


def test_a_pipeline_is_loaded_of_one_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipelines = []
    for name in ("first", "second"):
        nlp = spacy.blank("en", meta={"description": name})
        nlp.add_pipe("sentencizer", config={"punct_chars": [name]})
        pipelines.append(nlp)
    save_pipeline(pipelines[0], tmp_path / "pipeline")
    read = Sentencizer.from_disk
    reads = []

    def save_and_read(self: Sentencizer, *args: object, **settings: object) -> Sentencizer:
        if not reads:
            save_pipeline(pipelines[1], tmp_path / "pipeline")
        reads.append(self)
        return read(self, *args, **settings)

    monkeypatch.setattr(Sentencizer, "from_disk", save_and_read)
    nlp = load_pipeline(tmp_path / "pipeline", disable=["sentencizer"])
    assert (nlp.meta["description"], nlp.get_pipe("sentencizer").punct_chars) == ("second", {"second"})
    assert nlp.pipe_names == []
    assert len(reads) == 2


def test_no_pipeline_to_load_is_spacys_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="E052"):
        load_pipeline(tmp_path / "missing")


def test_parts_that_are_excluded_stay_as_they_were(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "first"}])
    save_pipeline(nlp, tmp_path / "pipeline")
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "second"}])
    nlp.vocab.strings.add("only in the second")
    save_pipeline(nlp, tmp_path / "pipeline", exclude=["entity_ruler", "vocab"])
    loaded = spacy.load(tmp_path / "pipeline")
    assert [pattern["pattern"] for pattern in loaded.get_pipe("entity_ruler").patterns] == ["first"]
    assert "only in the second" not in loaded.vocab.strings


def test_what_a_meta_json_lists_and_no_config_stays(tmp_path: Path) -> None:
    save_pipeline(spacy.blank("en"), tmp_path / "pipeline")
    meta = json.loads((tmp_path / "pipeline" / "meta.json").read_text())
    (tmp_path / "pipeline" / "meta.json").write_text(json.dumps({**meta, "components": ["src"]}))
    (tmp_path / "pipeline" / "src").mkdir()
    save_pipeline(spacy.blank("en"), tmp_path / "pipeline")
    assert (tmp_path / "pipeline" / "src").is_dir()


def test_weights_can_be_read_by_those_who_can_read_the_other_files(tmp_path: Path) -> None:
    """A model that one user has trained is served by another one."""
    with replaced_folder(tmp_path / "model") as folder:
        (folder / "part").mkdir()
        save_file({"weight": torch.ones(2)}, folder / "part" / "model.safetensors")
        (folder / "config.json").write_text("{}")
    assert sorted(path.name for path in (tmp_path / "model").rglob("*")) == ["config.json", "model.safetensors", "part"]
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "model").rglob("*.*")}
    assert len(modes) == 1
