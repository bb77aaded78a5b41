"""Data as the caller has them train as the same images in Batches do, to the bit."""

import keras
import numpy as np
import pytest
from small_training import CLASSES, data, small_model, without_times
from tiny_search import SIDE, tiny_network

from arttl import extract_features, recipes
from arttl.base.errors import InputError
from arttl.pruning import SearchSettings, find_tickets
from arttl.training import Arrays, Batches, Checkpoint, as_batches, predict, train

TENSORFLOW = keras.backend.backend() == "tensorflow"
RECIPE = recipes.tickets(max_epochs=2, batch_size=16)


@pytest.fixture(scope="module")
def parts():
    """Training and validation: images and class ids."""
    source, ids = data()
    return (source.array[:60], ids[:60]), (source.array[60:], ids[60:])


def batches(part, shuffle_seed=None):
    images, ids = part
    return Batches(Arrays(images), np.arange(len(ids)), ids, CLASSES, 16, shuffle_seed)


class Own(keras.utils.PyDataset):
    """A PyDataset with class ids, that counts the ends of epochs and reverses its batches at each."""

    def __init__(self, part):
        super().__init__()
        self.batches, self.epochs = batches(part), 0

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        images, labels = self.batches[index if self.epochs % 2 == 0 else len(self) - 1 - index]
        return images, labels.argmax(axis=1)

    def on_epoch_end(self):
        self.epochs += 1


class Listed:
    """Batches as any other iterable that can be read again, such as a DataLoader."""

    def __init__(self, batches):
        self.batches = [batches[index] for index in range(len(batches))]

    def __iter__(self):
        return iter(self.batches)


def of_tensorflow(part):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((part[0], np.eye(CLASSES, dtype="float32")[part[1]])).batch(16)


def history(training, validation, folder, **options):
    progress = train(small_model(RECIPE), RECIPE, training, validation, Checkpoint(folder), **options)
    return without_times(progress).to_dict("list")


@pytest.fixture(scope="module")
def in_order(parts, tmp_path_factory):
    """The history of training on Batches that are not reordered."""
    return history(batches(parts[0]), batches(parts[1]), tmp_path_factory.mktemp("ours"))


@pytest.mark.core
def test_arrays_are_batches_in_the_order_of_the_seed(parts, tmp_path):
    (images, ids), validation = parts
    expected = history(batches(parts[0], 7), batches(validation), tmp_path / "ours")
    one_hot = images, np.eye(CLASSES)[ids]
    assert history(one_hot, validation, tmp_path / "theirs", seed=7) == expected


@pytest.mark.slow
@pytest.mark.core
def test_a_dataset_of_tensorflow_of_known_or_unknown_length(parts, in_order, tmp_path):
    training = of_tensorflow(parts[0])
    assert history(training, of_tensorflow(parts[1]), tmp_path / "known") == in_order
    unknown = training.filter(lambda images, labels: True)
    assert history(unknown, parts[1], tmp_path / "unknown") == in_order


@pytest.mark.slow
@pytest.mark.core
def test_a_pydataset_goes_on_from_epoch_to_epoch_and_when_resumed(parts, in_order, tmp_path):
    whole = history(Own(parts[0]), Own(parts[1]), tmp_path / "whole")
    assert whole["loss"][0] == in_order["loss"][0]
    assert whole["loss"][1] != in_order["loss"][1]  # its second epoch has another order

    def killed(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        history(Own(parts[0]), Own(parts[1]), tmp_path / "parts", report=killed)
    assert history(Own(parts[0]), Own(parts[1]), tmp_path / "parts") == whole


@pytest.mark.core
def test_predictions_and_features_of_all_of_them_are_the_same(parts):
    model, (images, ids) = small_model(RECIPE), parts[1]
    expected, features = model.predict(images, verbose=0), extract_features(model, Arrays(images), progress=False)
    assert features.shape == (30, 4)
    for given in (Own(parts[1]), of_tensorflow(parts[1])):
        np.testing.assert_allclose(predict(model, as_batches(given, model, RECIPE)), expected, rtol=1e-5)
        np.testing.assert_allclose(extract_features(model, given, progress=False), features, rtol=1e-5)
        np.testing.assert_array_equal(as_batches(given, model, RECIPE).class_ids, ids)
    np.testing.assert_array_equal(extract_features(model, images, rows=[3, 4], progress=False), features[[3, 4]])
    np.testing.assert_allclose(extract_features(model, Listed(batches(parts[1])), progress=False), features, rtol=1e-5)
    with pytest.raises(InputError, match="a dataset has none; leave rows out"):
        extract_features(model, Own(parts[1]), rows=[1])


@pytest.mark.slow
def test_a_search_takes_them_and_finds_the_same_tickets(tmp_path):
    rng = np.random.default_rng(0)
    images, ids = rng.integers(0, 255, (48, SIDE, SIDE, 3)).astype("uint8"), rng.integers(0, 4, 48)
    recipe, settings = recipes.tickets(max_epochs=1, batch_size=16), SearchSettings(rounds=1, rewind=1)
    ours = [Batches(Arrays(images), rows, ids[rows], 4, 16) for rows in np.split(np.arange(48), [32])]
    found = [
        find_tickets(recipe.compile(tiny_network()), recipe, *parts, tmp_path / name, settings, test=parts[1], log=str)
        for name, parts in {"ours": ours, "theirs": [Listed(each) for each in ours]}.items()
    ]
    one, other = found
    assert one.facts(1)["test_accuracy"] == other.facts(1)["test_accuracy"]
    for key, mask in one.read_masks(1).items():
        np.testing.assert_array_equal(other.read_masks(1)[key], mask)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((batch for batch in ()), "data are generator, which cannot be read again each epoch; give Batches, a pair"),
        ((np.zeros((2, 8, 8, 1)), np.zeros(2), np.ones(2)), "3 arrays are no .* weights of images are not taken"),
        ((np.zeros((3, 8, 8, 1)), np.zeros(2, int)), "3 inputs have 2 labels"),
        ((np.zeros((1, 8, 8, 1)), np.array([3])), r"do not fit a model of 3 classes; give whole numbers from 0 to 2"),
        ((np.zeros((1, 8, 8, 1)), np.array([[0.5, 0.5, 0]])), r"rows of 3 with a single 1"),
    ],
)
def test_what_cannot_be_trained_on_is_said(given, message):
    with pytest.raises(InputError, match=message):
        as_batches(given, small_model(RECIPE), RECIPE)


@pytest.mark.skipif(not TENSORFLOW, reason="tf.data is TensorFlow's")
def test_datasets_without_end_or_batches_are_told(parts):
    model = small_model(RECIPE)
    with pytest.raises(InputError, match=r"the data are single images; .* dataset.batch\(32\)"):
        as_batches(of_tensorflow(parts[0]).unbatch(), model, RECIPE)
    with pytest.raises(InputError, match=r"have no end; leave out repeat\(\)"):
        len(as_batches(of_tensorflow(parts[0]).repeat(), model, RECIPE))
