"""What belongs to a weights file: how the pixels were scaled, and in which graph of ResNet50 it was trained.

Weights given to another preprocessing or graph load without complaint and predict worse. A .keras file holds its
layers, a run's config.json its recipe; a bare .h5 file names its layers and says nothing of the pixels.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import h5py

from arttl.base.errors import InputError
from arttl.models.backbones import CAFFE_MEAN_BGR
from arttl.recipes.eras import RESNET50_GRAPHS

_FOLDER = Path(__file__).parents[1] / "data" / "weights"
BUNDLED = {
    "bundled": {"resnet50": _FOLDER / "resnet50-clipart.h5"},
    "bundled-photographs": {"resnet50": _FOLDER / "resnet50-photographs.h5"},
    "bundled-drawings": {"resnet50": _FOLDER / "resnet50-clipart.h5"},
}
"""The package's own weights (docs/weights.md): name to architecture to file."""

OF_DEMONSTRATIONS = "bundled-photographs"

NAMED_WEIGHTS = ("imagenet", *BUNDLED, "none")
TODAY = "keras3"
_RUN_MODEL, _RUN_CONFIG = "model.keras", "config.json"  # of a run folder
_SCALES = {(1 / 255, 0.0): "unit", (1 / 127.5, -1.0): "imagenet"}


@dataclass(frozen=True)
class Belongings:
    """What weights were trained with, as far as their file or its run folder says it.

    Attributes:
        preprocessing: "unit" or "imagenet"; None where nothing says it.
        resnet50: the graphs of ResNet50 that it may be: "keras3" or keys of arttl.recipes.eras.RESNET50_GRAPHS. Several
            where they do not differ in what the file holds; none for another architecture or where nothing says it.
        image_size: side of the images in pixels; None where nothing says it.
    """

    preprocessing: str | None = None
    resnet50: tuple[str, ...] = ()
    image_size: int | None = None


def weights_path(architecture: str, weights: str) -> Path | None:
    """Where weights lie: a bundled file, or the one that is named; None for ImageNet's, which Keras keeps, and none.

    Raises InputError where no weights of that name are bundled for the architecture.
    """
    if weights in ("imagenet", "none"):
        return None
    files = BUNDLED.get(weights)
    if files is None:
        return Path(weights)
    if architecture not in files:
        raise InputError(
            f"there are no {weights} weights for {architecture}, only for {', '.join(files)}; "
            f"take architecture={next(iter(files))}, weights=imagenet or weights=FILE"
        )
    return files[architecture]


def what_weights_need(path: Path | str) -> Belongings | None:
    """What the weights of a file were trained with.

    The file's own layers come first. What they leave open is read from config.json beside a run's model.keras.

    Arguments:
        path: a .keras or .h5 file.

    Returns Belongings; None where neither the file nor a run folder says anything.

    Example:
        >>> what_weights_need("runs/ch1/rijks/type/resnet50/fine-tuning/seed-42/model.keras").preprocessing
        'unit'
    """
    path = Path(path)
    of_file, of_run = _of_file(path), _of_run(path)
    both = [graph for graph in of_run.resnet50 if graph in of_file.resnet50]
    found = Belongings(
        of_file.preprocessing or of_run.preprocessing,
        tuple(both) or of_file.resnet50 or of_run.resnet50,
        of_file.image_size or of_run.image_size,
    )
    return found if found != Belongings() else None


def what_layers_need(layers) -> Belongings:
    """What the layers of a model at hand were built with.

    Arguments:
        layers: Keras layers; those of other makers are passed over.
    """
    known = [each for each in layers if type(each).__module__.partition(".")[0] in ("keras", "arttl")]
    return _of_layers([(type(each).__name__, each.get_config()) for each in known])


def weights_title(weights: str) -> str:
    """The weights by name, or the name of their file without its folder, which decides nothing."""
    return weights if weights in NAMED_WEIGHTS else PurePath(weights).name


def _of_run(path: Path) -> Belongings:
    """What config.json says beside a run's model; nothing where there is none, or it is of something else."""
    if path.name != _RUN_MODEL:
        return Belongings()
    try:
        settings = json.loads((path.parent / _RUN_CONFIG).read_text(encoding="utf-8"))["settings"]
        recipe, network = settings["recipe"], settings.get("architecture") or settings.get("network")
        graphs = (recipe["numerics"]["resnet50"],) if network in ("resnet50", None) else ()
        return Belongings(recipe["preprocessing"], graphs, settings.get("image_size"))
    except (OSError, ValueError, LookupError, TypeError):
        return Belongings()


def _of_file(path: Path) -> Belongings:
    """What the layers in a file say; nothing where it cannot be read, which loading it will report."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as file:
                return _of_layers(list(_layers(json.loads(file.read("config.json")))))
        with h5py.File(path, "r") as file:
            if "model_config" in file.attrs:
                return _of_layers(list(_layers(json.loads(file.attrs["model_config"]))))
            stored = file["names"].asstr()[()] if "names" in file else file.attrs["layer_names"]
            names = {_text(name).partition("/")[0] for name in stored}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile):
        return Belongings()
    return Belongings(resnet50=tuple(RESNET50_GRAPHS) if "bn_conv1" in names else _today(names))


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _layers(config: object) -> Iterator[tuple[str, dict]]:
    """(class name, settings) of every layer in a saved model's configuration, also of models within it."""
    if isinstance(config, dict):
        settings = config.get("config")
        if isinstance(settings, dict) and "class_name" in config:
            yield config["class_name"], settings
        for value in config.values():
            yield from _layers(value)
    elif isinstance(config, list):
        for value in config:
            yield from _layers(value)


def _of_layers(layers: list[tuple[str, dict]]) -> Belongings:
    shapes = [settings.get("batch_shape") for kind, settings in layers if kind == "InputLayer"]
    sides = {shape[1] for shape in shapes if shape and len(shape) == 4}
    return Belongings(_preprocessing(layers), _graphs(layers), sides.pop() if len(sides) == 1 else None)


def _preprocessing(layers: list[tuple[str, dict]]) -> str | None:
    """The scaling of pixels as build_classifier's first layer has it, or a Rescaling that does the same."""
    for kind, settings in layers:
        as_caffe = kind == "Normalization" and settings.get("mean") == [*CAFFE_MEAN_BGR]  # of without_custom_objects
        if kind == "CaffePreprocessing" or as_caffe:
            return "imagenet"
        if kind == "Rescaling":
            return _SCALES.get((settings.get("scale"), settings.get("offset")))
    return None


def _graphs(layers: list[tuple[str, dict]]) -> tuple[str, ...]:
    named = {settings.get("name"): (kind, settings) for kind, settings in layers}
    if "bn_conv1" not in named:
        return _today(named)
    conv1_padding = "explicit" if "conv1_pad" in named else "same"
    pool1_padding = "explicit" if "pool1_pad" in named else "none"
    pools_last = "avg_pool" in named  # of small images no graph does, so that its lack says nothing
    return tuple(
        name
        for name, graph in RESNET50_GRAPHS.items()
        if (graph.conv1_padding, graph.pool1_padding) == (conv1_padding, pool1_padding)
        and (graph.last_pooling or not pools_last)
    )


def _today(names: Container[str]) -> tuple[str, ...]:
    return (TODAY,) if "conv1_bn" in names and "conv2_block1_1_conv" in names else ()
