"""Off-the-shelf training: cached features against plain Keras `fit` through the frozen network.

    python benchmarks/off_the_shelf.py

ResNet50 on clipart-a at 96 pixels for 20 epochs of batches of 32, validation after each. Both sides have the
decoded images and the built model in hand, train the same softmax layer with the same optimiser, and pay for
their own compilation; the cached side starts with an empty cache and so includes feature extraction.

Then processor milliseconds of a step of the head on X of 2,048 features in batches of 32, of steps executed one by one
and as a run executes them; compilation does not count.
"""

import argparse
import resource
import tempfile
import time

from arttl.base.quietly import import_keras_quietly


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--size", type=int, default=96)
    options = parser.parse_args()
    import_keras_quietly()

    from arttl import collections, splits
    from arttl.images import Decoding, ImageStore
    from arttl.recipes import off_the_shelf

    recipe = off_the_shelf(max_epochs=options.epochs, patience=options.epochs)
    with tempfile.TemporaryDirectory() as folder:
        collection = collections.bundled("clipart-a")
        split, _, _ = splits.find_or_make(collection, "type", folder=folder)
        store = ImageStore.build(collection.paths(), Decoding((options.size, options.size)), folder, progress=False)
        data = {part: (store.rows(split.ids(part)), split.class_ids(part)) for part in ("train", "validation")}
        classes = len(split.classes)
        rows = []
        for name, train in (("cached features", cached), ("plain Keras fit", plain), ("cached features", cached)):
            with tempfile.TemporaryDirectory() as cache:
                model = frozen_model(classes, options.size)
                start = time.perf_counter()
                accuracy = train(model, recipe, store, data, classes, cache)
                rows.append((name, time.perf_counter() - start, accuracy))
                print(f"{rows[-1][0]:16} {rows[-1][1]:8.1f} s   last validation accuracy {rows[-1][2]:.3f}", flush=True)
    seconds = sum(row[1] for row in rows[::2]) / 2
    print(f"off_the_shelf: {rows[1][1] / seconds:.1f} (goal 12)")
    head_steps()


def head_steps(images=8192, features=2048, classes=100, turns=5):
    """Print processor milliseconds of a step of the head, one by one and many at once, in turns, and their ratio."""
    import keras
    import numpy as np

    from arttl.recipes import off_the_shelf
    from arttl.training import Arrays, Batches, fed
    from arttl.transfer.method import HEAD_AT_ONCE

    rng, heads = np.random.default_rng(0), {}
    x = Arrays(rng.random((images, features), "float32"))
    batches = Batches(x, np.arange(images), rng.integers(0, classes, images), classes, 32, 0)
    for at_once in (1, HEAD_AT_ONCE):
        inputs = keras.Input((features,))
        head = keras.Model(inputs, keras.layers.Dense(classes, "softmax", name="head")(inputs))
        heads[at_once] = off_the_shelf().compile(head, at_once)
    spent = {at_once: [] for at_once in heads}
    for _ in range(turns + 1):  # one more, which compiles
        for at_once, head in heads.items():
            before = processor_seconds()
            head.fit(fed(batches), shuffle=False, verbose=0)
            spent[at_once].append(1000 * (processor_seconds() - before) / len(batches))
    one, many = (float(np.median(times[1:])) for times in spent.values())
    print(f"processor ms of a step of the head: {one:.2f} one by one, {many:.2f} in {HEAD_AT_ONCE} at once")
    print(f"off_the_shelf-head: {many / one:.2f} (goal 0.73)")


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def frozen_model(classes, size):
    import keras

    from arttl.models import build_classifier

    keras.utils.set_random_seed(0)
    return build_classifier("resnet50", classes, weights="bundled", trainable=False, image_size=size)


def cached(model, recipe, store, data, classes, cache):
    from arttl.training import Arrays, Batches, Checkpoint, head_model, train
    from arttl.training.features import cached_features

    features, _, _ = cached_features(model, store, cache, progress=False)
    head = recipe.compile(head_model(model))
    batches = {
        part: Batches(Arrays(features), *data[part], classes, 32, 0 if part == "train" else None) for part in data
    }
    progress = train(head, recipe, batches["train"], batches["validation"], Checkpoint(cache))
    return progress.history[-1]["val_accuracy"]


def plain(model, recipe, store, data, classes, cache):
    import keras

    arrays = {
        part: (store.read(rows), keras.utils.to_categorical(class_ids, classes))
        for part, (rows, class_ids) in data.items()
    }
    recipe.compile(model)
    history = model.fit(
        *arrays["train"], validation_data=arrays["validation"], batch_size=32, epochs=recipe.max_epochs, verbose=0
    )
    return history.history["val_accuracy"][-1]


if __name__ == "__main__":
    main()
