"""A complete run as the content of classifier.json."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from arttl.base.deviation import other_weights, recalled
from arttl.base.errors import InputError
from arttl.base.wording import shown, shown_path
from arttl.models import get_backbone
from arttl.models.belongings import weights_title
from arttl.recipes import APPROACHES
from arttl.runs import RunFolder
from arttl.sharing.layout import FORMAT, VERSION


def describe(run):
    """What is known of a complete run, without digests of the files.

    Where weights came from a file only its name is told, not its folder, which is nobody else's business; its digest
    is there.

    Arguments:
        run: a RunFolder, or its path.

    Returns (about, labels): a dict for classifier.json, and the classes' names in the order of the model's outputs.

    Raises InputError for a run that is unfinished or damaged, and for a folder that is none.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    where = shown_path(run.path)
    if not run.is_started:
        raise InputError(
            f"{where} is no run folder; give one with config.json and metrics.json, such as "
            "runs/ch1/rijks/type/resnet50/off-the-shelf/seed-42"
        )
    if not run.is_complete:
        raise InputError(f"{where} is an unfinished run; finish it with resume=True before it is exported")
    config, metrics = run.read_config(), run.metrics()
    try:
        trained = config["settings"].get("classifier", "softmax")
        if trained != "softmax":
            raise InputError(
                f"{where} trained {shown(trained)} on X and kept no network; export one of the softmax layer"
            )
        return _about(run, config, metrics), _labels(config)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where} holds damaged results ({error!r}); run again with force=True") from error


def _about(run, config, metrics):
    settings = config["settings"]
    recipe = settings["recipe"]
    get_backbone(settings["architecture"])
    if recipe["approach"] not in APPROACHES:
        raise ValueError(f"approach {recipe['approach']!r}")
    images = run.images()
    readable = images[~images["image_id"].isin(list(config["bad_images"]))]
    return {
        "format": FORMAT,
        "version": VERSION,
        "input": {
            "size": settings["image_size"],
            **{name: recipe[name] for name in ("decoding", "resize", "preprocessing")},
        },
        "classes": settings["classes"],
        "settings": {**settings, "weights": weights_title(settings["weights"])},
        "split": config["split"],
        "images": dict(Counter(readable["split"])),
        "classes_left_out": config["dropped_classes"],
        "metrics": metrics,
        "deviations": [_without_folder(each).text for each in recalled(config)],
        "versions": config["versions"],
    }


def _labels(config):
    labels = config["class_names"]
    sound = all(isinstance(label, str) for label in labels) and len(set(labels)) == config["settings"]["classes"]
    if not sound or len(set(labels)) != len(labels):
        raise ValueError("class_names")
    "".join(labels).encode()  # a lone surrogate, which no UTF-8 file can hold, is a ValueError
    return list(labels)


def _without_folder(deviation):
    if deviation.setting != "weights":
        return deviation
    return replace(other_weights(weights_title(deviation.here)), of=deviation.of)
