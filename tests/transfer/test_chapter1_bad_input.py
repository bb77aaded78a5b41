"""Bad input to a script: one line that names it and the remedy, exit code 2, nothing half written."""

import h5py
import keras
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from PIL import Image
from scripts import SMALL, run_folders, write_class_folders

from arttl.runs import RunFolder


def make_csv(folder, header, rows):
    (folder / "images").mkdir(parents=True)
    for number in range(6):
        Image.new("RGB", (40, 40), (40 * number, 0, 0)).save(folder / "images" / f"{number}.png")
    (folder / "table.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def bad_inputs(tmp_path, photographs):
    """Name: (arguments, what the one line must say)."""
    rows = [f"{number}.png,{'ab'[number % 2]}" for number in range(6)]
    csv = make_csv(tmp_path / "csv", "file,label", rows)
    missing = make_csv(tmp_path / "missing", "file,label", [*rows, *(f"no{number}.png,a" for number in range(4))])
    corrupt = write_class_folders(tmp_path / "corrupt", ["a", "b"], 12)
    whole = (corrupt / "a" / "003.jpg").read_bytes()
    (corrupt / "a" / "003.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "broken.h5").write_bytes(b"nothing")
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        save_weights_to_hdf5_group(file, keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
    few = write_class_folders(tmp_path / "few", ["a", "b"], 2)
    climbing = make_csv(tmp_path / "climbing", "file,label", [*rows, "../table.csv,a"])
    columns = ["--image-column", "file", "--label-column", "label"]
    return {
        "missing data folder": (["--data", tmp_path / "nowhere"], ["nowhere"]),
        "CSV without the column": (
            ["--data", csv, "--image-column", "file", "--label-column", "kind"],
            ["table.csv", "kind"],
        ),
        "rows without image": (["--data", missing, *columns], ["4 rows", "no0.png", "no2.png", "--skip-missing"]),
        "id out of the folder": (["--data", climbing, *columns], ["../table.csv"]),
        "unknown challenge": (["--challenge", "material"], ["clipart-a", "material", "type", "artist"]),
        "corrupt image": (["--data", corrupt], ["003.jpg", "--skip-bad-images"]),
        "too few images": (["--data", few], ["a", "2"]),
        "unreadable weights": (["--data", photographs, "--weights", tmp_path / "broken.h5"], ["broken.h5"]),
        "weights that are not there": (
            ["--data", photographs, "--weights", tmp_path / "no.h5"],
            ["no.h5", "--weights"],
        ),
        "weights of another architecture": (["--data", photographs, "--weights", other], ["other.h5", "VGG19"]),
        "weights that are a folder": (["--data", photographs, "--weights", tmp_path], ["is a folder"]),
        "empty option": (["--data", photographs, "--weights", ""], ["--weights", "empty"]),
        "column without data": (["--label-column", "label"], ["--label-column", "--data"]),
        "seed out of range": (["--data", photographs, "--seed", 2**32], ["--seed", str(2**32)]),
        "bundled weights of vgg19": (["--data", photographs, "--weights", "bundled"], ["vgg19", "resnet50"]),
        "output not writable": (["--data", photographs, "--output", "/proc/runs"], ["/proc/runs", "--output"]),
        "cache not writable": (["--data", photographs, "--cache", "/proc/cache"], ["/proc/cache", "--cache"]),
        "too small": (["--data", photographs, "--image-size", "20"], ["--image-size 20", "32"]),
        "unknown architecture": (["--data", photographs, "--architecture", "alexnet"], ["alexnet", "vgg19"]),
        "not a number": (["--epochs", "none"], ["--epochs", "'none'"]),
    }


NAMES = [
    "missing data folder", "CSV without the column", "rows without image", "id out of the folder", "unknown challenge",
    "corrupt image", "too few images", "unreadable weights", "weights that are not there", "bundled weights of vgg19",
    "weights of another architecture", "weights that are a folder", "empty option", "column without data",
    "seed out of range",
    "output not writable", "cache not writable", "too small", "unknown architecture", "not a number",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_one_line_and_exit_2(name, script, photographs, tmp_path):
    arguments, said = bad_inputs(tmp_path, photographs)[name]
    code, _, err = script(*SMALL, "--approach", "off-the-shelf", *arguments)
    lines = [line for line in err.splitlines() if line and "decoding images" not in line]
    assert code == 2
    assert len(lines) == 1
    assert "error: " in lines[0]
    for part in said:
        assert part in lines[0]
    assert not list(tmp_path.rglob("metrics.json"))
    assert not list(tmp_path.rglob("*.partial*"))


@pytest.mark.slow
def test_skip_bad_images_goes_on_and_says_so(script, photographs, tmp_path):
    arguments, _ = bad_inputs(tmp_path, photographs)["corrupt image"]
    code, out, err = script(*SMALL, "--approach", "off-the-shelf", *arguments, "--skip-bad-images")
    assert code == 0, err
    assert "cannot be read and were left out" in out
    (path,) = run_folders(tmp_path / "runs")
    assert "a/003.jpg" in RunFolder(path).read_config()["bad_images"]
