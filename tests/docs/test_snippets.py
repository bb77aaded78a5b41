"""The Python of README and docs/ runs as written: each page's in one namespace, from its first line to its last.

What a reader would have is made here, small, and nothing else is given: a name that a page forgets is a NameError.
"""

import re
from functools import partial

import numpy as np
import pytest
import slim
from readers_data import CLASSES, KINDS, SIDE, TARGETS, network, write_class_folders
from shared_classifiers import hand_made_run
from source_files import cifar10_python, some_batches, write_tar
from test_docs import PAGES, ROOT

import arttl
from arttl import lottery, sweeps, transfer
from arttl.pruning import TicketFile, full_masks, model_weights
from arttl.training import Arrays, Batches

SNIPPETS = {page: found for page, text in PAGES.items() if (found := re.findall(r"```python\n(.*?)```", text, re.S))}


def slim_networks(folder, patch):
    """Large networks with some of their channels; the page brings the rest."""
    slim.put_in_place(patch)
    return {}


def a_model(folder, patch):
    """A trained Keras model of the reader's, and pictures for it."""
    model = network()
    model.compile("sgd", "sparse_categorical_crossentropy")
    return {"model": model, "images": np.random.default_rng(0).integers(0, 256, (16, SIDE, SIDE, 3), "uint8")}


def a_dataset(folder, patch):
    """A model, and a tf.data.Dataset to train it with."""
    import tensorflow as tf

    names = a_model(folder, patch)
    classes = np.arange(len(names["images"])) % CLASSES
    dataset = tf.data.Dataset.from_tensor_slices((names["images"], classes)).batch(8)
    return {"model": names["model"], "dataset": dataset}


def a_search(folder, patch):
    """Batches, and a search of short rounds on a network of three convolutions."""
    patch.setattr(arttl.models, "resnet20", partial(slim.resnet20, shape=(SIDE, SIDE, 3)))
    patch.setenv("ARTTL_CHECKPOINT_SECONDS", "180")  # as readers have it, and not after each of 62 epochs
    patch.setattr(arttl.recipes, "tickets", partial(arttl.recipes.tickets, max_epochs=2, batch_size=16))
    images, classes = np.random.default_rng(0).integers(0, 256, (48, SIDE, SIDE, 3), "uint8"), np.arange(48) % 10
    parts = [Batches(Arrays(images), rows, classes[rows], 10, 16) for rows in np.split(np.arange(48), [16, 32])]
    return dict(zip(("training", "validation", "test"), parts, strict=True))


def tickets(folder, patch):
    """A file of tickets with 17 rounds, the network that they were found in, and what a round of another search has."""
    model = arttl.models.lenet_300_100(CLASSES, (4, 4, 1), seed=0)
    weights, kernel = model_weights(model), "dense_100/kernel"
    masks = full_masks({kernel: weights[kernel]})
    file = TicketFile.create(folder / "tickets.h5", weights, [kernel], rate=0.2, scope="global", metadata={})
    for number in range(1, 18):
        masks[kernel].flat[: 100 * number] = False
        file.add_round(masks, weights, {"test_accuracy": 0.5})
    return {
        **{"model": model, "weights_k": weights, "prunable": [kernel], "masks": masks},
        **{"final_weights": None, "facts": {"test_accuracy": 0.5}},
    }


def an_export(folder, patch):
    """An exported run, in a checkout."""
    (folder / "arttl").symlink_to(ROOT / "arttl")
    arttl.export_run(hand_made_run(folder / "run", labels=KINDS), folder / "shared")
    return {}


def natural_images(folder, patch):
    """CIFAR-10's archive with 40 images a batch."""
    (folder / "downloads").mkdir()
    write_tar(folder / "downloads" / "cifar-10-python.tar.gz", cifar10_python(some_batches(rows=40)))
    return {}


def targets(folder, patch):
    """Class folders with their split, as Cytomine has them."""
    for seed, part in enumerate(("train", "val", "test")):
        write_class_folders(folder / TARGETS[3] / part, KINDS, 4, size=16, seed=seed)
    return {}


def studies(folder, patch):
    """Small data; and small networks and an epoch where a study leaves that to its defaults, which take hours.

    The six runs of Chapter 1 are only listed: one is made in the test, with the functions that the page defines.
    """
    slim.put_in_place(patch)
    patch.setenv("ARTTL_CACHE", str(folder / "cache"))
    write_class_folders(folder / "my-collection", KINDS, 20, size=16)
    for seed, part in enumerate(("train", "val", "test")):
        write_class_folders(folder / "human-lba" / part, KINDS, 4, size=16, seed=seed)
    write_tar(folder / "cifar-10-python.tar.gz", cifar10_python(some_batches(rows=40)))
    patch.setattr(sweeps, "Sweep", partial(sweeps.Sweep, dry_run=True))
    small = {"epochs": 1, "image_size": 32}
    patch.setattr(transfer, "TransferStudy", partial(transfer.TransferStudy, weights="bundled", **small))
    small = {"network": "resnet20", "epochs": 1, "image_size": 8}
    search = {"rounds": 1, "rewind": 1}
    patch.setattr(lottery, "SearchStudy", partial(lottery.SearchStudy, search=search, **small))
    patch.setattr(lottery, "TicketStudy", partial(lottery.TicketStudy, rounds=(1,), **small))
    return {}


GIVEN = {  # of a page: what its reader has
    "README.md": slim_networks,
    "compaction.md": a_model,
    "data.md": targets,
    "library.md": slim_networks,
    "performance.md": a_dataset,
    "pruning.md": a_search,
    "saliency.md": a_model,
    "sharing.md": an_export,
    "sources.md": natural_images,
    "studies.md": studies,
    "tickets.md": tickets,
}
SLOW = ("README.md", "pruning.md", "studies.md")


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Run the snippets of a page; returns the names that they leave."""

    def run(name):
        monkeypatch.chdir(tmp_path)
        names = GIVEN[name](tmp_path, monkeypatch)
        for number, code in enumerate(SNIPPETS[name], 1):
            exec(compile(code, f"{name}, snippet {number}", "exec"), names)
        return names

    return run


def test_every_page_with_snippets_is_run():
    assert GIVEN.keys() == SNIPPETS.keys()


@pytest.mark.parametrize("name", sorted(GIVEN.keys() - {*SLOW, "library.md"}))
def test_the_snippets_of_a_page_run(name, page):
    page(name)


@pytest.mark.slow
def test_those_of_the_library(page):
    """Freezing, thawing, augmentation, a model within the model."""
    names = page("library.md")
    assert names["maps"].shape == (8, 32, 32)
    assert names["features"].shape == (8, 32)  # the last convolution's channels, 512 in the whole VGG19
    assert len(names["augmenting"].trainable_weights) == 6  # of two convolutions and the head
    assert names["flat"].get_layer("block5_conv4") is names["model"].get_layer("block5_conv4")


@pytest.mark.slow
def test_those_of_readme(page):
    names = page("README.md")
    assert len(names["history"].history["val_loss"]) == 2
    assert names["model"].output_shape == (None, len(names["split"].classes))


@pytest.mark.slow
def test_those_of_pruning(page, tmp_path, capsys):
    names = page("pruning.md")
    assert capsys.readouterr().out.startswith("0.488\n")
    assert (tmp_path / "ticket.keras").exists()
    assert names["tickets"].rounds == 30


@pytest.mark.slow
def test_those_of_studies(page, capsys):
    names = page("studies.md")
    assert len(re.findall(r"to do +runs/ch1/mine/", capsys.readouterr().out)) == 6
    own = transfer.TransferStudy("ch1/own", "type", names["study"].data, ("resnet50",), ("fine-tuning",))
    own.do(names["network"], names["method"])
    assert len(own.results().splitlines()) == 3
