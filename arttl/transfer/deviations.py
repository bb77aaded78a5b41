"""Where a run departs from the study it reproduces, as Deviations; docs/fidelity.md explains each."""

from __future__ import annotations

from arttl.base.deviation import Deviation, inherited, other_weights
from arttl.models import get_backbone
from arttl.models.belongings import BUNDLED, TODAY, weights_path, what_weights_need
from arttl.published.chapter1 import ARCHITECTURES
from arttl.recipes import get_recipe
from arttl.recipes.overrides import departures

SMALLEST_RESNET50 = 197  # pixels, in Keras up to 2.2.2


def deviations(spec, data):
    """The departures that apply to one run, for its config.json.

    Arguments:
        spec: a RunSpec.
        data: the CollectionData.

    Returns a list of Deviations.
    """
    transferred = spec.source is not None and spec.source.run is not None
    found = [*_changed_settings(spec), *_of_the_network(spec, transferred), *_of_the_data(spec, data)]
    found += spec.computing.deviations
    return found + (inherited(spec.source.run.read_config(), "the source") if transferred else [])


def _of_the_network(spec, transferred):
    """Those of the network, its weights and what it is given; a generator."""
    backbone, recipe, size = get_backbone(spec.architecture), spec.recipe, spec.image_size
    graph = recipe.numerics.resnet50 if spec.architecture == "resnet50" else "keras3"
    if graph in ("2.1.2", "2.1.6", "2.2.2") and size < SMALLEST_RESNET50:
        line = f"Keras {graph} took no image under {SMALLEST_RESNET50} pixels; ResNet50's last pooling may be left out"
        yield Deviation("image_size", line, size)
    if spec.architecture not in ARCHITECTURES:
        yield Deviation("architecture", f"{backbone.title} is none of the thesis' networks", spec.architecture)
    if line := _other_graph(spec, graph):
        yield Deviation("graph", line)
    if recipe.numerics.is_today:
        yield Deviation("numerics.era", "on a GPU, products may be rounded to TF32", "keras3")
    if size != backbone.input_size:
        yield Deviation("image_size", f"image size is {size}, not {backbone.input_size}", size, backbone.input_size)
    if not transferred and spec.weights != ("none" if recipe.approach == "scratch" else "imagenet"):
        yield other_weights(spec.weights)
    if spec.weights in BUNDLED and recipe.preprocessing != "unit":
        line = "the bundled weights were trained on pixels in [0, 1]"
        yield Deviation("preprocessing", line, recipe.preprocessing, "unit")


def _of_the_data(spec, data):
    """Those of the labels, of a classifier in the place of the softmax layer, and of the split; a generator."""
    split, unknown = data.split, data.collection.settings.get("unknown_labels")
    settings, least = split.settings, split.settings["min_images"]
    if unknown is not None:
        yield Deviation("unknown_labels", f"labels that count as unknown: {unknown}", str(unknown))
    if spec.classifier != "softmax":
        yield Deviation("classifier", f"{spec.classifier} on X, in settings of this project's", spec.classifier)
    if solver := spec.solver(data):
        yield Deviation("classifier", f"so large, {spec.classifier} is solved otherwise: {solver}", spec.classifier)
    if line := _cut(data.collection.made.get("cut")):
        yield Deviation("data", line)
    if least > 1:
        yield Deviation("split.min_images", f"classes with fewer than {least} images were left out", least, 1)
    if "grouped" in settings:
        line = f"duplicates are kept in one part of the split ({len(split.groups):,} groups)"
        yield Deviation("split.grouped", line, True, False)
    if settings["given"]:
        yield Deviation("split.given", "the split came with the data", True, False)
    if settings["seed"] not in (42, None):
        yield Deviation("split.seed", f"the split's seed is {settings['seed']}, not 42", settings["seed"], 42)


def _cut(cut):
    """A line for a target that was cut out of a larger collection."""
    if cut is None:
        return ""
    smaller = ", ".join(f"{name} {cut[name]}" for name in ("images", "classes", "skip") if name in cut)
    what = f"{cut.get('target')}{f' ({smaller})' if smaller else ''}"
    return f"{what} was cut by this project's rule {cut.get('rule')}: the thesis does not say which images it took"


def _other_graph(spec, graph):
    """A line where ResNet50's weights come from a graph of another time than the one they are loaded into."""
    path = weights_path(spec.architecture, spec.weights) if spec.architecture == "resnet50" else None
    if path is None:
        return ""
    found = what_weights_need(path)
    if found is None or not found.resnet50 or graph in found.resnet50:
        return ""
    if TODAY in (graph, *found.resnet50):
        made_with, here = ("2018", "today") if graph == TODAY else ("today", "2018")
    else:
        made_with, here = f"Keras {' or '.join(found.resnet50)}", f"Keras {graph}"
    return f"the weights were made with the ResNet50 of {made_with}, not of {here}"


def _changed_settings(spec):
    """The settings that are not the study's and play a part in this run."""
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
    return [each for each in departures(recipe, study) if not plays_no_part.get(each.setting)]
