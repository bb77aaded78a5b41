"""A network that the thesis has not is one row of a table: it is trained when asked for, and said to be a deviation."""

import pytest
from scripts import run_folders

from arttl.models import BACKBONES
from arttl.models.backbones import Backbone
from arttl.models.preprocessing import preprocessing_layer
from arttl.published.chapter1 import ARCHITECTURES
from arttl.runs import RunFolder
from arttl.thesis.runs import chapter1_runs
from arttl.transfer import TransferStudy


@pytest.fixture
def fifth(monkeypatch):
    row = Backbone("vgg_thin", "VGG-thin", "VGG19", 224, 32, 32, "tf", "https://example.org/thin.h5", "0" * 32)
    monkeypatch.setitem(BACKBONES, "vgg_thin", row)
    return row


def test_it_is_no_part_of_the_thesis(fifth, tmp_path):
    study = TransferStudy("ch1/rijks", "type", networks=())
    assert {network for network, _ in study.pairs()} == {"resnet50"}  # the demonstration's
    assert {run.network for run in chapter1_runs(tmp_path)} == set(ARCHITECTURES)


@pytest.mark.slow
def test_it_is_trained_when_asked_for_and_said_to_be_a_deviation(fifth, script, photographs, tmp_path):
    line = ["--challenge", "type", "--architecture", "vgg_thin", "--approach", "scratch", "--data", photographs]
    code, out, err = script(*line, "--image-size", "32", "--epochs", "1")
    assert code == 0, err
    assert "VGG-thin from scratch" in out
    (path,) = run_folders(tmp_path / "runs")
    assert "VGG-thin is none of the thesis' networks" in RunFolder(path).read_config()["deviations"]


def test_a_preprocessing_that_nobody_knows_is_refused(fifth):
    row = Backbone(**vars(fifth) | {"preprocessing": "torch"})
    with pytest.raises(ValueError, match="VGG-thin has preprocessing 'torch'"):
        preprocessing_layer("imagenet", row)


def test_a_study_knows_its_networks_by_their_names():
    assert TransferStudy("ch1/rijks", "type", networks=("ResNet50", "Inception-V3", "resnet50")).networks == (
        "resnet50",
        "inception_v3",
    )
