"""How far saliency maps can be believed: the table of docs/saliency.md, on the planted patches of the tests.

python tools/measure_saliency.py
"""

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np

from arttl.base.quietly import import_keras_quietly

IMAGES, COMPARED = 100, 40  # for the pointing game and the areas; for the rank correlations
HEADER = ("", "pointing game", "insertion area", "deletion area", "rank correlation with random weights (floor)")


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    import_keras_quietly()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import saliency_measures
    from planted_patches import PATCH, SIDE, network, planted, trained_network

    from arttl.base.markdown import markdown_table
    from arttl.saliency import grad_cam, smooth_grad, visual_backprop

    images, class_ids, boxes = planted(IMAGES, seed=1)
    model, untrained = trained_network(), [network(seed) for seed in (1, 2, 3)]
    right = (model.predict(images, verbose=0).argmax(axis=1) == class_ids).mean()
    print(f"accuracy {right:.0%}; chance in the pointing game {(PATCH / SIDE) ** 2:.2f}\n")
    methods = {"VisualBackProp": visual_backprop, "Grad-CAM": grad_cam, "SmoothGrad": smooth_grad}
    maps = {name: method(model, images) for name, method in methods.items()}
    maps |= {"Sobel": saliency_measures.sobel_maps(images), "random": saliency_measures.random_maps(images.shape[:3])}
    rows = []
    for name, each in maps.items():
        insertion = saliency_measures.insertion_curve(model, images, each, class_ids).areas.mean()
        deletion = saliency_measures.deletion_curve(model, images, each, class_ids).areas.mean()
        numbers = [f"{value:.2f}" for value in (saliency_measures.pointing_game(each, boxes), insertion, deletion)]
        rows.append(
            [name, *numbers, against_random(methods.get(name), model, untrained, images, class_ids, saliency_measures)]
        )
    print(markdown_table(HEADER, rows))


def against_random(method, model, untrained, images, class_ids, saliency_measures):
    """How alike the maps of trained and of random weights are, and, in brackets, those of random weights among them."""
    if method is None:
        return ""
    images, class_ids = images[:COMPARED], class_ids[:COMPARED]
    asked = () if method.__name__ == "visual_backprop" else (class_ids,)
    ours, *random = (method(each, images, *asked) for each in (model, *untrained))

    def similarity(one, other):
        return np.nanmean(saliency_measures.rank_correlation(one, other))

    found = np.mean([similarity(ours, each) for each in random])
    floor = np.mean([similarity(*pair) for pair in itertools.combinations(random, 2)])
    return f"{found:.2f} ({floor:.2f})"


if __name__ == "__main__":
    main()
