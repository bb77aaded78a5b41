"""`python -m arttl prepare`: what training finds ready, also after two at once and after a kill."""

import json
import shutil
import subprocess
import sys
import time

import forked
import numpy as np
import pytest
from pictures import scene
from scripts import SMALL, run_folders, write_class_folders

from arttl.check.images import PREPARED
from arttl.cli import run_main
from arttl.cli.commands import main, main_parser
from arttl.images import Decoding, ImageStore
from arttl.models import BACKBONES
from arttl.runs import RunFolder
from arttl.splits import load_split

QUICK = ["--image-size", "32"]


@pytest.fixture
def command(tmp_path):
    """The command line of a prepare that keeps all it makes in tmp_path; extra arguments go to its end."""

    def line(data, *arguments):
        kept = ["--cache", tmp_path / "cache", "--splits", tmp_path / "splits"]
        return ["arttl", "prepare", *map(str, [data, *kept, *arguments])]

    return line


def arttl(line):
    """`python -m arttl` in a forked process."""
    run_main(main, main_parser(), keras=False)


def run(line):
    done = forked.run(line, arttl)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_training_finds_what_was_prepared(command, photographs, script):
    code, out, err = run(command(photographs, *QUICK, "--challenge", "type"))
    assert (code, "Traceback" in err) == (0, False), err
    assert "split of type: 48 train, 6 validation, 6 test images, 3 classes (new: " in out
    assert "images at 32 pixels: 60, " in out
    code, again, _ = run(command(photographs, *QUICK, "--challenge", "type"))
    assert code == 0
    assert "(reused: " in again
    code, out, err = script("--data", photographs, *SMALL, "--approach", "off-the-shelf")
    assert code == 0, err
    assert "(reused: " in out
    assert "decoding images" not in err  # the store is there


def test_default_sizes_are_the_networks_own(command, photographs, tmp_path):
    assert {decoding.size[0] for decoding in PREPARED} == {backbone.input_size for backbone in BACKBONES.values()}
    code, out, err = run(command(photographs))
    assert code == 0, err
    sizes = {path.name.split("-")[1] for path in (tmp_path / "cache").glob("images-*.h5")}
    assert sizes == {"224x224", "299x299"}
    assert "load_img" in out  # the thesis' way of reading pictures


def test_keras_is_not_imported(photographs, tmp_path):
    check = (
        "import sys; from arttl.cli.commands import main_parser, main\n"
        f"options = main_parser().parse_args(['prepare', {str(photographs)!r}, '--image-size', '32', '--cache', "
        f"{str(tmp_path)!r}, '--splits', {str(tmp_path)!r}])\n"
        "try:\n    main(options)\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'keras' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", check], timeout=120, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--challenge", "artist", "--format", "wikiart"], "--format wikiart looks for"),
        (["--architecture", "xception", "--image-size", "32"], "--image-size 32 is too small for Xception"),
        (["--architecture", "resnet18"], "unknown architecture 'resnet18'"),
        (["--set", "resize=cubic"], "resize cannot be 'cubic'"),
        (["--min-images", "0"], "--min-images"),
        (["--min-images", "21"], "lower --min-images (the largest class has 20)"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(command, photographs, tmp_path, arguments, said):
    code, _, err = run(command(photographs, *arguments))
    assert code == 2
    assert said in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.h5")) + list(tmp_path.rglob("*.csv"))


def test_unreadable_images_are_refused_or_left_out(command, tmp_path):
    folder = write_class_folders(tmp_path / "mine", ["a", "b"], 20)
    (folder / "a" / "007.jpg").write_bytes(b"no picture")
    code, _, err = run(command(folder, *QUICK))
    assert code == 2
    assert "--skip-bad-images" in err.splitlines()[-1]
    code, out, _ = run(command(folder, *QUICK, "--skip-bad-images"))
    assert code == 0
    assert "left out, since unreadable: a/007.jpg" in out


@pytest.mark.slow
def test_duplicates_are_kept_together_and_recorded(command, tmp_path, script):
    folder = tmp_path / "museum"
    for number in range(60):
        path = folder / ("print", "drawing", "etching")[number % 3] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(number // 2 if number < 40 else number, 64).save(path)  # twenty pairs, of different classes
    options = ["--group-duplicates", "--min-images", "5"]
    code, out, err = run(command(folder, *QUICK, *options))
    assert code == 0, err
    assert "40 images in 20 groups of duplicates, each kept in one part" in out
    split = load_split(tmp_path / "splits" / "museum" / "type-thesis-seed-42-min-5-grouped.csv")
    part_of = dict(zip(split.table.image_id, split.table.split, strict=True))
    classes = ("print", "drawing", "etching")
    for number in range(0, 40, 2):
        pair = [f"{classes[each % 3]}/{each:02d}.png" for each in (number, number + 1)]
        assert len({part_of[image] for image in pair}) == 1
    code, out, err = script("--data", folder, *SMALL, "--approach", "off-the-shelf", *options)
    assert code == 0, err
    assert "checking images" not in err
    (path,) = run_folders(tmp_path / "runs")
    config = RunFolder(path).read_config()
    assert "duplicates are kept in one part of the split (20 groups)" in config["deviations"]
    assert "classes with fewer than 5 images were left out" in config["deviations"]
    assert config["split"]["grouped"]["rule"].startswith("same file, same pixels")
    scene(99, 64).save(folder / "print" / "00.png")  # no duplicate any more: another split
    code, _, err = run(command(folder, *QUICK, *options))
    assert code == 2
    assert "found in other image files" in err.splitlines()[-1]


@pytest.mark.slow
def test_two_at_once_and_one_killed_end_with_one_good_store(command, tmp_path):
    folder = tmp_path / "many"
    pixels = np.random.default_rng(0).integers(0, 256, (150, 24, 24, 3), "uint8")
    paths = write_pictures(folder, pixels)
    line = command(folder, "--image-size", "700")  # large rows, so that the build takes a while
    first = forked.Script(line, work=arttl)
    wait_for(lambda: list((tmp_path / "cache").glob("*.partial.h5")))
    others = [forked.Script(line, work=arttl) for _ in range(2)]
    time.sleep(0.2)
    first.kill()
    for other in others:
        out, code = other.end()
        assert code == 0, out
    stores = list((tmp_path / "cache").glob("images-*.h5"))
    assert len(stores) == 1
    decoding = Decoding((700, 700), "nearest", "load_img")
    store = ImageStore.build(paths, decoding, tmp_path / "cache", progress=False)
    assert store.path == stores[0]
    undisturbed = ImageStore.build(paths, decoding, tmp_path / "other", progress=False)
    for rows in np.array_split(np.arange(len(paths)), 8):
        np.testing.assert_array_equal(store.read(rows), undisturbed.read(rows))
    shutil.rmtree(tmp_path / "other")
    (about,) = (tmp_path / "splits" / "many").glob("*.json")
    assert json.loads(about.read_text())["classes"] == 2


def write_pictures(folder, pixels):
    """Two class folders of PNGs; returns image_id to path."""
    from PIL import Image

    paths = {}
    for number, picture in enumerate(pixels):
        image_id = f"{'ab'[number % 2]}/{number:03d}.png"
        paths[image_id] = folder / image_id
        paths[image_id].parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(paths[image_id])
    return paths


def wait_for(condition, seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
