"""Figure 4: where a network looks before and after fine-tuning, on images that only the fine-tuned one gets right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from arttl import collections, saliency
from arttl.collections.wording import counted, first_few, shown
from arttl.errors import InputError
from arttl.files import make_folder, write_table
from arttl.images import Decoding, decode_image
from arttl.reports.figures import save_figure
from arttl.reports.saliency import saliency_figure
from arttl.runs import RunFolder

EXPERIMENT = "ch1/rijks"
METHODS = {
    "visual-backprop": ("figure4", lambda model, images, ids: saliency.visual_backprop(model, images)),
    "grad-cam": ("grad-cam", saliency.grad_cam),
    "smooth-grad": ("smooth-grad", saliency.smooth_grad),
}
"""Names of the methods, and for each its files' name and a function of model, images and the classes predicted."""

SAME = ("collection", "challenge", "split", "image_size", "files")
"""Settings in which the two runs must agree: their predictions are for the same images."""


@dataclass(frozen=True)
class Side:
    """One of the two networks: its run, model and predictions (indexed by image_id)."""

    title: str
    run: RunFolder
    settings: dict
    predictions: pd.DataFrame

    @classmethod
    def of(cls, title, run):
        """Read a finished run; InputError says which command makes it."""
        if not run.is_complete:
            raise InputError(
                f"there is no finished run in {run.path}; make it with experiments/ch1_rijks.py, or name another"
            )
        return cls(title, run, run.read_config()["settings"], run.predictions().set_index("image_id"))


def run_saliency(options, experiment):
    """Do what ch1_saliency.py was asked for: choose the images, draw both networks' maps, write figure and list.

    Arguments:
        options: the namespace of arttl.parsers.saliency_parser.
        experiment: folder of the experiment below --output, "ch1/saliency".

    Raises InputError for runs that are not there or do not belong together, and if only one kind of image is found.
    """
    before, after = sides(options)
    chosen = choose(before.predictions, after.predictions, options.images)
    if chosen.empty:
        raise InputError(
            f"there is no test image that {after.run.path} gets right and {before.run.path} does not; name other runs"
        )
    images = read_images(options, after.settings, chosen.index)
    name, method = METHODS[options.method]
    maps = {side.title: side_maps(side, images, method) for side in (before, after)}
    folder = figure_folder(options, experiment)
    make_folder(folder, "output")
    answers = {
        side.title: [(row.predicted, row.probability) for row in side.predictions.loc[chosen.index].itertuples()]
        for side in (before, after)
    }
    figure = saliency_figure(images, chosen.label.tolist(), maps, answers)
    files = save_figure(figure, folder, name)
    write_table(folder / f"{name}.csv", chosen.reset_index())
    print(f"{counted(len(chosen), 'image')} of {options.challenge} that only the fine-tuned network gets right:")
    print(f"  {first_few(chosen.index, options.images)}")
    print("\n".join(f"  {path}" for path in (*files, folder / f"{name}.csv")))


def figure_folder(options, experiment):
    """Where the options' figure goes: a Path; `experiment` is as in run_saliency."""
    return Path(options.output, experiment, options.challenge, options.architecture, f"seed-{options.seed}")


def sides(options):
    """The two Sides that the options name: by default the off-the-shelf and the fine-tuned run of one seed."""
    root = Path(options.output, EXPERIMENT, options.challenge, options.architecture)
    paths = {
        "off the shelf": options.before or root / "off-the-shelf" / f"seed-{options.seed}",
        "fine-tuned": options.after or root / "fine-tuning" / f"seed-{options.seed}",
    }
    before, after = (Side.of(title, RunFolder(path)) for title, path in paths.items())
    for name in SAME:
        if before.settings.get(name) != after.settings.get(name):
            raise InputError(
                f"{before.run.path} and {after.run.path} differ in {name} ({before.settings.get(name)}, "
                f"{after.settings.get(name)}); name two runs on the same images"
            )
    return before, after


def choose(before, after, most):
    """The test images that only the second network gets right, those it is surest of first.

    Arguments:
        before, after: predictions of two runs on the same images, indexed by image_id.
        most: how many.

    Returns a DataFrame indexed by image_id: label, before, after (the answers), before_probability, after_probability.
    """
    table = pd.DataFrame(
        {
            "label": after.label,
            "before": before.predicted.reindex(after.index),
            "after": after.predicted,
            "before_probability": before.probability.reindex(after.index),
            "after_probability": after.probability,
        }
    )
    only = table[(table.after == table.label) & (table.before != table.label)]
    return only.sort_index().sort_values("after_probability", ascending=False, kind="stable").head(most)


def read_images(options, settings, image_ids):
    """The images as the runs saw them: uint8 (n, size, size, 3)."""
    name, collection = settings["collection"], None
    if options.data is not None:
        collection = collections.open_asked(options, options.challenge)
    elif name in collections.BUNDLED:
        collection = collections.bundled(name)
    if collection is None or collection.name != name:
        raise InputError(f"the runs are of the collection {shown(name)}; name its folder with data=")
    size, recipe = settings["image_size"], settings["recipe"]
    decoding = Decoding((size, size), recipe["resize"], recipe["decoding"], megapixels=collection.megapixels)
    return np.stack([decode_image(path, decoding) for path in collection.paths(image_ids).values()])


def side_maps(side, images, method):
    """A network's maps of the images for the classes it predicts: float32 (n, height, width) in [0, 1]."""
    import keras

    model = keras.saving.load_model(side.run.path / "model.keras", compile=False, safe_mode=True)
    return method(model, images, model.predict_on_batch(images).argmax(axis=1))
