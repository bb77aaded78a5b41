"""Where a run departs from the study it reproduces, in words; docs/fidelity.md explains each."""

from __future__ import annotations

from arttl.models import get_backbone


def deviations(spec, split):
    """The departures that apply to one run, for its config.json.

    Arguments:
        spec: a RunSpec.
        split: the Split.

    Returns a list of lines.
    """
    backbone, recipe = get_backbone(spec.architecture), spec.recipe
    trains, batch_normalized = recipe.trains_backbone, spec.architecture != "vgg19"
    conditions = {
        "RMSprop takes epsilon inside the root; Keras of 2018 outside": recipe.optimizer["name"] == "RMSprop",
        "cross-entropy is Keras 3's; that of 2018 renormalised and clipped the probabilities": True,
        "trainable BatchNormalization is Keras 3's; 2.1.3 to 2.2.4 averaged otherwise": trains and batch_normalized,
        "the frozen network's BatchNormalization uses moving statistics; in the released code's Keras the batch's": (
            not trains and batch_normalized and recipe.name == "released"
        ),
        "ResNet50 is today's graph, not that of 2018": spec.architecture == "resnet50",
        "EXIF orientation is applied and transparency composited on white; Keras of 2018 ignored both": True,
        "the last, smaller batch of an epoch is used; the released code dropped it": recipe.name == "released",
        "on a GPU, TensorFlow may round products to TF32": spec.backend == "tensorflow",
        f"resize is {recipe.resize}, not nearest": recipe.resize != "nearest",
        f"image size is {spec.image_size}, not {backbone.input_size}": spec.image_size != backbone.input_size,
        f"starts from {spec.weights} weights, not ImageNet's": (
            spec.weights != ("none" if recipe.approach == "scratch" else "imagenet")
        ),
        f"batch size is {recipe.batch_size}, not 32": recipe.batch_size != 32,
        f"at most {recipe.max_epochs} epochs": recipe.max_epochs < 1000,
        "the split came with the data": split.settings["given"],
        f"the split's seed is {split.settings['seed']}, not 42": split.settings["seed"] not in (42, None),
    }
    return [line for line, applies in conditions.items() if applies]
