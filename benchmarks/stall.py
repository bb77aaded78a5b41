"""How long tf.data's autotuner holds up training between epochs: Keras' own feeding against arttl's, on TensorFlow.

    python benchmarks/stall.py

ResNet-20 at 32 pixels, 36 steps an epoch, without validation. Both sides train in turn, a `fit` of several epochs each,
so that an epoch's end is followed by another. The ratio is that of all epochs' seconds after the first, arttl's
over Keras'; the last column is the processor's time, which is the same where one only waits.
"""

import argparse
import time

from arttl.base.quietly import import_keras_quietly


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    import_keras_quietly()
    import keras
    import numpy as np

    from arttl.lottery.networks import Trainee
    from arttl.recipes import tickets
    from arttl.training import Arrays, Batches, fed

    rng = np.random.default_rng(0)
    pixels, classes = rng.integers(0, 256, (2304, 32, 32, 3), "uint8"), rng.integers(0, 10, 2304)
    batches = Batches(Arrays(pixels), np.arange(len(pixels)), classes, 10, 64)
    sides = {"Keras": lambda: batches, "arttl": lambda: fed(batches)}
    models = {side: Trainee("resnet20", 10, (32, 32, 3), tickets(batch_size=64)).model for side in sides}
    wall, processor = {side: [] for side in sides}, {side: [] for side in sides}

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.ends = []

        def on_epoch_end(self, epoch, logs=None):
            self.ends.append((time.perf_counter(), time.process_time()))

    for _ in range(options.turns):
        for side, given in sides.items():
            watch = Watch()
            models[side].fit(given(), epochs=options.epochs, shuffle=False, verbose=0, callbacks=[watch])
            spent = np.diff(np.array(watch.ends), axis=0)
            wall[side] += [*spent[:, 0]]
            processor[side] += [*spent[:, 1]]
    for side, each in wall.items():
        print(f"{side:6} {np.median(each):6.2f} s an epoch (from {min(each):.2f} to {max(each):.2f}), ", end="")
        print(f"in all {sum(each):6.1f} s, processor {sum(processor[side]):6.1f} s")
    print(f"stall: {sum(wall['arttl']) / sum(wall['Keras']):.3f}")


if __name__ == "__main__":
    main()
