"""`ch1_antwerp.py`: from one collection to another, and the sources that it refuses. One small network, 32 pixels."""

import json
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
from scripts import SMALL, run_folders, write_class_folders

from arttl.images import identify_files
from arttl.recipes import fine_tuning
from arttl.runs import RunFolder

ANTWERP = {"name": "ch1_antwerp.py"}


@pytest.fixture
def antwerp(tmp_path):
    """A second collection: two of the first one's classes and one of its own, other pictures."""
    return write_class_folders(tmp_path / "antwerp", ["print", "painting", "poster"], 20, seed=5)


@pytest.fixture
def source(first_runs, tmp_path):
    """A fine-tuned run on the first collection."""
    runs, _ = first_runs("fine-tuning")
    shutil.copytree(runs, tmp_path / "runs")
    (path,) = run_folders(tmp_path / "runs")
    return path


@pytest.mark.slow
def test_both_sources_off_the_shelf_and_fine_tuned(script, source, antwerp, tmp_path, monkeypatch):
    code, out, err = script("--data", antwerp, *SMALL, **ANTWERP)
    assert code == 0, err
    folders = [path for path in run_folders(tmp_path / "runs") if "antwerp" in path.parts]
    assert [str(path.relative_to(tmp_path / "runs" / "ch1" / "antwerp" / "type" / "vgg19")) for path in folders] == [
        "fine-tuning/imagenet/seed-42",
        "fine-tuning/rijks/seed-42",
        "off-the-shelf/imagenet/seed-42",
        "off-the-shelf/rijks/seed-42",
    ]
    assert "| from " in out
    first = RunFolder(source).read_config()
    for path in folders:
        config, metrics = RunFolder(path).read_config(), RunFolder(path).metrics()
        settings = config["settings"]
        assert settings["source"] == path.parts[-2]
        assert f"{metrics['test_accuracy']:.1%}" in out
        assert config["class_names"] == ["painting", "poster", "print"]
        if settings["source"] == "rijks":
            assert settings["source_run"]["split"] == first["settings"]["split"]
            assert settings["source_run"]["collection"] == "mine"
            assert (path / config["started_from"]).samefile(source)
            assert settings["weights_file"].startswith("sha256 ")
            assert "the source: image size is 32, not 224" in config["deviations"]
            assert not any(line.startswith("starts from") for line in config["deviations"])
    assert len({RunFolder(path).read_config()["initial_backbone"] for path in folders}) == 2
    # The runs are the same by another name of their folder, and in another place.
    monkeypatch.chdir(tmp_path)
    assert "4 of 4 runs were finished already" in script("--data", antwerp, *SMALL, "--output", "runs", **ANTWERP)[1]
    shutil.move("runs", "moved")
    assert "4 of 4 runs were finished already" in script("--data", antwerp, *SMALL, "--output", "moved", **ANTWERP)[1]


@pytest.mark.slow
def test_the_network_of_the_source_is_what_training_starts_from(script, source, antwerp, tmp_path):
    code, _, err = script("--data", antwerp, *SMALL, "--approach", "off-the-shelf", "--source", "rijks", **ANTWERP)
    assert code == 0, err
    (path,) = [path for path in run_folders(tmp_path / "runs") if "antwerp" in path.parts]
    ours, theirs = (keras.saving.load_model(each / "model.keras") for each in (path, source))
    for layer in theirs.layers[:-1]:
        for here, there in zip(ours.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(here, there)  # frozen
    assert ours.output_shape == (None, 3)


def test_a_source_that_has_seen_test_images_is_refused(script, source, photographs, tmp_path):
    """The same files under other names, in another folder and with other labels, of which one is a test image."""
    target = tmp_path / "other"
    for number, path in enumerate(sorted(photographs.rglob("*.jpg"))):
        copy = target / ("old", "new")[number % 2] / f"copy-{number}.jpg"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    code, _, err = script("--data", target, *SMALL, **ANTWERP)
    assert code == 2
    assert "of the target among its train and validation images (first: " in err.splitlines()[-1]
    assert not list((tmp_path / "runs" / "ch1").glob("antwerp/**/config.json"))
    code, _, err = script("--data", target, *SMALL, "--source", "imagenet", "--approach", "off-the-shelf", **ANTWERP)
    assert code == 0, err  # what has seen nothing of it may be used


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "there is no finished run in"),
        (["--source-runs", "elsewhere"], "elsewhere/type/vgg19/fine-tuning/seed-42"),
        (["--source-seed", "7"], "--approach fine-tuning --seed 7"),
        (["--approach", "scratch"], "--approach"),
        (["--challenge", "material"], "--challenge"),
    ],
)
def test_missing_sources_are_one_line_and_exit_2(script, antwerp, tmp_path, options, said):
    code, _, err = script("--data", antwerp, *SMALL, *options, **ANTWERP)
    assert code == 2
    assert said in err.splitlines()[-1]
    assert not list(tmp_path.rglob("metrics.json"))


def test_a_run_lists_its_images_and_without_the_list_is_no_source(script, source, photographs, antwerp):
    images = RunFolder(source).images()
    assert list(images.columns) == ["image_id", "label", "split", "file"]
    assert images.split.value_counts().to_dict() == {"train": 48, "validation": 6, "test": 6}
    contents = identify_files({image_id: photographs / image_id for image_id in images.image_id}).contents
    assert images.file.tolist() == [contents[image_id] for image_id in images.image_id]
    pd.testing.assert_series_equal(
        images.image_id[images.split == "test"].reset_index(drop=True), RunFolder(source).predictions().image_id
    )
    (source / "images.csv").unlink()
    code, _, err = script("--data", antwerp, *SMALL, **ANTWERP)
    assert code == 2
    assert "images.csv cannot be read" in err
    assert "--force" in err


def test_contents_are_the_same_wherever_files_lie(tmp_path):
    large = np.random.default_rng(0).bytes(200_000)
    for name, content in {"a": b"small", "b": b"small", "c": large, "d": large, "e": large[:-1] + b"x"}.items():
        (tmp_path / name).write_bytes(content)
    contents = identify_files({name: tmp_path / name for name in "abcdef"}).contents
    assert contents["a"] == contents["b"]
    assert contents["c"] == contents["d"] != contents["e"]
    assert contents["f"] is None


def test_resnet50_keeps_the_graph_of_its_source(script, antwerp, tmp_path):
    """The weights of a run made with another era's ResNet50 belong to that graph, whatever else the era is."""
    run = tmp_path / "runs" / "ch1" / "rijks" / "type" / "resnet50" / "fine-tuning" / "seed-42"
    run.mkdir(parents=True)
    recipe = fine_tuning(numerics="2.2.4").settings()
    (run / "config.json").write_text(json.dumps({"settings": {"recipe": recipe}, "versions": {}}))
    (run / "metrics.json").write_text(json.dumps({"test_accuracy": 1, "seconds": 1}))
    (run / "model.keras").write_bytes(b"weights")
    options = ["--challenge", "type", "--data", antwerp, "--architecture", "resnet50", "--explain"]
    for source, graph in (("rijks", "2.2.4 *"), ("imagenet", "2.1.2")):
        code, out, err = script(*options, "--source", source, "--approach", "fine-tuning", **ANTWERP)
        assert code == 0, err
        rows = [[cell.strip() for cell in line.split("|")] for line in out.splitlines() if "numerics." in line]
        shown = {row[1]: row[-2] for row in rows}
        assert (shown["numerics.resnet50"], shown["numerics.era"]) == (graph, "2.1.2")
