"""A run exported, loaded elsewhere and put to work: what it predicts, and what is refused."""

import csv
import hashlib
import itertools
import json
import os
import runpy
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scripts import SMALL, run_folders
from shared_classifiers import colour_model, expected, hand_made_run

import arttl
from arttl.errors import InputError
from arttl.images import Decoding
from arttl.runs import RunFolder
from arttl.sharing import classifier as at_work
from arttl.sharing import export


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The hand-made run, exported once; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("shared")
    arttl.export_run(hand_made_run(folder / "run"), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def classifier(shared):
    return arttl.load_classifier(shared)


@pytest.fixture
def colours(tmp_path, rng):
    """A hundred pictures of one colour each, of many sizes: (paths, colours)."""
    values = rng.integers(0, 256, (100, 3))
    paths = [tmp_path / f"{number}.png" for number in range(100)]
    for path, value in zip(paths, values, strict=True):
        Image.new("RGB", tuple(rng.integers(1, 50, 2)), tuple(map(int, value))).save(path)
    return paths, values


def own_pictures(folder, rng):
    """Class folders of noise that tells ways of decoding apart: half of it is turned by its EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for index, name in enumerate(("etching", "print")):
        (folder / name).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 120, (50, 70, 3), dtype="uint8")
            pixels[:25, :, index] += 120
            Image.fromarray(pixels).save(folder / name / f"{number}.jpg", exif=exif if number % 2 else b"")
    return folder


@pytest.mark.parametrize(
    ("options", "other"),
    [
        (["--recipe", "thesis"], Decoding((32, 32), "nearest", "upright")),
        (["--recipe", "keras3", "--resize", "antialiased"], Decoding((32, 32), "antialiased", "load_img")),
    ],
)
def test_exported_classifier_repeats_the_predictions_of_its_run(options, other, script, tmp_path, rng):
    data = own_pictures(tmp_path / "mine", rng)
    code, _, err = script("--data", data, *SMALL, "--approach", "off-the-shelf", *options)
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    arttl.export_run(path, tmp_path / "out")
    classifier, theirs = arttl.load_classifier(tmp_path / "out"), RunFolder(path).predictions()
    ours = classifier.predict([data / name for name in theirs.image_id])
    assert list(ours.label) == list(theirs.predicted)
    np.testing.assert_allclose(ours.probability, theirs.probability, atol=2e-6)
    classifier.decoding = other  # and this is no accident: decoded otherwise they are others
    others = classifier.predict([data / name for name in theirs.image_id])
    assert np.abs(others.probability - theirs.probability).max() > 2e-5


def test_probabilities_are_those_worked_out_by_hand(classifier, colours):
    paths, values = colours
    wanted = np.array([expected(*value) for value in values])
    found = classifier.probabilities(paths, batch_size=8)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    table = classifier.predict(iter(paths), batch_size=8, top=3)
    assert list(table.columns) == [
        *("path", "label", "probability"),
        *("second_label", "second_probability", "third_label", "third_probability"),
    ]
    assert list(table.path) == [str(path) for path in paths]
    names = np.array(["red", "green", "blue"])
    order = np.argsort(-wanted, axis=1, kind="stable")
    for rank, prefix in enumerate(("", "second_", "third_")):
        assert list(table[f"{prefix}label"]) == names[order[:, rank]].tolist()
        np.testing.assert_allclose(table[f"{prefix}probability"], -np.sort(-wanted)[:, rank], atol=1e-4)


def test_one_path_no_path_and_impossible_numbers(classifier, colours):
    paths, values = colours
    assert classifier.predict(str(paths[0])).path.tolist() == [str(paths[0])]
    np.testing.assert_allclose(classifier.probabilities(paths[0]), [expected(*values[0])], atol=1e-4)
    assert classifier.probabilities([]).shape == (0, 3)
    assert list(classifier.predict([]).columns) == ["path", "label", "probability"]
    for top in (0, 4):
        with pytest.raises(InputError, match=f"top is {top}; .* from 1 to 3 classes"):
            classifier.predict(paths, top=top)
    with pytest.raises(InputError, match="batch_size is 0"):
        classifier.predict(paths, batch_size=0)


def test_equally_likely_classes_come_in_their_order(classifier, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "black.png")
    row = classifier.predict(tmp_path / "black.png", top=3).iloc[0]
    assert (row.label, row.second_label, row.third_label) == ("red", "green", "blue")


def test_few_pictures_are_decoded_ahead(classifier, colours, monkeypatch):
    decoded, decode = [], at_work.decode_image
    monkeypatch.setattr(at_work, "decode_image", lambda path, how: decoded.append(path) or decode(path, how))
    for number, (batch, pixels) in enumerate(classifier.batches(colours[0], batch_size=4), 1):
        assert len(batch) == len(pixels) == 4
        assert len(decoded) <= 4 * number + 8
    assert len(decoded) == 100


def test_unreadable_picture_is_named_or_skipped(classifier, colours):
    paths, values = colours
    paths[5].write_bytes(paths[5].read_bytes()[:40])
    paths[7].unlink()
    with pytest.raises(InputError, match=r"5\.png: .*--skip-bad-images") as caught:
        classifier.predict(paths)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"5\.png: "):
        classifier.probabilities(paths)
    table = classifier.predict(paths, skip_bad_images=True, top=2, batch_size=4)
    bad = table[table.error != ""]
    assert list(bad.index) == [5, 7]
    assert bad.error[7] == "no such file"
    assert (bad[["label", "second_label"]] == "").all(axis=None)
    assert bad[["probability", "second_probability"]].isna().all(axis=None)
    wanted = [expected(*value).max() for value in values]
    np.testing.assert_allclose(table.probability.drop([5, 7]), np.delete(wanted, [5, 7]), atol=1e-4)
    only_bad = classifier.predict(paths[5], skip_bad_images=True)
    assert list(only_bad.label) == [""]


def test_export_says_what_the_run_said(shared):
    about = json.loads((shared / "classifier.json").read_text())
    assert (about["format"], about["version"], about["classes"]) == ("arttl-classifier", 1, 3)
    assert about["input"] == {"size": 32, "decoding": "load_img", "resize": "nearest", "preprocessing": "unit"}
    assert about["images"] == {"train": 2, "test": 1}  # d cannot be read
    assert about["settings"]["split"] == "5" * 64
    assert about["settings"]["recipe"]["optimizer"]["nesterov"] is True
    assert about["metrics"]["test_accuracy_high"] == 0.75
    assert about["deviations"] == ["image size is 32, not 224"]
    assert about["versions"] == {"arttl": "0.1.0", "keras": "3.15.1"}
    for name in ("model.keras", "labels.csv"):
        assert about["sha256"][name] == hashlib.sha256((shared / name).read_bytes()).hexdigest()
    assert {path.name for path in shared.iterdir()} == {"README.md", "classifier.json", "labels.csv", "model.keras"}


def test_folders_of_ones_own_are_not_told(tmp_path):
    run = hand_made_run(tmp_path / "run", weights="/home/ana/secret/w.keras")
    config = json.loads((run / "config.json").read_text())
    config["deviations"] += [
        "starts from /home/ana/secret/w.keras weights, not ImageNet's",
        "the source: starts from /home/ana/secret/v.h5 weights, not ImageNet's",
    ]
    (run / "config.json").write_text(json.dumps(config))
    arttl.export_run(run, tmp_path / "out")
    told = "".join((tmp_path / "out" / name).read_text() for name in ("classifier.json", "README.md", "labels.csv"))
    assert "secret" not in told
    assert "starts from w.keras weights" in told
    assert "the source: starts from v.h5 weights" in told


def test_same_export_again_is_left_alone_and_anything_else_is_refused(tmp_path):
    run, out = hand_made_run(tmp_path / "run"), tmp_path / "out"
    out.mkdir()
    assert arttl.export_run(run, out) is True
    (out / "README.md").write_text("license: mit")  # the card is there to be edited
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.iterdir()}
    assert arttl.export_run(RunFolder(run), out) is False
    assert {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.iterdir()} == before
    with pytest.raises(InputError, match="not empty, and holds no export of this run"):
        arttl.export_run(hand_made_run(tmp_path / "other", seed=1), out)
    (out / "labels.csv").write_text("")
    with pytest.raises(InputError, match="a file is missing or damaged"):
        arttl.export_run(run, out)
    for name in ("file", "dangling"):
        (tmp_path / name).touch() if name == "file" else (tmp_path / name).symlink_to(tmp_path / "nowhere")
        with pytest.raises(InputError, match="is there and no folder"):
            arttl.export_run(run, tmp_path / name)


@pytest.mark.parametrize("failing", ["write_json", "_copy", "whole_file"])
def test_nothing_half_written_stays(failing, tmp_path, monkeypatch):
    run = hand_made_run(tmp_path / "run")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, failing, fail)
    with pytest.raises(InputError, match=r"--to .*out cannot be written \(No space left on device\)"):
        arttl.export_run(run, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_made_anew_meanwhile_is_not_mixed(tmp_path, monkeypatch):
    run, copy = hand_made_run(tmp_path / "run"), export._copy

    def train_on(source, target):
        digest = copy(source, target)
        (run / "metrics.json").write_text((run / "metrics.json").read_text().replace("0.5", "0.6"))
        return digest

    monkeypatch.setattr(export, "_copy", train_on)
    with pytest.raises(InputError, match="changed while it was exported"):
        arttl.export_run(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_runs_that_cannot_be_exported(tmp_path):
    run = hand_made_run(tmp_path / "run")
    with pytest.raises(InputError, match="is no run folder"):
        arttl.export_run(tmp_path, tmp_path / "out")
    metrics = (run / "metrics.json").read_text()
    (run / "metrics.json").unlink()
    with pytest.raises(InputError, match="is an unfinished run; finish it with --resume"):
        arttl.export_run(run, tmp_path / "out")
    for content in ("{", '{"test_accuracy": 1, "seconds": 1}'):
        (run / "metrics.json").write_text(content)
        with pytest.raises(InputError, match="damaged"):
            arttl.export_run(run, tmp_path / "out")
    (run / "metrics.json").write_text(metrics)
    (run / "model.keras").unlink()
    with pytest.raises(InputError, match=r"model\.keras does not exist"):
        arttl.export_run(run, tmp_path / "out")
    for labels in (("a", "a", "b"), ("a", "\ud800", "b"), ("a", 1, "b")):
        with pytest.raises(InputError, match="damaged results"):
            arttl.export_run(hand_made_run(tmp_path / repr(labels), labels=labels), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def export_of(folder, model):
    arttl.export_run(hand_made_run(folder / "run", model), folder / "out")
    return folder / "out"


def test_unsafe_model_is_refused_and_its_code_not_run(tmp_path):
    mark = str(tmp_path / "was-run")
    pixels = keras.Input((32, 32, 3))
    means = keras.layers.GlobalAveragePooling2D()(pixels)
    outputs = keras.layers.Lambda(lambda each: (os.close(os.open(mark, os.O_CREAT)), each)[1])(means)
    out = export_of(tmp_path, keras.Model(pixels, outputs))
    (tmp_path / "was-run").unlink()
    with pytest.raises(InputError, match=r"model\.keras cannot be loaded, or is unsafe .*Lambda") as caught:
        arttl.load_classifier(out)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "was-run").exists()


def test_model_that_does_not_fit_its_description_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"takes \(None, 48, 48, 3\) and gives \(None, 3\), not \(None, 32, 32, 3\)"):
        arttl.load_classifier(export_of(tmp_path / "size", colour_model(48)))
    run = hand_made_run(tmp_path / "run")
    (run / "model.keras").write_bytes(b"PK\x03\x04 no model at all")
    arttl.export_run(run, tmp_path / "out")
    with pytest.raises(InputError, match=r"model\.keras cannot be loaded"):
        arttl.load_classifier(tmp_path / "out")


def rewrite(folder, **changes):
    about = json.loads((folder / "classifier.json").read_text())
    (folder / "classifier.json").write_text(json.dumps(about | changes))


DAMAGE = {
    "one bit of the model": (
        lambda out: (out / "model.keras").write_bytes(
            bytes([*(data := (out / "model.keras").read_bytes())[:500], data[500] ^ 1, *data[501:]])
        ),
        r"model\.keras is damaged \(its SHA-256",
    ),
    "no model": (lambda out: (out / "model.keras").unlink(), r"model\.keras cannot be read"),
    "a label changed": (
        lambda out: (out / "labels.csv").write_text((out / "labels.csv").read_text().replace("red", "rot")),
        r"labels\.csv is damaged",
    ),
    "of the future": (lambda out: rewrite(out, version=2), "format version 2, written by a later arttl.*update arttl"),
    "another format": (lambda out: rewrite(out, format="other"), "does not describe a classifier"),
    "a version that is none": (lambda out: rewrite(out, version="1"), "does not describe a classifier"),
    "another number of classes": (lambda out: rewrite(out, classes=4), "has 3 labels, not 4"),
    "no input": (lambda out: rewrite(out, input=None), "input is missing"),
    "no size": (lambda out: rewrite(out, input={"size": "32"}), "size is missing"),
    "unknown decoding": (
        lambda out: rewrite(out, input={"size": 32, "decoding": "x", "resize": "nearest", "preprocessing": "unit"}),
        "reading 'x' is not one of",
    ),
    "no JSON": (lambda out: (out / "classifier.json").write_text("[" * 100000), r"classifier\.json is damaged"),
    "a list": (lambda out: (out / "classifier.json").write_text("[]"), "does not describe a classifier"),
    "no description": (lambda out: (out / "classifier.json").unlink(), "is no exported classifier"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_folders_are_refused_in_one_line(name, tmp_path):
    damage, message = DAMAGE[name]
    arttl.export_run(hand_made_run(tmp_path / "run"), tmp_path / "out")
    arttl.load_classifier(tmp_path / "out")
    damage(tmp_path / "out")
    with pytest.raises(InputError, match=message) as caught:
        arttl.load_classifier(tmp_path / "out")
    assert "\n" not in str(caught.value)


HOSTILE = (
    '`"x" | <script>alert(1)</script> [a](javascript:b) ![c](http://d) **e** &lt; $f$',
    "line\n\n---\n# heading\r```\n- item\x85\u2028",
    "éŠ``` 東 \U0001f3a8, =1+1",
)


def test_hostile_names_stay_names(tmp_path):
    markdown = pytest.importorskip("markdown_it")
    collection = "mine\n---\nlicense: mit # \u2028 \U0001f3a8\x7f"
    run = hand_made_run(tmp_path / "run", labels=HOSTILE, collection=collection, challenge="<b>|`t`</b>")
    arttl.export_run(run, tmp_path / "out")
    with open(tmp_path / "out" / "labels.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["class_id", "label"], *([str(i), name] for i, name in enumerate(HOSTILE))]
    assert arttl.load_classifier(tmp_path / "out").labels == list(HOSTILE)

    _, front, body = (tmp_path / "out" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    matter = dict(line.split(": ", 1) for line in front.splitlines())  # splitlines also breaks where YAML 1.1 would
    assert set(matter) == {"library_name", "pipeline_tag", "tags", "metrics", "model-index"}
    (model,) = json.loads(matter["model-index"])
    assert model["results"][0]["dataset"]["name"] == collection
    assert model["results"][0]["metrics"][0]["value"] == 0.5

    tokens = markdown.MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    inline = [child for token in tokens for child in token.children or ()]
    assert not {"html_block", "hr", "html_inline", "link_open", "image", "strong_open"} & {
        token.type for token in (*tokens, *inline)
    }
    headings = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    assert headings[1:] == [
        *("Model Details", "Intended Use", "Factors", "Metrics", "Evaluation Data", "Training Data"),
        *("Quantitative Analyses", "Ethical Considerations", "Caveats and Recommendations", "How to Use It", "Licence"),
    ]
    spans = [token.content for token in inline if token.type == "code_inline"]
    assert HOSTILE[2] in spans
    assert any(span.startswith('`"x" | <script>alert(1)</script> [a](javascript:b)') for span in spans)
    assert "<b>|`t`</b>" in spans


def test_card_gives_the_numbers_with_their_intervals(shared):
    card = (shared / "README.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("|")]
    assert rows[2:] == [
        ["all", "", "8", "50.0%", "25.0% to 75.0%"],
        ["tail", "up to 19", "4", "50.0%", "12.5% to 87.5%"],
    ]
    for said in ("Always the commonest class: 12.5%", "Macro-F1: 0.438", "1 test image of", "2 training images and 0"):
        assert said in card
    for said in ("Classes left out of the split: `grey`", "`image size is 32, not 224`", "arttl.load_classifier("):
        assert said in card
    assert "license:" not in card.split("---\n")[1]
    assert "Top-5" not in card


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
        (shared, red, "--to", tmp_path): "is a folder; name a CSV file",
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
    def visual_backprop(model, images):
        return images[..., 0].astype("float32") / 255


def test_saliency_maps_lie_over_the_pictures(command, shared, tmp_path, monkeypatch):
    import matplotlib

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
