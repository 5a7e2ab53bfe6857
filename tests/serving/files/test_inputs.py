"""Which files an input names, and where their outputs lie."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from spacy_bertadapt.serving.files.inputs import find_inputs, format_of, output_name
from spacy_bertadapt.serving.files.layout import check_earlier, plan_outputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files, most of them of rows."""
    for name in ("b.jsonl", "a.csv", "deep/er/c.parquet", "deep/B.JSONL.GZ", "notes.txt", "_SUCCESS", "_old/d.csv"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "in" / ".e.csv.crc").touch()
    (tmp_path / "in" / ".f.csv").touch()
    return tmp_path / "in"


def names(source: object) -> list[str]:
    return [file.name for file in find_inputs(str(source))]


def test_files_of_a_folder(folder: Path) -> None:
    assert names(folder) == ["a.csv", "b.jsonl", "deep/B.JSONL.GZ", "deep/er/c.parquet"]
    assert names(f"{folder}/") == names(folder)
    assert names(f"file://{folder}") == names(folder)


def test_files_of_a_pattern(folder: Path) -> None:
    assert names(folder / "*.csv") == ["a.csv"]
    assert names(folder / "**" / "*.parquet") == ["deep/er/c.parquet"]
    assert names(folder / "de*" / "*") == ["deep/B.JSONL.GZ"]


def test_one_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(folder / "deep/er/c.parquet") == ["c.parquet"]
    monkeypatch.chdir(folder)
    assert names("a.csv") == ["a.csv"]
    (folder / "x[1].csv").touch()
    assert names(folder / "x[1].csv") == ["x[1].csv"], "a name, and no pattern"


def test_files_elsewhere() -> None:
    with fsspec.open("memory://inputs/x/a.csv", "w") as stream:
        stream.write("text\n")
    assert names("memory://inputs") == ["x/a.csv"]
    assert names("memory://inputs/x/*.csv") == ["a.csv"]
    assert names("memory://inputs/x/a.csv") == ["a.csv"]


def test_nothing(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"E502.*nothing"):
        find_inputs(str(folder / "nothing"))
    with pytest.raises(ValueError, match=r"E588.*notes.txt.*\.parquet, \.jsonl, \.csv"):
        find_inputs(str(folder / "notes.txt"))
    with pytest.raises(ValueError, match="E588"):
        find_inputs(str(folder / "*.xml"))


def test_a_changed_file_is_another_one(folder: Path) -> None:
    (before,) = find_inputs(str(folder / "a.csv"))
    (folder / "a.csv").write_text("text\n")
    (after,) = find_inputs(str(folder / "a.csv"))
    assert before.identity != after.identity


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.csv", "csv"), ("A.JSONL.GZ", "jsonl"), ("a.parquet", "parquet"), ("a.parquet.gz", None), ("a.txt", None)],
)
def test_formats(name: str, format: str | None) -> None:
    assert format_of(name) == format


def test_names_of_outputs(folder: Path) -> None:
    packed = find_inputs(str(folder / "deep" / "B.JSONL.GZ"))[0]
    assert output_name(packed, "jsonl") == "B.JSONL.GZ"
    assert output_name(packed, "parquet") == "B.parquet"
    layout = plan_outputs(find_inputs(str(folder)), str(folder.parent / "out"), format="csv")
    outputs = [target.path.removeprefix(str(folder.parent)) for target in layout.targets]
    assert outputs == ["/out/a.csv", "/out/b.csv", "/out/deep/B.csv", "/out/deep/er/c.csv"]
    assert not layout.is_file


def test_one_output_by_name(folder: Path) -> None:
    one = find_inputs(str(folder / "a.csv"))
    layout = plan_outputs(one, str(folder.parent / "result.parquet"))
    assert layout.is_file
    assert (layout.targets[0].path, layout.targets[0].format) == (str(folder.parent / "result.parquet"), "parquet")
    assert not plan_outputs(one, str(folder.parent / "result")).is_file
    assert not plan_outputs(find_inputs(str(folder)), str(folder.parent / "result.parquet")).is_file


def test_outputs_that_would_meet(folder: Path) -> None:
    (folder / "b.csv").touch()
    with pytest.raises(ValueError, match=r"E532.*b\.csv and b\.jsonl would both be written"):
        plan_outputs(find_inputs(str(folder)), str(folder.parent / "out"), format="parquet")
    for output in (folder, folder / "deep" / ".."):
        with pytest.raises(ValueError, match=r"E532.*is an input"):
            plan_outputs(find_inputs(str(folder)), str(output))
    with pytest.raises(FileExistsError, match=r"E505.*notes\.txt"):
        plan_outputs(find_inputs(str(folder)), str(folder / "notes.txt"))


def test_outputs_below_the_inputs_are_no_inputs(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "a.csv").touch()
    assert "out/a.csv" in names(folder)
    layout = plan_outputs(find_inputs(str(folder)), str(folder / "out"))
    assert [target.name for target in layout.targets] == ["a.csv", "b.jsonl", "deep/B.JSONL.GZ", "deep/er/c.parquet"]
    layout = plan_outputs(find_inputs(str(folder / "deep")), str(folder))
    assert [target.name for target in layout.targets] == ["B.JSONL.GZ", "er/c.parquet"]


def test_what_is_there_already(folder: Path) -> None:
    out = folder.parent / "out"
    layout = plan_outputs(find_inputs(str(folder)), str(out))
    check_earlier(layout, resume=False, force=False)
    check_earlier(layout, resume=True, force=False)
    out.mkdir()
    (out / "other.csv").touch()
    check_earlier(layout, resume=False, force=False)
    (out / "a.csv").touch()
    with pytest.raises(FileExistsError, match=r"E505.*a\.csv"):
        check_earlier(layout, resume=False, force=False)
    with pytest.raises(FileNotFoundError, match=r"E514.*a\.csv"):
        check_earlier(layout, resume=True, force=False)
    (out / "_apply").mkdir()
    (out / "_apply" / "manifest.json").touch()
    with pytest.raises(FileExistsError, match="E513"):
        check_earlier(layout, resume=False, force=False)
    check_earlier(layout, resume=True, force=False)
    check_earlier(layout, resume=False, force=True)
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "other.csv"]
