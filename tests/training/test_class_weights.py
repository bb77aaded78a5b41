"""`--class-weights balanced`: the weights by hand, the loss they make, and that a run records them."""

import keras
import numpy as np
import pytest
from scripts import SMALL, run_folders, write_class_folders

from arttl.recipes import off_the_shelf
from arttl.runs import RunFolder
from arttl.training import Arrays, Batches, Checkpoint, class_weights, train


def batches(class_ids, inputs, classes, size):
    return Batches(Arrays(inputs), np.arange(len(class_ids)), class_ids, classes, size)


def test_weights_by_hand():
    """Eight images: of class 0 five, of class 1 two, of class 3 one, of class 2 none: 8 / (3 x 5) and so on."""
    class_ids = np.array([0, 0, 0, 0, 0, 1, 1, 3])
    weights = class_weights(batches(class_ids, np.zeros((8, 1), "float32"), 4, 3))
    assert weights == pytest.approx({0: 8 / 15, 1: 8 / 6, 3: 8 / 3})
    assert sum(weights[each] for each in class_ids) == pytest.approx(8)  # so the learning rate keeps its meaning


@pytest.mark.slow
@pytest.mark.parametrize("numerics", ["2.1.2", "keras3"])
@pytest.mark.parametrize("weighted", ["none", "balanced"])
def test_training_loss_is_weighted_and_validation_loss_is_not(weighted, numerics, tmp_path, rng):
    inputs, class_ids = rng.normal(size=(12, 4)).astype("float32"), np.array([0] * 8 + [1] * 3 + [2])
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
    recipe = off_the_shelf(numerics=numerics, max_epochs=1, class_weights=weighted)
    recipe = recipe.changed({"optimizer.learning_rate": 0.0})  # the loss is that of the weights we know
    likelihood = model.predict(inputs, verbose=0)[np.arange(12), class_ids].astype("float64")
    by_hand = {"none": np.ones(12), "balanced": np.array([12 / 24] * 8 + [12 / 9] * 3 + [12 / 3])}[weighted]
    data = batches(class_ids, inputs, 3, 12)
    progress = train(recipe.compile(model), recipe, data, data, Checkpoint(tmp_path))
    assert progress.history[0]["loss"] == pytest.approx((-np.log(likelihood) * by_hand).mean(), rel=1e-5)
    assert progress.history[0]["val_loss"] == pytest.approx(-np.log(likelihood).mean(), rel=1e-5)


@pytest.mark.slow
def test_a_run_records_it_and_tells_frequent_from_rare_classes(script, tmp_path):
    folder = tmp_path / "museum"
    write_class_folders(folder, ["print", "drawing"], 60, seed=1)
    write_class_folders(folder, ["etching"], 20, seed=2)
    code, _, err = script("--data", folder, *SMALL, "--approach", "off-the-shelf", "--class-weights", "balanced")
    assert code == 0, err
    (path,) = run_folders(tmp_path / "runs")
    config, metrics = RunFolder(path).read_config(), RunFolder(path).metrics()
    assert config["settings"]["recipe"]["class_weights"] == "balanced"
    assert "class_weights is balanced, not none" in config["deviations"]
    images = {name: metrics[f"test_images_{name}"] for name in ("head", "middle", "tail")}
    assert images["head"] == 0
    assert sum(images.values()) == metrics["test_images"]
    assert (metrics["test_classes_middle"], metrics["test_classes_tail"]) == (2, 1)
    assert metrics["test_accuracy_head"] is None
    code, _, err = script("--data", folder, *SMALL, "--approach", "off-the-shelf")
    assert code == 2
    assert "recipe.class_weights was balanced, now none" in err
