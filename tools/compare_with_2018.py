"""Print how near arttl, and today's Keras, come to the recordings: the table of docs/fidelity.md.

python tools/compare_with_2018.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from references2018 import OF_2018, cases, reference, relative
from test_keras2018 import (
    RECIPES,
    CategoricalCrossentropy2018,
    keras,
    loss_and_gradient,
    trained_head,
    trained_net,
    worst,
)
from test_networks2018 import features

from arttl.base.markdown import markdown_table


def main():
    rows = [
        ("softmax layer, 600 steps of RMSprop", "1e-5", *both(head, ("rmsprop_1e-8", "rmsprop_default"))),
        ("softmax layer, 600 steps of SGD", "1e-5", *both(head, ("sgd_nesterov", "sgd_released"))),
        ("cross-entropy 40 nats down", "1e-5", *both(loss, ())),
        ("BatchNormalization net, frozen, 100 steps", "1e-4", *both(net, ("frozen",))),
        ("BatchNormalization net, trainable, 100 steps", "5e-4", *both(net, ("trainable",))),
    ]
    for key, (name, side) in cases.NETWORKS.items():
        rows.append((f"X of {name} at {side} pixels", "1e-4", *both(network, (key,))))
    print(markdown_table(("what", "limit", "arttl", "today's Keras"), rows))


def both(measure, names):
    """The worst difference over names and eras, with arttl's era and with keras3, as texts."""
    cells = []
    for today in (False, True):
        found = [measure(era, "keras3" if today else era, name) for era in OF_2018 for name in names or ("",)]
        least, most = min(found), max(found)
        cells.append(f"{most:.0e}" if most < 10 * least or most < 1e-4 else f"{least:.0e} to {most:.0e}")
    return cells


def head(era, numerics, name):
    found = trained_head(RECIPES[name].changed({"numerics": numerics}))[600]
    return max(
        relative(weights, reference(era)[f"head/{name}/600/{part}"])
        for part, weights in zip(("kernel", "bias"), found, strict=True)
    )


def loss(era, numerics, _):
    kind = keras.losses.CategoricalCrossentropy if numerics == "keras3" else CategoricalCrossentropy2018
    value, _ = loss_and_gradient(kind(), cases.loss_case(), "logits")
    expected = reference(era)["loss/logits/value"][0]
    return float(np.abs(value[0] - expected) / expected)


def net(era, numerics, kind):
    return max(worst(trained_net(numerics, kind == "trainable"), reference(era), kind))


def network(era, numerics, key):
    return relative(features(key, numerics), reference(era)[f"features/{key}"])


if __name__ == "__main__":
    main()
