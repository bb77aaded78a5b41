"""Weights bring their preprocessing and their ResNet50, or are refused: never another one without a word."""

import json
import zipfile

import h5py
import pytest

PLAN = ["--challenge", "type", "--image-size", "32", "--approach", "off-the-shelf"]
CAFFE = [("CaffePreprocessing", "preprocessing")]
RESNET50_OF_2_2_4 = [("ZeroPadding2D", "conv1_pad"), ("Conv2D", "conv1"), ("BatchNormalization", "bn_conv1")]
RESNET50_OF_2_2_4 += [("ZeroPadding2D", "pool1_pad")]


def keras_file(path, layers):
    """A .keras file of which these layers are known, as pairs of class and name."""
    described = [{"class_name": kind, "config": {"name": name}} for kind, name in layers]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("config.json", json.dumps({"class_name": "Functional", "config": {"layers": described}}))
    return path


def h5_file(path, *layers):
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
    return path


@pytest.fixture
def planned(script, photographs):
    """The exit code, what was said of the weights or what was wrong, and the settings of the run, for options."""

    def plan(weights, *options, architecture="vgg19"):
        base = ["--data", photographs, *PLAN, "--architecture", architecture, "--weights", weights, *options]
        rows = [[cell.strip() for cell in line.split("|")] for line in script(*base, "--explain")[1].splitlines()]
        code, out, err = script(*base, "--dry-run")
        said = [line for line in out.splitlines() if line.startswith(str(weights))]
        return code, said or err.splitlines(), {row[1]: row[-2].removesuffix(" *") for row in rows if len(row) > 3}

    return plan


def test_preprocessing_of_a_model_is_inherited_and_said(planned, tmp_path):
    path = keras_file(tmp_path / "released.keras", CAFFE)
    code, said, settings = planned(path)
    assert (code, settings["preprocessing"]) == (0, "imagenet")
    assert said == [f"{path} was made with preprocessing imagenet, which is taken over in the place of unit"]
    code, said, settings = planned(path, "--recipe", "released")
    assert (code, said, settings["preprocessing"]) == (0, [], "imagenet")  # they agree: nothing to say


def test_resnet50_of_a_model_is_inherited_whatever_the_era(planned, tmp_path):
    path = keras_file(tmp_path / "model.keras", CAFFE + RESNET50_OF_2_2_4)
    for options, era in ((["--numerics", "2.1.2"], "2.1.2"), (["--set", "numerics=keras3"], "keras3")):
        code, said, settings = planned(path, *options, architecture="resnet50")
        assert (code, settings["numerics.era"], settings["numerics.resnet50"]) == (0, era, "2.2.4")
        assert f"made with numerics.resnet50 2.2.4, which is taken over in the place of {era}" in said[1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--set", "preprocessing=unit"], "preprocessing imagenet, and --set preprocessing=unit has unit"),
        (["--recipe", "keras3"], "preprocessing imagenet, and --recipe keras3 has unit"),
        (["--set", "numerics.resnet50=2.1.6"], "numerics.resnet50 2.2.4, and --set numerics.resnet50=2.1.6 has 2.1.6"),
    ],
)
def test_what_contradicts_a_model_is_refused_in_one_line(options, named, planned, tmp_path):
    path = keras_file(tmp_path / "model.keras", CAFFE + RESNET50_OF_2_2_4)
    code, err, _ = planned(path, *options, architecture="resnet50")
    assert code == 2
    (line,) = err
    assert f"error: {path} was trained with {named}; leave it out, or add --set" in line


def test_of_a_bare_file_it_is_said_what_is_assumed(planned, tmp_path):
    path = h5_file(tmp_path / "vgg19.h5", "block1_conv1")
    code, said, settings = planned(path)
    assert (code, settings["preprocessing"]) == (0, "unit")
    assert said == [
        f"{path} does not say its preprocessing: unit is assumed, and --set preprocessing=VALUE says otherwise"
    ]
    assert planned(path, "--set", "preprocessing=imagenet")[1] == []  # it was said


def test_names_of_a_bare_resnet50_tell_its_graph_as_far_as_they_can(planned, tmp_path):
    today = h5_file(tmp_path / "today.h5", "conv1_bn", "conv2_block1_1_conv")
    _, said, settings = planned(today, "--set", "preprocessing=unit", architecture="resnet50")
    assert settings["numerics.resnet50"] == "keras3"
    assert said == [f"{today} was made with numerics.resnet50 keras3, which is taken over in the place of 2.1.2"]
    choice = ["--set", "preprocessing=unit", "numerics.resnet50=2.1.2"]
    assert "is put into 2.1.2" in planned(today, *choice, architecture="resnet50")[1][0]
    old = h5_file(tmp_path / "2018.h5", "bn_conv1")
    _, said, settings = planned(old, "--set", "preprocessing=unit", architecture="resnet50")
    assert (said, settings["numerics.resnet50"]) == ([], "2.1.2")
    options = ["--set", "preprocessing=unit", "--numerics", "keras3"]
    _, said, _ = planned(old, *options, architecture="resnet50")
    assert said == [f"{old} was made with numerics.resnet50 2.1.2 or 2.1.6 or 2.2.2 or 2.2.4, and is put into keras3"]


def test_an_ablation_may_differ_from_the_weights_since_that_is_what_it_measures(script, photographs, tmp_path):
    path = keras_file(tmp_path / "model.keras", CAFFE)
    options = ["--data", photographs, *PLAN, "--architecture", "vgg19", "--weights", path, "--explain"]
    code, out, err = script(*options, "--compare", "preprocessing=unit", "patience=3", name="ch1_fidelity.py")
    assert code == 0, err
    settings = [line.split("|")[-2].strip() for line in out.splitlines() if line.startswith("| preprocessing")]
    assert settings == ["imagenet *", "unit", "imagenet *"]
