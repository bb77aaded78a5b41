"""Runs of several collections stand side by side, each found again by whoever looks for them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from scripts import SMALL, write_class_folders

from arttl.base.errors import InputError
from arttl.collections import Reading
from arttl.sweeps import Sweep
from arttl.transfer import DataSettings, TransferStudy
from arttl.transfer.places import runs_root
from arttl.transfer.saliency import SaliencyStudy
from arttl.transfer.second import source_variants


def made(root, collection, below="type/vgg19/fine-tuning/seed-42"):
    folder = Path(root, below)
    folder.mkdir(parents=True)
    settings = dict.fromkeys(("challenge", "split", "classes", "image_size", "seed"))
    config = {"settings": settings | {"collection": collection}, "versions": {}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text("{}")
    return folder


def test_the_first_collection_has_the_short_path_and_others_their_name(tmp_path):
    assert runs_root(tmp_path, "type", "mine") == tmp_path
    made(tmp_path, "clipart-a")
    assert runs_root(tmp_path, "type", "mine") == tmp_path / "mine"
    assert runs_root(tmp_path, "artist", "mine") == tmp_path  # nobody is there yet
    assert runs_root(tmp_path, "type", "clipart-a") == tmp_path
    made(tmp_path / "mine", "mine")
    assert runs_root(tmp_path, "type", "mine") == tmp_path / "mine"
    made(tmp_path, "mine", "type/resnet50/scratch/seed-1")  # of an earlier version, where they could be mixed
    assert runs_root(tmp_path, "type", "mine") == tmp_path / "mine"
    (tmp_path / "type/vgg19/fine-tuning/seed-42/config.json").write_text("{")
    assert runs_root(tmp_path, "type", "other") == tmp_path / "other"  # a damaged one says so when its turn comes


def test_what_the_second_collection_starts_from_is_ones_own_first_one_and_not_the_demonstrations(tmp_path):
    def source(data, **given):
        study = TransferStudy("ch1/antwerp", "type", data, sweep=Sweep(tmp_path))
        (variant,) = source_variants(("rijks",), given.get("runs"), None, study, "fine-tuning")
        return variant.source("vgg19", 42).run.path

    bundled, own = DataSettings(None, "clipart-b"), DataSettings(Reading(tmp_path / "antwerp"))
    first = tmp_path / "ch1" / "rijks"
    with pytest.raises(InputError, match=f"no finished run in {first}/type/vgg19/fine-tuning/seed-42"):
        source(own)
    demo = made(first, "clipart-a")
    assert source(own) == source(bundled) == demo
    mine = made(first / "mine", "mine")
    assert (source(own), source(bundled)) == (mine, demo)
    made(first / "other", "other")
    with pytest.raises(InputError, match=r"mine.* and .*other.* may both be meant; name one by source_runs="):
        source(own)
    assert source(own, runs=first / "mine") == mine


def test_maps_are_looked_for_and_kept_beside_the_collections_own_runs(tmp_path):
    study = SaliencyStudy("type", "vgg19", output=tmp_path)
    made(tmp_path / "ch1" / "rijks", "clipart-a")
    mine = replace(study, reading=Reading(tmp_path / "mine"))
    assert study.folder == tmp_path / "ch1/saliency/type/vgg19/seed-42"
    made(tmp_path / "ch1" / "rijks" / "mine", "mine")
    assert mine.folder == tmp_path / "ch1/saliency/mine/type/vgg19/seed-42"


@pytest.mark.slow
def test_one_command_after_the_other_on_different_collections(script, photographs, tmp_path):
    other = write_class_folders(tmp_path / "other", ["print", "poster", "map"], 20, seed=1)
    line = [*SMALL, "--epochs", "1", "--approach", "off-the-shelf", "--data"]
    for data in (photographs, other):
        code, _, err = script(*line, data)
        assert code == 0, err
    for name, below in (("mine", ""), ("other", "other")):
        path = Path(tmp_path, "runs/ch1/rijks", below, "type/vgg19/off-the-shelf/seed-42")
        assert json.loads((path / "config.json").read_text())["settings"]["collection"] == name
        assert (path / "metrics.json").exists()
    assert all("1 of 1 runs were finished already" in script(*line, data)[1] for data in (photographs, other))
