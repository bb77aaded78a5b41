"""`python -m arttl export` and `classify` as a user runs them."""

import runpy
import sys

import matplotlib
import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image
from shared_classifiers import expected, hand_made_run

import arttl


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The hand-made run, exported once."""
    folder = tmp_path_factory.mktemp("shared")
    arttl.export_run(hand_made_run(folder / "run"), folder / "out")
    return folder / "out"


@pytest.fixture
def command(monkeypatch, capfd):
    """Run `python -m arttl ...` in this process; returns (exit code, standard output, standard error)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["arttl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_module("arttl", run_name="__main__")
        return end.value.code or 0, *capfd.readouterr()

    return run


def picture(path, *colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    return path


def test_export_and_classify_from_the_command_line(command, tmp_path):
    run, out = hand_made_run(tmp_path / "run"), tmp_path / "out"
    code, said, err = command("export", run, "--to", out)
    assert (code, err) == (0, "")
    assert "3 classes, test accuracy 50.0% [25.0%, 75.0%]" in said
    assert command("export", run, "--to", out)[1].endswith("holds this export already; nothing was written\n")
    assert command("export", tmp_path / "none", "--to", out)[0] == 2

    red, odd = (
        picture(tmp_path / "one.png", 255, 0, 0),
        picture(tmp_path / "no-suffix.png", 0, 255, 0).rename(tmp_path / "no-suffix"),
    )
    picture(tmp_path / "many" / "b" / "blue.png", 0, 0, 255)
    picture(tmp_path / "many" / "a.png", 200, 0, 0)
    (tmp_path / "many" / "notes.txt").write_text("no picture")
    code, said, err = command("classify", out, odd, tmp_path / "many", red, red, "--top", "2")
    assert code == 0, err
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in said.splitlines()]
    assert rows[0] == ["path", "label", "probability", "second_label", "second_probability"]
    many = tmp_path / "many"
    assert [row[:2] for row in rows[2:]] == [
        [str(odd), "green"],
        [str(many / "a.png"), "red"],
        [str(many / "b" / "blue.png"), "blue"],
        [str(red), "red"],
    ]
    assert rows[2][2] == f"{expected(0, 255, 0)[1]:.4f}"
    assert "1 file passed over" in err
    assert "4 pictures classified" in err


def test_classify_writes_a_csv_and_skips_bad_pictures_if_asked(command, shared, tmp_path):
    picture(tmp_path / "in" / "a.png", 255, 0, 0)
    (tmp_path / "in" / "b.png").write_bytes(b"none")
    target = tmp_path / "tables" / "p.csv"
    code, _, err = command("classify", shared, tmp_path / "in", "--to", target)
    assert code == 2
    assert err.count("\n") == 1
    assert "b.png: not a picture in a known format" in err
    assert not list(target.parent.iterdir())
    code, said, err = command("classify", shared, tmp_path / "in", "--to", target, "--skip-bad-images")
    assert code == 0, err
    assert "1 picture classified, 1 that cannot be read" in said
    table = pd.read_csv(target, keep_default_na=False)
    assert list(table.columns) == ["path", "label", "probability", "error"]
    assert list(table.label) == ["red", ""]
    assert float(table.probability[0]) == pytest.approx(expected(255, 0, 0)[0], abs=1e-4)
    assert table.error[1].startswith("not a picture")
    (tmp_path / "in" / "a.png").unlink()
    code, _, err = command("classify", shared, tmp_path / "in", "--skip-bad-images")
    assert (code, err.count("\n")) == (2, 1)
    assert "none of the 1 picture can be read" in err


def test_classify_refuses_bad_input_in_one_line(command, shared, tmp_path):
    red = picture(tmp_path / "in" / "red.png", 255, 0, 0)
    (tmp_path / "empty").mkdir()
    for arguments, message in {
        (shared, tmp_path / "empty"): "no pictures in",
        (shared, tmp_path / "missing.png"): "missing.png does not exist",
        (tmp_path, red): "is no exported classifier",
        (shared, red, "--to", tmp_path): "is a folder; name a .csv or .xlsx file",
        (shared, red, "--to", red / "p.csv"): "cannot be written",
        (shared, red, "--top", "4"): "top is 4",
        (shared, red, "--top", "0"): "is not a whole number from 1",
        (shared, tmp_path / "in", "--saliency", tmp_path / "in" / "maps"): "whose pictures are classified",
    }.items():
        code, said, err = command("classify", *arguments)
        assert (code, said, err.count("\n")) == (2, "", 1), err
        assert message in err


class StandIn:
    """arttl.saliency with maps known beforehand: how red each pixel is."""

    @staticmethod
    def visual_backprop(model, images, kernel):
        return images[..., 0].astype("float32") / 255


def test_saliency_maps_lie_over_the_pictures(command, shared, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "arttl.saliency", StandIn)
    pixels = np.zeros((32, 32, 3), "uint8")
    pixels[:16, :, 0], pixels[16:, :, 1] = 255, 100
    names = ("a/x.png", "b/x.png", "b/X.png", "c/x.jpg-map.png", "d/..  ; rm é.png", "e/con.png", "f/-.png")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "g.png").write_bytes(b"none")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    given = [*(tmp_path / name for name in names), tmp_path / "g.png"]
    out, to = tmp_path / "maps", tmp_path / "p.csv"
    code, _, err = command("classify", shared, *given, "--saliency", out, "--to", to, "--skip-bad-images")
    assert code == 0, err
    assert {path for path in tmp_path.rglob("*") if path.is_file()} - before == {to, *out.iterdir()}
    table = pd.read_csv(to, keep_default_na=False)
    saved = list(table.saliency)
    assert saved.pop() == ""
    assert len({name.casefold() for name in saved}) == len(names)
    maps = [name.replace("-overlay.png", "-map.png") for name in saved]
    assert {path.name for path in out.iterdir()} == {*saved, *maps}
    assert saved[0] == "x-overlay.png"
    for over, alone in zip(saved, maps, strict=True):
        found = np.asarray(Image.open(out / alone))
        assert (found == pixels[..., 0]).all()
        found = np.asarray(Image.open(out / over)).astype(int)
        colour = 255 * np.array(matplotlib.colormaps["turbo"](1.0)[:3])
        assert (np.abs(found[:16] - (0.3 * np.array([255, 0, 0]) + 0.7 * colour)) <= 0.51).all()
        assert (found[16:] == [0, 100, 0]).all()  # where nothing is salient the picture is as it was


def test_classify_says_what_the_network_does_not_see(command, shared, tmp_path):
    for number in range(3):
        picture(tmp_path / "in" / f"{number}.png", 255, 0, 0)
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "in" / "stamp.png")
    code, _, err = command("classify", shared, tmp_path / "in")
    assert code == 0, err
    line = "read by decoding=load_img, as in training: 1 of 4 images are transparent, and one colour to the network"
    assert (line in err) == (arttl.load_classifier(shared).decoding.reading == "load_img")
    assert "load_img" in err


def test_classify_writes_a_workbook(command, shared, tmp_path):
    picture(tmp_path / "in" / "=rot Öl.png", 255, 0, 0)
    code, said, err = command("classify", shared, tmp_path / "in", "--to", tmp_path / "pred.xlsx")
    assert code == 0, err
    assert said.endswith(f"1 picture classified; table in {tmp_path / 'pred.xlsx'}\n")
    header, row = openpyxl.load_workbook(tmp_path / "pred.xlsx").active.iter_rows(values_only=True)
    assert header == ("path", "label", "probability")
    assert row[:2] == (str(tmp_path / "in" / "=rot Öl.png"), "red")
    assert row[2] == pytest.approx(expected(255, 0, 0)[0], abs=1e-4)
