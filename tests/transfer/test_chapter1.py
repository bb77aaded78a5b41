"""The script as a user runs it: run folders, resuming, bad input. One small network, 32 pixels."""

import json
import re
import shutil
import subprocess
import sys

import forked
import h5py
import keras
import numpy as np
import pandas as pd
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from PIL import Image
from scripts import EXPERIMENTS, SMALL, comparable, run_folders, write_class_folders
from sklearn.model_selection import train_test_split

from arttl import collections, splits
from arttl.base.errors import InputError
from arttl.images import identify_files
from arttl.runs import RunFolder
from arttl.transfer import CollectionData

SCRIPT = EXPERIMENTS / "ch1_rijks.py"


@pytest.fixture
def shelf(first_runs, tmp_path):
    """A finished run off the shelf in the folder of this test's runs."""
    runs, _ = first_runs("off-the-shelf", "fine-tuning")
    name = "ch1/rijks/type/vgg19/off-the-shelf/seed-42"
    return shutil.copytree(runs / name, tmp_path / "runs" / name)


@pytest.mark.slow
def test_class_folders_from_data_to_table(first_runs, photographs):
    runs, out = first_runs("off-the-shelf", "fine-tuning")
    folders = run_folders(runs)
    assert [str(path.relative_to(runs)) for path in folders] == [
        "ch1/rijks/type/vgg19/fine-tuning/seed-42",
        "ch1/rijks/type/vgg19/off-the-shelf/seed-42",
    ]
    for path in folders:
        names = {file.name for file in path.iterdir()} - {".lock"}
        assert names == {
            "config.json",
            "images.csv",
            "history.csv",
            "metrics.json",
            "predictions.csv",
            "model.keras",
            "log.txt",
        }
        folder = RunFolder(path)
        predictions, metrics = folder.predictions(), folder.metrics()
        assert metrics["test_accuracy"] == (predictions.label == predictions.predicted).mean()
        assert metrics["test_images"] == len(predictions) == 6
        assert all(predictions.image_id.str.split("/").str[0] == predictions.label)
        assert list(folder.history().epoch) == [1, 2]
        assert metrics["best_epoch"] == folder.history().val_loss.argmin() + 1
        assert f"{metrics['test_accuracy']:.1%}" in out
        config = folder.read_config()
        assert config["settings"]["recipe"]["optimizer"]["name"] == ("SGD" if "fine" in str(path) else "RMSprop")
        assert any("image size is 32, not 224" in line for line in config["deviations"])
        assert config["versions"]["keras"]
        assert config["reading"] == {"data": str(photographs.absolute())}


def test_saved_model_repeats_its_predictions(shelf, photographs):
    model = keras.saving.load_model(shelf / "model.keras")
    predictions = RunFolder(shelf).predictions()
    images = [
        Image.open(photographs / name).resize((32, 32), Image.Resampling.NEAREST) for name in predictions.image_id
    ]
    probabilities = model.predict(np.stack([np.asarray(image) for image in images]), verbose=0)
    np.testing.assert_allclose(probabilities.max(axis=1), predictions.probability, atol=1e-4)


def test_finished_runs_are_kept_until_forced(script, shelf, photographs):
    arguments = ("--data", photographs, *SMALL, "--approach", "off-the-shelf")
    before = (shelf / "metrics.json").stat().st_mtime_ns
    code, out, _ = script(*arguments)
    assert code == 0
    assert "1 of 1 runs were finished already" in out
    assert (shelf / "metrics.json").stat().st_mtime_ns == before
    history, metrics = comparable(shelf)
    assert script(*arguments, "--force")[0] == 0
    assert (shelf / "metrics.json").stat().st_mtime_ns != before
    pd.testing.assert_frame_equal(comparable(shelf)[0], history, check_exact=True)  # and the seed repeats it
    assert comparable(shelf)[1] == metrics


@pytest.mark.usefixtures("shelf")
def test_result_is_never_shown_for_other_settings(script, photographs):
    arguments = ["--data", photographs, *SMALL, "--approach", "off-the-shelf"]
    code, _, err = script(*arguments, "--batch-size", "16")
    assert code == 2
    assert "recipe.batch_size was 32, now 16" in err


@pytest.mark.slow
def test_result_is_never_shown_for_other_images_or_weights(script, tmp_path):
    one = write_class_folders(tmp_path / "one" / "mine", ["a", "b"], 20, seed=1)
    two = write_class_folders(tmp_path / "two" / "mine", ["a", "b"], 20, seed=2)
    model = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 32, 3))
    for _ in range(2):
        with h5py.File(tmp_path / "notop.h5", "w") as file:
            save_weights_to_hdf5_group(file, model)
        code, _, err = script("--data", one, *SMALL, "--approach", "off-the-shelf", "--weights", tmp_path / "notop.h5")
        if code == 0:
            assert script("--data", one, *SMALL, "--approach", "fine-tuning")[0] == 0
            code, _, err = script("--data", two, *SMALL, "--approach", "fine-tuning")
            assert code == 2
            assert "made with other settings (files was" in err
            model.layers[1].set_weights([weight + 1 for weight in model.layers[1].get_weights()])
    assert code == 2
    assert "made with other settings (weights_file was" in err


def test_failed_force_keeps_the_finished_result(script, shelf, photographs, tmp_path):
    arguments = ["--data", photographs, *SMALL, "--approach", "off-the-shelf"]
    before = {file.name: file.read_bytes() for file in shelf.iterdir()}
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    assert script(*arguments, "--force", "--weights", tmp_path / "broken.h5")[0] == 2
    assert {file.name: file.read_bytes() for file in shelf.iterdir()} == before
    assert script(*arguments, "--force", "--resume")[0] == 2  # they say opposite things


def test_checkpoint_without_config_is_nobodys(script, shelf, photographs):
    expected = comparable(shelf)
    for name in ("config.json", "metrics.json"):
        (shelf / name).unlink()
    (shelf / "checkpoint").mkdir()
    (shelf / "checkpoint" / "state.npz").write_bytes(b"of other settings")
    assert script("--data", photographs, *SMALL, "--approach", "off-the-shelf")[0] == 0
    pd.testing.assert_frame_equal(comparable(shelf)[0], expected[0], check_exact=True)


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"settings": {}, "versions": {}}'])
def test_damaged_config_is_one_line(content, script, photographs, tmp_path):
    arguments = ["--data", photographs, *SMALL, "--approach", "off-the-shelf"]
    folder = tmp_path / "runs" / "ch1" / "rijks" / "type" / "vgg19" / "off-the-shelf" / "seed-42"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(content)
    code, _, err = script(*arguments)
    assert code == 2
    assert "config.json is damaged" in err or "was made with other settings" in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_seeds_share_features_and_models_serve_as_weights(script, photographs, tmp_path):
    """InceptionV3's layers have no names of their own; Keras numbers them by what was built before."""
    small = ["--challenge", "type", "--image-size", "75", "--epochs", "1", "--architecture", "inception_v3"]
    keras.utils.set_random_seed(0)
    base = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(75, 75, 3))
    with h5py.File(tmp_path / "notop.h5", "w") as file:
        save_weights_to_hdf5_group(file, base)
    arguments = ["--data", photographs, *small, "--approach", "off-the-shelf", "--weights", tmp_path / "notop.h5"]
    code, out, err = script(*arguments, "--seed", "1", "2")
    assert code == 0, err
    assert out.count("features computed") == out.count("features reused") == 1
    second = run_folders(tmp_path / "runs")[-1] / "model.keras"
    code, _, err = script(*arguments[:-1], second, "--seed", "1", "--output", tmp_path / "again")
    assert code == 0, err


def test_released_recipe_keeps_the_order_of_the_draw(photographs, tmp_path):
    ids = sorted(path.relative_to(photographs).as_posix() for path in photographs.rglob("*.jpg"))
    labels = pd.Series([image_id.split("/")[0] for image_id in ids], index=ids)
    train, _ = train_test_split(ids, test_size=0.2, random_state=42)
    split = splits.make_split(labels, preset="released")
    assert split.ids("train") == train
    assert [split.classes[index] for index in split.class_ids("train")] == [labels[image_id] for image_id in train]
    splits.save_split(split, tmp_path / "split.csv")
    assert splits.load_split(tmp_path / "split.csv").ids("train") == train


@pytest.mark.slow
def test_a_class_that_unreadable_images_leave_without_a_test_is_said_and_the_run_goes_on(script, tmp_path):
    folder = write_class_folders(tmp_path / "data", ["a", "b"], 12)
    split = splits.make_split(collections.open_collection(folder, "type").labels("type"))
    tested = [image_id for image_id in split.ids("test") if image_id.startswith("b/")]
    for image_id in tested:
        (folder / image_id).write_bytes(b"broken")
    Image.new("RGBA", (40, 40), (9, 9, 9, 0)).save(folder / split.ids("train")[0], "png")
    code, out, err = script("--data", folder, *SMALL, "--approach", "off-the-shelf", "--skip-bad-images")
    assert code == 0, err
    said = f"class b is never tested: no test image of it can be read (the first is {tested[0]}: not a picture in"
    assert said in out
    (path,) = run_folders(tmp_path / "runs")
    config = RunFolder(path).read_config()
    assert any(line.startswith(said) for line in config["deviations"])
    assert set(RunFolder(path).predictions().label) == {"a"}
    lost = (
        "1 of 24 images are transparent, and one colour to the network, since nothing else is under it; "
        "--set decoding=upright reads them as they look"
    )
    assert config["reading_losses"] == [f"decoding=load_img, as in 2018: {lost}"]
    assert (out.count(lost), (path / "log.txt").read_text().count(lost)) == (1, 1)


@pytest.mark.parametrize(("part", "whom"), [("train", "class 'b'"), ("test", "the split")])
def test_unreadable_images_that_leave_nothing_to_learn_or_to_test_are_refused(part, whom, photographs, tmp_path):
    collection = collections.open_collection(photographs, "type")
    split = splits.make_split(collection.labels("type").replace({"etching": "a", "painting": "b", "print": "b"}))
    lost = [each for each, label in zip(split.ids(part), split.class_ids(part), strict=True) if label or part == "test"]

    class Store:
        bad = dict.fromkeys(lost, "truncated")

        def rows(self, image_ids):
            return np.zeros(len(image_ids), int)

    data = CollectionData(collection, split, tmp_path, files=identify_files({}))
    with pytest.raises(InputError) as caught:
        data.rows(Store())
    said = f"without the unreadable images {whom} has none for {part}; mend them (the first is {lost[0]}: truncated)"
    assert said in str(caught.value)


def test_deviations_are_those_that_apply(script, photographs, tmp_path):
    script("--data", photographs, *SMALL, "--approach", "fine-tuning", "--resize", "antialiased", "--split-seed", "7")
    (path,) = run_folders(tmp_path / "runs")
    text = "\n".join(RunFolder(path).read_config()["deviations"])
    for said in ("image size is 32, not 224", "resize is antialiased", "seed is 7", "none weights, not ImageNet's"):
        assert said in text
    for unsaid in ("RMSprop", "BatchNormalization", "ResNet50", "batch size", "released"):
        assert unsaid not in text


def test_dry_run_lists_and_writes_nothing(script, photographs, tmp_path):
    code, out, _ = script("--data", photographs, *SMALL, "--seed", "1", "2", "--dry-run")
    assert code == 0
    assert len(re.findall(r"^to do  .*seed-\d", out, re.M)) == 4  # VGG19 is not trained from scratch unasked
    assert sorted(path.name for path in tmp_path.iterdir()) == []


@pytest.mark.slow
def test_authors_csv_with_a_folder_of_jpegs(script, tmp_path):
    """The released code's layout, rows in another order than the files, a literal escape in a name."""
    folder = tmp_path / "rijks"
    (folder / "jpg").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        name = f"{number:07d}_RP-P-{number}.jpg"
        Image.fromarray(rng.integers(0, 255, (40, 60, 3), dtype="uint8")).save(folder / "jpg" / name)
        rows.append(f"{number},{name}, Jan Bo\\xc3\\xabtius, papier,{(' prent', ' tekening')[number % 2]}")
    (folder / "data.csv").write_text("\n".join([",ImageId,dc_creator,dc_materiaal,dc_type", *rows[::-1]]) + "\n")
    code, _, err = script("--data", folder, *SMALL, "--approach", "off-the-shelf")
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    for row in RunFolder(path).predictions().itertuples():
        assert row.label == ("prent", "tekening")[int(row.image_id.split("-")[-1].removesuffix(".jpg")) % 2]


@pytest.mark.slow
def test_sigkill_and_resume_through_the_script(photographs, tmp_path):
    def command(output, *more):
        folders = ["--cache", tmp_path / "cache", "--splits", tmp_path / "splits", "--output", tmp_path / output]
        return [SCRIPT, *SMALL[:-1], "20", "--approach", "fine-tuning", "--data", photographs, *folders, *more]

    assert forked.run(command("whole")).returncode == 0
    forked.kill_at(command("parts"), "epoch   2")
    (killed,) = run_folders(tmp_path / "parts")
    assert not (killed / "metrics.json").exists()
    refused = forked.run(command("parts"))
    assert refused.returncode == 2
    assert "is unfinished; --resume continues it, --force starts it anew" in refused.stderr
    assert forked.run(command("parts", "--resume")).returncode == 0
    (whole,) = run_folders(tmp_path / "whole")
    for ours, theirs in zip(comparable(killed), comparable(whole), strict=True):
        assert ours.equals(theirs) if isinstance(ours, pd.DataFrame) else ours == theirs
    assert (killed / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()


def test_importing_and_asking_for_help_load_nothing_slow():
    code = "import sys, arttl; print(sorted({'keras', 'tensorflow', 'pandas', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    code = f"import sys, runpy; sys.argv = ['x', '--help']\ntry: runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    code += "except SystemExit: print(sorted({'keras', 'tensorflow', 'pandas', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_metrics_json_is_plain_and_finite(shelf):
    content = json.loads((shelf / "metrics.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert 0 <= content["test_accuracy_low"] <= content["test_accuracy"] <= content["test_accuracy_high"] <= 1
