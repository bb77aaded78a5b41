"""Train the bundled ResNet50 on the clipart in neither collection, pruning it on the way.

    python tools/make_clipart.py --rest clipart-rest.npz
    python tools/train_bundled_weights.py clipart-rest.npz --output trained.weights.npz
    python tools/pack_bundled_weights.py trained.weights.npz

Types alone are poor teachers on 3,000 drawings: after ten epochs their features stood below those of an
untrained network. So folder, artist, keywords and classical descriptors of shape and colour are trained
beside them. Magnitude pruning by arttl.pruning starts a third of the way and follows the cubic schedule of
Zhu and Gupta (2017). On two cores 50 epochs take about an hour.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np
from descriptors import colour_descriptor, shape_descriptor
from PIL import Image

from arttl.pruning import hold_masks, magnitude_masks, prunable_kernels

GROUPS = {"type": 8, "folder": 8, "artist": 8}  # single labels and the fewest drawings a class needs
FEWEST_OF_SUBJECT = 10
DESCRIPTORS = {"shape": shape_descriptor, "colour": colour_descriptor}
LOSS_WEIGHTS = {"type": 1.0, "folder": 0.7, "artist": 0.3, "subjects": 20.0, "shape": 5.0, "colour": 3.0}
LOSSES = {"subjects": "binary_crossentropy", "shape": "mean_squared_error", "colour": "mean_squared_error"}
ACTIVATIONS = {"subjects": "sigmoid", "shape": "linear", "colour": "linear"}


def main():
    options = parse_options()
    keras.utils.set_random_seed(options.seed)
    rest = dict(np.load(options.rest))
    targets, weights = make_targets(rest)
    batches = Drawings(rest["pixels"], targets, weights, rest["type"], options)
    model = make_model({name: target.shape[1] for name, target in batches[0][1].items()})
    steps = options.epochs * len(batches)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=options.rate, warmup_steps=200)
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=0.05),
        loss={name: LOSSES.get(name, "categorical_crossentropy") for name in LOSS_WEIGHTS},
        loss_weights=LOSS_WEIGHTS,
        weighted_metrics={"type": ["accuracy"], "folder": ["accuracy"]},
        jit_compile=False,
    )
    callbacks = [GradualPruning(options), Save(options.output, every=2)]
    model.fit(batches, epochs=options.epochs, callbacks=callbacks, verbose=2)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rest", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--size", type=int, default=64, help="pixels of the random crops")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--sparsity", type=float, default=0.98)
    parser.add_argument("--seed", type=int, default=42)
    return parser.parse_args()


def make_targets(rest):
    """One-hot or multi-hot targets and sample weights (0 where a drawing lacks a label of that kind)."""
    targets, weights = {}, {}
    for name, fewest in GROUPS.items():
        classes, counts = np.unique(rest[name], return_counts=True)
        classes = classes[(counts >= fewest) & (classes != "") & (classes != "unsorted")]
        targets[name] = (rest[name][:, None] == classes).astype("float32")
        weights[name] = targets[name].sum(axis=1)
    words = [set(text.split("|")) - {""} for text in rest["subjects"]]
    vocabulary, counts = np.unique([word for each in words for word in each], return_counts=True)
    vocabulary = vocabulary[counts >= FEWEST_OF_SUBJECT]
    targets["subjects"] = np.array([[word in each for word in vocabulary] for each in words], "float32")
    weights["subjects"] = (targets["subjects"].sum(axis=1) > 0).astype("float32")
    return targets, weights


class Drawings(keras.utils.PyDataset):
    """Augmented batches; drawings of common types are drawn less often (square root of the frequency)."""

    def __init__(self, pixels, targets, weights, types, options):
        super().__init__(workers=1)
        self.pixels, self.targets, self.weights, self.options = pixels, targets, weights, options
        _, index, counts = np.unique(types, return_inverse=True, return_counts=True)
        self.probability = 1 / np.sqrt(counts[index])
        self.probability /= self.probability.sum()
        self.rng = np.random.default_rng(options.seed)
        self.on_epoch_end()
        sample = np.stack([augment(pixels[row], options.size, self.rng) for row in self.order[:512]])
        found = {name: describe(sample) for name, describe in DESCRIPTORS.items()}
        self.scale = {name: (value.mean(axis=0), value.std(axis=0) + 1e-3) for name, value in found.items()}

    def on_epoch_end(self):
        self.order = self.rng.choice(len(self.pixels), len(self.pixels), p=self.probability)

    def __len__(self):
        return len(self.pixels) // self.options.batch

    def __getitem__(self, index):
        rows = self.order[index * self.options.batch : (index + 1) * self.options.batch]
        images = np.stack([augment(self.pixels[row], self.options.size, self.rng) for row in rows])
        targets = {name: target[rows] for name, target in self.targets.items()}
        weights = {name: weight[rows] for name, weight in self.weights.items()}
        for name, describe in DESCRIPTORS.items():
            mean, deviation = self.scale[name]
            targets[name] = np.clip((describe(images) - mean) / deviation, -3, 3)
            weights[name] = np.ones(len(rows), "float32")
        return images, targets, weights


def augment(pixels, size, rng):
    """A random crop, mirrored or not, with changed colours; float32 of shape (size, size, 3) in [0, 1]."""
    side = pixels.shape[0]
    area, ratio = rng.uniform(0.5, 1.0), np.exp(rng.uniform(-0.3, 0.3))
    width, height = (min(side, side * np.sqrt(area * r)) for r in (ratio, 1 / ratio))
    left, top = rng.uniform(0, side - width), rng.uniform(0, side - height)
    image = Image.fromarray(pixels)
    if rng.random() < 0.3:
        image = image.rotate(rng.uniform(-20, 20), Image.Resampling.BILINEAR, fillcolor="white")
    box = (left, top, left + width, top + height)
    image = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box), "float32") / 255
    if rng.random() < 0.5:
        image = image[:, ::-1]
    if rng.random() < 0.3:
        image = image[..., rng.permutation(3)]
    if rng.random() < 0.1:
        image = np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1)
    return np.clip(image * rng.uniform(0.7, 1.1) + rng.uniform(-0.1, 0.1), 0, 1)


def make_model(sizes):
    backbone = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(None, None, 3))
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    heads = {
        name: keras.layers.Dense(size, ACTIVATIONS.get(name, "softmax"), name=name)(backbone.output)
        for name, size in sizes.items()
    }
    return keras.Model(backbone.input, heads)


class GradualPruning(keras.callbacks.Callback):
    """Raise the sparsity from epochs/3 to 2 epochs/3, four times an epoch: s = S (1 - (1 - t)^3)."""

    def __init__(self, options):
        super().__init__()
        self.options, self.seen = options, 0

    def on_train_begin(self, logs=None):
        self.held = hold_masks(self.model, prunable_kernels(self.model))

    def on_train_batch_end(self, batch, logs=None):
        steps = self.params["steps"]
        self.seen += 1
        time = (self.seen / (steps * self.options.epochs) - 1 / 3) * 3
        if time <= 0 or self.seen % (steps // 4) or time > 1 + 1 / self.options.epochs:
            return
        self.prune(self.options.sparsity * (1 - (1 - min(time, 1.0)) ** 3))

    def prune(self, sparsity):
        kernels = prunable_kernels(self.model)  # on JAX, asking for the model brings its weights up to date
        values = {key: keras.ops.convert_to_numpy(kernel) for key, kernel in kernels.items()}
        masks = magnitude_masks(values, sparsity)
        self.held.assign(masks)
        for key, kernel in kernels.items():
            kernel.assign(values[key] * masks[key])
        self.sparsity = sparsity

    def on_epoch_end(self, epoch, logs=None):
        print(f"sparsity {getattr(self, 'sparsity', 0.0):.4f}", flush=True)


class Save(keras.callbacks.Callback):
    """Keep the backbone's variables, by path, as an npz file."""

    def __init__(self, path, every):
        super().__init__()
        self.path, self.every = path, every

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every and epoch + 1 != self.params["epochs"]:
            return
        layers = [layer for layer in self.model.layers if layer.name not in LOSS_WEIGHTS]
        arrays = {v.path: keras.ops.convert_to_numpy(v) for layer in layers for v in layer.weights}
        partial = self.path.with_suffix(".partial.npz")
        np.savez(partial, **arrays)
        partial.replace(self.path)


if __name__ == "__main__":
    main()
