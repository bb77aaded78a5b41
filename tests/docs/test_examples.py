"""The examples in docstrings run, and give what they say. What they take for granted is made here, small."""

import doctest
import importlib
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from readers_data import CLASSES, SIDE, network

import arttl
from arttl.pruning import TicketFile, full_masks, model_weights
from arttl.runs import RunFolder
from arttl.training import Arrays, Batches

PACKAGE = Path(arttl.__file__).parent
NOT_RUN = {
    "arttl.transfer.study.TransferStudy": "takes a study's data and hours",
    "arttl.lottery.search.SearchStudy": "takes a study's data and hours",
    "arttl.models.belongings.what_weights_need": "takes a finished run",
    "arttl.models.classifier.build_classifier": "downloads ImageNet's weights",
    "arttl.sharing.classifier.load_classifier": "takes an exported run",
    "arttl.sharing.export.export_run": "takes a finished run",
}
IMAGES = 16


def examples():
    """Every docstring with an example, as doctest has it."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if ">>>" in path.read_text(encoding="utf-8")]
    names = [".".join(("arttl", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in paths]
    modules = [importlib.import_module(name) for name in names]
    return [each for module in modules for each in doctest.DocTestFinder().find(module) if each.examples]


EXAMPLES = {each.name: each for each in examples()}


def tickets_of_lenet(path):
    """A file of tickets with 17 rounds, in which nothing is pruned."""
    weights = model_weights(arttl.models.lenet_300_100(seed=0))
    file = TicketFile.create(path, weights, ["dense_100/kernel"], rate=0.2, scope="global", metadata={})
    masks = full_masks({"dense_100/kernel": weights["dense_100/kernel"]})
    for _ in range(17):
        file.add_round(masks, None, {})


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """The names and files of the examples: a function of the example's name."""
    rng = np.random.default_rng(0)
    images, classes = rng.integers(0, 256, (IMAGES, SIDE, SIDE, 3), "uint8"), np.arange(IMAGES) % CLASSES
    batches = Batches(Arrays(images), np.arange(IMAGES), classes, CLASSES, 8)

    def make(name):
        folder = tmp_path_factory.mktemp("example")
        model = network()
        model.compile("sgd", "categorical_crossentropy")
        if "nonzero_masks" in name:
            model.save(folder / "ticket.keras")
        if "load_ticket" in name:
            tickets_of_lenet(folder / "tickets.h5")
        run = RunFolder(folder / "run")
        run.path.mkdir()
        run.write_config({"settings": {}})
        kernel = {"conv/kernel": rng.normal(size=(3, 3, 3, 8)).astype("float32")}
        return folder, {
            "arttl": arttl,
            "keras": keras,
            "np": np,
            "model": model,
            "recipe": arttl.recipes.tickets(max_epochs=2, batch_size=8),
            "training": batches,
            "validation": batches,
            "images": images,
            "x": images,
            "y": np.eye(CLASSES)[classes],
            "weights": kernel,
            "masks": full_masks(kernel),
            "folder": run,
        }

    return make


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - NOT_RUN.keys()))
def test_an_example_gives_what_it_says(name, given, monkeypatch):
    test = EXAMPLES[name]
    folder, names = given(name)
    monkeypatch.chdir(folder)
    said = []
    doctest.DocTestRunner().run(
        doctest.DocTest(test.examples, names | test.globs, test.name, test.filename, test.lineno, test.docstring),
        out=said.append,
    )
    assert "".join(said) == ""


def test_what_is_not_run_is_there():
    assert NOT_RUN.keys() <= EXAMPLES.keys()


def test_docstrings_have_one_dialect():
    other = re.compile(r"^\s+(Args|Parameters|Returns|Raises|Examples|Yields):\s*$", re.M)
    found = {path.name for path in PACKAGE.rglob("*.py") if other.search(path.read_text(encoding="utf-8"))}
    assert found == set()
