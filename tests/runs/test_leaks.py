"""Sources that have seen test images of the target are refused by the content of files, whatever they are called."""

import json

import keras  # noqa: F401 - what TensorFlow says when it is first imported is no line of the script's
import pandas as pd
import pytest
from scripts import SMALL

from arttl.base.errors import InputError
from arttl.images import identify_files
from arttl.runs import RunFolder
from arttl.runs.leaks import check_unseen, check_weights_unseen, started_from

TARGET = pd.DataFrame(
    [
        ("a", "train", "1-aa"),
        ("b", "validation", "2-bb"),
        ("c", "test", "3-cc"),
        ("d", "test", "4-dd"),
        ("e", "test", ""),
    ],
    columns=["image_id", "split", "file"],
)


def write_source(folder, images=(), config=None, **settings):
    """A run folder as far as it tells what it has seen; `images` are pairs of split and content."""
    folder.mkdir(parents=True)
    about = {"settings": {"collection": "elsewhere", **settings}, "versions": {}, **(config or {})}
    (folder / "config.json").write_text(json.dumps(about))
    (folder / "model.keras").write_bytes(b"weights")
    if images is not None:
        table = pd.DataFrame(images, columns=["split", "file"])
        table.insert(0, "image_id", [f"other-{number}" for number in range(len(table))])
        table.assign(label="x").to_csv(folder / "images.csv", index=False)
    return RunFolder(folder)


def test_large_files_are_compared_as_earlier_versions_wrote_them_too(tmp_path):
    source = write_source(tmp_path / "old", [("train", "3-ends"), ("train", "4-ends")])
    target = TARGET.assign(former_file=["1-aa", "2-bb", "3-ends", "4-other", ""])
    with pytest.raises(InputError, match=r"has 1 test image of the target among .* \(first: c\)"):
        check_unseen(source, target)
    assert check_unseen(source, TARGET) == []


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (
            [("train", "3-cc"), ("validation", "4-dd"), ("train", "9-zz")],
            "has 2 test images of the target among its tr",
        ),
        ([("train", "4-dd")], r"1 test image .*first: d\)"),
        ([("train", "2-bb")], "has 1 validation image of the target among its train images"),
        ([("test", "3-cc"), ("validation", "2-bb"), ("train", "1-aa"), ("train", "")], None),
    ],
)
def test_content_tells_what_a_source_has_seen(tmp_path, images, said):
    source = write_source(tmp_path / "source", images)
    if said is None:
        assert check_unseen(source, TARGET) == []
    else:
        with pytest.raises(InputError, match=said):
            check_unseen(source, TARGET)


def test_what_a_source_started_from_counts_too_also_after_both_have_moved(tmp_path):
    first = write_source(tmp_path / "runs/first", [("train", "3-cc")])
    second = RunFolder(tmp_path / "runs/second")
    write_source(second.path, [("train", "9-zz")], {"started_from": started_from(first, second)})
    (tmp_path / "runs").rename(tmp_path / "moved")
    moved = tmp_path / "moved"
    with pytest.raises(InputError, match=r"the source .*moved/first has 1 test image"):
        check_unseen(RunFolder(moved / "second"), TARGET)
    (moved / "first/config.json").unlink()
    (line,) = check_unseen(RunFolder(moved / "second"), TARGET)
    assert "moved/first, which is not there" in line


def test_older_runs_name_what_they_started_from_by_its_path(tmp_path):
    first = write_source(tmp_path / "first", [("train", "3-cc")])
    second = write_source(tmp_path / "second", weights=str(first.path / "model.keras"))
    with pytest.raises(InputError, match="first has 1 test image"):
        check_weights_unseen(second.path / "model.keras", TARGET)


def test_what_cannot_be_known_is_said(tmp_path):
    (tmp_path / "bare.h5").write_bytes(b"weights")
    (line,) = check_weights_unseen(tmp_path / "bare.h5", TARGET)
    assert "bare.h5 lies in no run folder" in line
    assert check_weights_unseen("imagenet", TARGET) == []
    search = write_source(tmp_path / "search", None, kind="search")
    (line,) = check_unseen(search, TARGET)
    assert "cannot be checked" in line
    natural = tmp_path / "natural"
    natural.mkdir()
    (natural / "config.json").write_text(json.dumps({"settings": {"kind": "search", "data": {}}, "versions": {}}))
    assert check_unseen(RunFolder(natural), TARGET) == []
    with pytest.raises(InputError, match=r"images.csv cannot be read"):
        check_unseen(write_source(tmp_path / "lost", None), TARGET)


def test_weights_of_a_run_on_the_same_pictures_are_refused_by_the_script(script, photographs, tmp_path):
    """All sixty pictures were training images of a run on copies under other names; six of them are to test it."""
    paths = {str(path): path for path in photographs.rglob("*.jpg")}
    contents = identify_files(paths).contents.values()
    for part, code in (("train", 2), ("test", 0)):
        run = write_source(tmp_path / f"elsewhere-{part}", [(part, content) for content in contents])
        line = ["--data", photographs, *SMALL, "--approach", "fine-tuning", "--dry-run"]
        line[line.index("none")] = run.path / "model.keras"
        found, _, err = script(*line)
        assert found == code, err
        if code:
            assert len(err.strip().splitlines()) == 1
            assert f"the source {run.path} has 6 test images of the target among its train and validation images" in err
            assert "choose a source trained on other images" in err
