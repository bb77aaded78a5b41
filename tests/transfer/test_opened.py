"""All of Chapter 1 opens each collection once, and identifies its files once, however many studies it has."""

import pickle

import pytest
from scripts import write_class_folders

from arttl import collections
from arttl.base.errors import InputError
from arttl.collections import Reading
from arttl.splits.drawing import Drawing
from arttl.sweeps import Sweep
from arttl.transfer import data as data_module
from arttl.transfer import everything
from arttl.transfer.data import DataSettings, Opened
from arttl.transfer.everything import Chapter1
from arttl.transfer.saliency import SaliencyStudy, read_images
from arttl.transfer.study import TransferStudy


@pytest.fixture
def museum(tmp_path):
    """Class folders of JPEGs, and beside them rows that name a type and an artist of each."""
    folder = write_class_folders(tmp_path / "museum", ["a", "b"], 20)
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))
    rows = "".join(f"{name},{name[0]},{name[0]} {row % 2}\n" for row, name in enumerate(names))
    (folder / "metadata.csv").write_text(f"ImageId,dc_type,dc_creator\n{rows}", encoding="utf-8")
    return folder


@pytest.fixture
def calls(monkeypatch):
    """The challenges that collections are opened for from now on, and how many files are identified each time."""
    opened, identified = [], []
    open_collection, identify_files = collections.open_collection, data_module.identify_files

    def opening(*args, challenge, **given):
        opened.append(challenge)
        return open_collection(*args, challenge=challenge, **given)

    def identifying(paths, *args):
        identified.append(len(paths))
        return identify_files(paths, *args)

    monkeypatch.setattr(collections, "open_collection", opening)
    monkeypatch.setattr(data_module, "identify_files", identifying)
    return opened, identified


def test_chapter_1_opens_each_collection_once(museum, tmp_path, calls, monkeypatch):
    reported = []
    monkeypatch.setattr(
        everything, "make_report", lambda *_, opened_already: reported.append(opened_already(museum, None))
    )
    monkeypatch.setattr(everything, "do_steps", lambda steps: [do() for _, do in steps])
    monkeypatch.setattr(TransferStudy, "do", lambda study, *_: study.divided(study.open(), "thesis"))
    options = {"networks": ("resnet50",), "weights": "bundled", "sweep": Sweep(output=tmp_path / "runs")}
    drawing = Drawing(splits=tmp_path / "splits")
    chapter = Chapter1.of(museum, museum, ("type", "artist"), cache=tmp_path / "cache", drawing=drawing, **options)
    opened, identified = calls
    chapter.do(None, None)
    assert (opened, identified) == (["type"], [40])
    assert set(reported[0].challenges) == {"type", "artist"}
    chapter.do(None, None)
    assert opened == ["type", "type"]  # nothing is kept beyond a command: folders change


def test_what_has_but_the_challenge_asked_for_is_opened_for_each(tmp_path, calls):
    reading, opened = Reading(write_class_folders(tmp_path / "mine", ["a", "b"], 3)), Opened()
    found = [opened.collection(reading, challenge) for challenge in ("type", "artist", "type", None)]
    assert calls[0] == ["type", "artist"]
    assert [each.challenges for each in found] == [("type",), ("artist",), ("type",), ("type",)]
    files = [opened.files(each, None) for each in found]
    assert calls[1] == [6]
    assert files[1] is files[0]


def test_a_figure_takes_the_collection_that_is_open(museum, calls):
    settings = {"collection": "museum", "image_size": 8, "recipe": {"resize": "nearest", "decoding": "upright"}}
    opened, reading = Opened(), Reading(museum)
    opened.collection(reading, "artist")
    ids = opened.collection(reading, "type").table.image_id[:2]
    images, pictures = read_images(reading, "type", settings, ids, opened)
    assert images.shape == (2, 8, 8, 3)
    assert len(pictures) == 2
    assert calls[0] == ["artist"]
    chapter = Chapter1.of(museum, challenges=("artist",), networks=("vgg19",))
    (figure,) = everything.replace(chapter, first=everything._sharing(chapter.first, opened)).figures()
    assert isinstance(figure, SaliencyStudy)
    assert figure.opened is opened


def test_another_process_opens_anew(museum, calls):
    opened = Opened()
    settings = DataSettings(Reading(museum), opened=opened)
    assert settings.open("type") is settings.open("type")
    sent = pickle.loads(pickle.dumps(settings))
    assert len(pickle.dumps(settings)) < 2000
    sent.open("type")
    assert calls[0] == ["type", "type"]
    with pytest.raises(InputError, match="material"):
        settings.open("material")
