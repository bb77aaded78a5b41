"""Where a run departs from the study it reproduces, in words; docs/fidelity.md explains each."""

from __future__ import annotations

from pathlib import Path

from arttl.models import get_backbone
from arttl.models.belongings import TODAY, what_weights_need
from arttl.models.weights import bundled_file
from arttl.published.chapter1 import ARCHITECTURES
from arttl.recipes import get_recipe
from arttl.recipes.overrides import departures

SMALLEST_RESNET50 = 197  # pixels, in Keras up to 2.2.2


def deviations(spec, data):
    """The departures that apply to one run, for its config.json.

    Arguments:
        spec: a RunSpec.
        data: the CollectionData.

    Returns a list of lines.
    """
    backbone, recipe, split = get_backbone(spec.architecture), spec.recipe, data.split
    transferred = spec.source is not None and spec.source.run is not None
    unknown = data.collection.settings.get("unknown_labels")
    graph = recipe.numerics.resnet50 if spec.architecture == "resnet50" else "keras3"
    conditions = {
        f"Keras {graph} took no image under {SMALLEST_RESNET50} pixels; ResNet50's last pooling may be left out": (
            graph in ("2.1.2", "2.1.6", "2.2.2") and spec.image_size < SMALLEST_RESNET50
        ),
        f"{backbone.title} is none of the thesis' networks": spec.architecture not in ARCHITECTURES,
        _other_graph(spec, graph): True,
        "on a GPU, products may be rounded to TF32": recipe.numerics.is_today,
        f"image size is {spec.image_size}, not {backbone.input_size}": spec.image_size != backbone.input_size,
        f"starts from {spec.weights} weights, not ImageNet's": (
            not transferred and spec.weights != ("none" if recipe.approach == "scratch" else "imagenet")
        ),
        "the bundled weights were trained on pixels in [0, 1]": (
            spec.weights == "bundled" and recipe.preprocessing != "unit"
        ),
        f"labels that count as unknown: {unknown}": unknown is not None,
        f"{spec.classifier} on X, in settings of this project's": spec.classifier != "softmax",
        f"so large, {spec.classifier} is solved otherwise: {spec.solver(data)}": bool(spec.solver(data)),
        _cut(data.collection.made.get("cut")): True,
        f"classes with fewer than {split.settings['min_images']} images were left out": split.settings["min_images"]
        > 1,
        f"duplicates are kept in one part of the split ({len(split.groups):,} groups)": "grouped" in split.settings,
        "the split came with the data": split.settings["given"],
        f"the split's seed is {split.settings['seed']}, not 42": split.settings["seed"] not in (42, None),
    }
    lines = _changed_settings(spec) + [line for line, applies in conditions.items() if line and applies]
    lines += spec.computing.deviations
    return lines + (_of_the_source(spec) if transferred else [])


def _of_the_source(spec):
    """The departures of the run that the network comes from, without those that this run shares."""
    return [f"the source: {line}" for line in spec.source.run.read_config()["deviations"]]


def _cut(cut):
    """A line for a target that was cut out of a larger collection."""
    if cut is None:
        return ""
    smaller = ", ".join(f"{name} {cut[name]}" for name in ("images", "classes", "skip") if name in cut)
    what = f"{cut.get('target')}{f' ({smaller})' if smaller else ''}"
    return f"{what} was cut by this project's rule {cut.get('rule')}: the thesis does not say which images it took"


def _other_graph(spec, graph):
    """A line where ResNet50's weights come from a graph of another time than the one they are loaded into."""
    if spec.architecture != "resnet50" or spec.weights in ("imagenet", "none"):
        return ""
    path = bundled_file(spec.architecture) if spec.weights == "bundled" else Path(spec.weights)
    found = what_weights_need(path)
    if found is None or not found.resnet50 or graph in found.resnet50:
        return ""
    if TODAY in (graph, *found.resnet50):
        made_with, here = ("2018", "today") if graph == TODAY else ("today", "2018")
    else:
        made_with, here = f"Keras {' or '.join(found.resnet50)}", f"Keras {graph}"
    return f"the weights were made with the ResNet50 of {made_with}, not of {here}"


def _changed_settings(spec):
    """A line for each setting that is not the study's and plays a part in this run."""
    recipe = spec.recipe
    study = get_recipe("released" if recipe.name == "released" else "thesis", recipe.approach)
    normalized = spec.architecture != "vgg19"
    every_step = not recipe.trains_backbone and recipe.features == "every-step"
    plays_no_part = {
        "name": True,
        "numerics.rmsprop_epsilon": True,  # optimizer.epsilon says it
        "warm_up": not recipe.trains_backbone,
        "numerics.rmsprop_root": recipe.optimizer["name"] != "RMSprop",
        "numerics.frozen_batchnorm": not (normalized and every_step),
        "numerics.frozen_updates": not (normalized and every_step),
        "numerics.moving_average": not (normalized and recipe.trains_backbone),
        "numerics.moving_variance": not (normalized and recipe.trains_backbone),
        "numerics.resnet50": spec.architecture != "resnet50",
    }
    return [line for name, line in departures(recipe, study).items() if not plays_no_part.get(name)]
