"""`ch1_saliency.py`: which images it takes, what it draws, what it refuses. One small network, 32 pixels."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scripts import SMALL, run_script

from arttl.cli.parsers import saliency_parser
from arttl.images import Decoding
from arttl.images.overlay import overlay
from arttl.images.own_size import own_decoding
from arttl.transfer.saliency import METHODS, choose


@pytest.fixture
def saliency(tmp_path, capfd):
    """Run the script; returns (exit code, standard output, standard error)."""

    def run(*arguments):
        line = ["ch1_saliency.py", "--output", tmp_path / "runs", "--challenge", "type", "--architecture", "vgg19"]
        return run_script(*line, *arguments), *capfd.readouterr()

    return run


def predictions(answers):
    rows = [(f"{number}.jpg", *answer) for number, answer in enumerate(answers)]
    return pd.DataFrame(rows, columns=["image_id", "label", "predicted", "probability"]).set_index("image_id")


def test_only_images_that_the_second_gets_right_are_chosen_the_surest_first():
    before = predictions([("a", "a", 0.9), ("a", "b", 0.4), ("b", "a", 0.3), ("b", "a", 0.2), ("a", "b", 0.8)])
    after = predictions([("a", "a", 0.9), ("a", "a", 0.5), ("b", "b", 0.7), ("b", "a", 0.9), ("a", "a", 0.7)])
    chosen = choose(before.iloc[::-1], after, 9)
    assert chosen.index.tolist() == ["2.jpg", "4.jpg", "1.jpg"]  # of two as sure the first by name
    assert chosen.before.tolist() == ["a", "b", "b"]
    assert choose(before, after, 1).index.tolist() == ["2.jpg"]
    assert choose(after, after, 9).empty


def test_an_overlay_is_the_picture_where_the_map_is_zero():
    image = np.random.default_rng(0).integers(0, 256, (5, 4, 3), "uint8")
    saliency = np.zeros((5, 4))
    saliency[2, 3] = 1
    drawn = overlay(image, saliency)
    assert (drawn != image).any(axis=-1).sum() == 1
    # turbo ends in (122, 4, 3); 0.7 of it and 0.3 of the picture
    expected = 0.7 * np.array([122, 4, 3]) + 0.3 * image[2, 3]
    np.testing.assert_allclose(drawn[2, 3], expected, atol=1.5)


def test_an_overlay_has_the_picture_s_own_size_whatever_the_map_s():
    image = np.full((40, 60, 3), 255, "uint8")
    drawn = overlay(image, np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert drawn.shape == image.shape
    assert (drawn[:, :10] == drawn[:1, :1]).all()  # left of the left pixel's middle
    assert (drawn[:, 50:] == 255).all()
    assert len({tuple(pixel) for pixel in drawn[0]}) > 10  # no edge between


def test_a_picture_at_its_own_size_is_the_part_that_the_network_sees(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6  # on its side
    Image.new("RGB", (400, 100), "red").save(tmp_path / "a.jpg", exif=turned)
    for reading, fit, most, size in (
        ("upright", "stretch", 999, (400, 100)),
        ("load_img", "stretch", 200, (50, 200)),
        ("upright", "cover", 999, (100, 100)),
    ):
        decoding = own_decoding(tmp_path / "a.jpg", most, Decoding((32, 32), "nearest", reading, fit))
        assert (decoding.size, decoding.reading, decoding.fit) == (size, reading, fit)


@pytest.mark.slow
def test_the_figure_is_drawn_from_two_runs(saliency, script, first_runs, photographs, tmp_path):
    runs, _ = first_runs("off-the-shelf")
    shutil.copytree(runs, tmp_path / "runs")
    shelf = tmp_path / "runs" / "ch1" / "rijks" / "type" / "vgg19" / "off-the-shelf" / "seed-42"
    code, _, err = saliency("--data", photographs)
    assert code == 2
    assert "fine-tuning/seed-42; make it with experiments/ch1_rijks.py" in err
    code, _, err = saliency("--data", photographs, "--after", shelf)
    assert code == 2
    assert "there is no test image that" in err
    wrong = tmp_path / "wrong"  # the same network, said to have answered otherwise
    wrong.mkdir()
    for name in ("config.json", "metrics.json", "model.keras"):
        (wrong / name).write_bytes((shelf / name).read_bytes())
    table = pd.read_csv(shelf / "predictions.csv")
    right = int((table.label == table.predicted).sum())
    table.assign(predicted="something else").to_csv(wrong / "predictions.csv", index=False)
    for method, (name, _) in METHODS.items():
        code, _, err = saliency("--data", photographs, "--before", wrong, "--after", shelf, "--method", method)
        assert code == 0, err
        folder = tmp_path / "runs" / "ch1" / "saliency" / "type" / "vgg19" / "seed-42"
        assert {f"{name}.png", f"{name}.pdf", f"{name}.csv"} <= {path.name for path in folder.iterdir()}
        assert len(pd.read_csv(folder / f"{name}.csv")) == right
        with Image.open(folder / f"{name}.png") as picture:
            assert picture.size[1] > right * 100
    code, _, err = saliency("--before", wrong, "--after", shelf)
    assert code == 2
    assert "the runs are of the collection mine; name its folder with --data" in err
    other = ["--approach", "off-the-shelf", "--force", "--split-seed", "7"]
    assert script("--data", photographs, *SMALL, *other)[0] == 0
    code, _, err = saliency("--data", photographs, "--before", wrong, "--after", shelf)
    assert code == 2
    assert "differ in split" in err


def test_the_command_line_names_every_method():
    (option,) = [each for each in saliency_parser("", ["type"])._actions if each.dest == "method"]
    assert tuple(option.choices) == tuple(METHODS)


def test_a_dry_run_says_which_run_is_missing_and_draws_nothing(saliency, tmp_path):
    code, out, err = saliency("--dry-run")
    assert code == 2  # as of every dry run whose run would be refused
    assert "the figure would be refused, for what is said above" in err
    assert out.startswith("refused     ")
    assert out.count("\n") == 1
    assert "there is no finished run in" in out
    assert not list(tmp_path.iterdir())
