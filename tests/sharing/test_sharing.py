"""A shared classifier: it repeats its run's predictions, decodes ahead but a little, and refuses what is damaged."""

import json
import os

import keras
import numpy as np
import pytest
from PIL import Image
from scripts import SMALL, run_folders
from shared_classifiers import colour_model, expected, hand_made_run

import arttl
from arttl.base.errors import InputError
from arttl.images import Decoding
from arttl.runs import RunFolder
from arttl.sharing import classifier as at_work


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The hand-made run, exported once."""
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


@pytest.mark.slow
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


def test_xla_is_off_where_keras_would_use_it(shared, monkeypatch):
    monkeypatch.setattr(keras.Model, "_resolve_auto_jit_compile", lambda self: True)  # as where there is a GPU
    assert keras.Sequential([keras.layers.Dense(1)]).jit_compile
    assert arttl.load_classifier(shared).model.jit_compile is False


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
    with pytest.raises(InputError, match=r"5\.png: .*skip_bad_images") as caught:
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


def export_of(folder, model):
    arttl.export_run(hand_made_run(folder / "run", model), folder / "out")
    return folder / "out"


def test_grey_of_16_bits_is_not_taken_for_white(classifier, tmp_path, rng):
    Image.fromarray(rng.integers(8000, 20000, (32, 32)).astype(np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(InputError, match=r"deep.png: its grey of over 8 bits would be read as white"):
        classifier.predict([tmp_path / "deep.png"])


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
    with pytest.raises(InputError, match=r"run/model\.keras is no \.keras file"):
        arttl.export_run(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


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
