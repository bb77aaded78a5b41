"""What a fine-tuning step of ResNet50 consists of, at several image sizes: forward, backward, update; TensorFlow.

    python benchmarks/step_parts.py

By the thesis' recipe with today's numerics, in batches of 32. The parts are differences: forward in training, with the
gradients, and the whole step. "Convolutions" is the time of the network's 53 convolutions alone, forward and backward,
one after the other on maps of the right shape; the rest is BatchNormalization, ReLU, sums, pooling and everything
around. Sides take turns. The ratio is the step's time at the smallest size over its share of the largest's
arithmetic: 1 would be a step that costs what its arithmetic does.
"""

import argparse
import time

from arttl.base.quietly import import_keras_quietly

PARTS = ("forward", "gradients", "step", "convolutions")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96, 224])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    import_keras_quietly()
    found = {size: measure(size, options) for size in sorted(options.sizes)}
    print("pixels  forward  backward  update    step  convolutions   rest")
    for size, each in found.items():
        parts = (each["forward"], each["gradients"] - each["forward"], each["step"] - each["gradients"], each["step"])
        rest = each["step"] - each["convolutions"]
        print(f"{size:6}  {parts[0]:7.3f}  {parts[1]:8.3f}  {parts[2]:6.3f}  {parts[3]:6.3f}", end="")
        print(f"  {each['convolutions']:12.3f}  {rest:5.3f}", flush=True)
    least, most = min(found), max(found)
    ratio = found[least]["step"] / (found[most]["step"] * (least / most) ** 2)
    print(f"step_parts: {ratio:.2f}, of the convolutions alone ", end="")
    print(f"{found[least]['convolutions'] / (found[most]['convolutions'] * (least / most) ** 2):.2f}")


def measure(size, options):
    """The median seconds of each of PARTS."""
    import numpy as np
    import tensorflow as tf

    from arttl.models import build_classifier
    from arttl.recipes import fine_tuning

    rng = np.random.default_rng(0)
    pixels = tf.constant(rng.random((options.batch, size, size, 3), "float32"))
    labels = tf.one_hot(rng.integers(0, 10, options.batch), 10)
    model = build_classifier("resnet50", 10, weights="bundled", image_size=size, numerics="keras3")
    fine_tuning(numerics="keras3").compile(model)
    layers = [layer for layer in model.layers if layer.name.endswith("_conv")]
    maps = [(tf.constant(rng.random((options.batch, *layer.input.shape[1:]), "float32")), layer) for layer in layers]

    @tf.function(jit_compile=False)
    def forward():
        return tf.reduce_mean(model.compute_loss(y=labels, y_pred=model(pixels, training=True)))

    @tf.function(jit_compile=False)
    def gradients():
        with tf.GradientTape() as tape:
            loss = model.compute_loss(y=labels, y_pred=model(pixels, training=True))
        return tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    @tf.function(jit_compile=False)
    def convolutions():
        found = []
        for each, layer in maps:
            with tf.GradientTape() as tape:
                tape.watch(each)
                result = tf.reduce_sum(layer(each))
            found.append(tape.gradient(result, [each, layer.kernel.value]))
        return found

    sides = dict(
        zip(PARTS, (forward, gradients, lambda: model.train_on_batch(pixels, labels), convolutions), strict=True)
    )
    seconds = {name: [] for name in PARTS}
    for turn in range(options.turns + 2):
        for name, do in sides.items():
            begun = time.perf_counter()
            do()
            if turn > 1:  # the first compile
                seconds[name].append(time.perf_counter() - begun)
    return {name: float(np.median(each)) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
