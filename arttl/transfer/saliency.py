"""Figure 4: where a network looks before and after fine-tuning, on images that only the fine-tuned one gets right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from arttl import collections, saliency
from arttl.base.errors import InputError
from arttl.base.files import make_folder, write_table
from arttl.base.saying import in_words
from arttl.base.typed import typed
from arttl.base.wording import counted, first_few, shown
from arttl.collections import Reading
from arttl.images import Decoding, decode_image
from arttl.images.own_size import own_decoding
from arttl.models import get_backbone
from arttl.reports.figures import save_figure
from arttl.reports.saliency import saliency_figure
from arttl.runs import RunFolder
from arttl.sweeps.listing import FINISHED, REFUSED, TO_DO
from arttl.transfer.data import DataSettings, Opened
from arttl.transfer.places import runs_root

EXPERIMENT = "ch1/rijks"
METHODS = {
    "visual-backprop": ("figure4", lambda model, images, ids: saliency.visual_backprop(model, images)),
    "visual-backprop-even": (
        "figure4-even",
        lambda model, images, ids: saliency.visual_backprop(model, images, kernel="even"),
    ),
    "grad-cam": ("grad-cam", saliency.grad_cam),
    "smooth-grad": ("smooth-grad", saliency.smooth_grad),
}
"""Names of the methods, and for each its files' name and a function of model, images and the classes predicted."""

SAME = ("collection", "challenge", "split", "image_size", "files")
"""Settings in which the two runs must agree: their predictions are for the same images."""


SHOWN = 480  # pixels of a picture's longer side in the figure


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


@dataclass(frozen=True)
class SaliencyStudy:
    """Figure 4 of one network, challenge and seed.

    Attributes:
        challenge, architecture, seed: of the runs.
        before, after: folders of other runs than the off-the-shelf and the fine-tuned one.
        images: at most so many.
        method: of METHODS.
        output: folder of all runs.
        reading: a Reading of the runs' collection; None for a bundled one.
        experiment: folder of the figure below `output`.
        opened: the arttl.transfer.data.Opened of the command, where several studies share collections.
    """

    challenge: str = "artist"
    architecture: str = "resnet50"
    seed: int = 42
    before: Path | None = None
    after: Path | None = None
    images: int = 6
    method: str = "visual-backprop"
    output: Path = Path("runs")
    reading: Reading | None = None
    experiment: str = "ch1/saliency"
    opened: Opened | None = None

    @classmethod
    def from_options(cls, options):
        """What ch1_saliency.py was asked for: the namespace of arttl.cli.parsers.saliency_parser."""
        reading = None if options.data is None else typed(Reading, options)
        return typed(cls, options, architecture=get_backbone(options.architecture).name, reading=reading)

    @property
    def folder(self):
        """Where the figure goes."""
        root = self._root.relative_to(Path(self.output, EXPERIMENT))  # of the collection, where others are before it
        return Path(self.output, self.experiment, root, self.challenge, self.architecture, f"seed-{self.seed}")

    @property
    def _root(self):
        """The folder above the challenge's of the collection's runs; where it has none, that of what there is."""
        base, name = Path(self.output, EXPERIMENT), self.reading.name if self.reading else DataSettings().name
        root = runs_root(base, self.challenge, name)
        return root if (root / self.challenge).is_dir() else base

    def draw(self):
        """Choose the images, draw both networks' maps, and write figure and list.

        Raises InputError for runs that are not there or do not belong together, and if only one kind of image is
        found.
        """
        before, after = self.sides()
        chosen = choose(before.predictions, after.predictions, self.images)
        if chosen.empty:
            raise InputError(
                f"there is no test image that {after.run.path} gets right and {before.run.path} does not; name other "
                "runs"
            )
        opened = self.opened or Opened()
        images, pictures = read_images(self.reading, self.challenge, after.settings, chosen.index, opened)
        name, method = METHODS[self.method]
        maps = {side.title: side_maps(side, images, method) for side in (before, after)}
        make_folder(self.folder, "output")
        answers = {
            side.title: [(row.predicted, row.probability) for row in side.predictions.loc[chosen.index].itertuples()]
            for side in (before, after)
        }
        figure = saliency_figure(pictures, chosen.label.tolist(), maps, answers)
        files = save_figure(figure, self.folder, name)
        write_table(self.folder / f"{name}.csv", chosen.reset_index())
        print(f"{counted(len(chosen), 'image')} of {self.challenge} that only the fine-tuned network gets right:")
        print(f"  {first_few(chosen.index, self.images)}")
        print("\n".join(f"  {path}" for path in (*files, self.folder / f"{name}.csv")))

    def list(self, sweep=None):
        """Print the figure's state, as a dry run does; no training's time or disk counts.

        Arguments:
            sweep: a Sweep, with runs that will be there by then in its ledger; None where the figure is all.

        Raises InputError at the end where the figure is all, and would be refused.
        """
        path, planned = self.folder / f"{METHODS[self.method][0]}.png", sweep.ledger.runs if sweep else {}
        state, why = (FINISHED if path.exists() else TO_DO), ""
        if not all(each in planned for each in self.paths().values()):
            try:
                self.sides()
            except InputError as error:
                state, why = REFUSED, f": {in_words(str(error))}"
        print(f"{state:10}  {path}  (maps of two networks on {self.images} images at the most; no training){why}")
        if state == REFUSED and sweep is None:
            raise InputError("the figure would be refused, for what is said above")

    def paths(self):
        """The folders of the two runs: by default the off-the-shelf and the fine-tuned one of one seed; a dict."""
        root = self._root / self.challenge / self.architecture
        return {
            "off the shelf": self.before or root / "off-the-shelf" / f"seed-{self.seed}",
            "fine-tuned": self.after or root / "fine-tuning" / f"seed-{self.seed}",
        }

    def sides(self):
        """The two Sides."""
        before, after = (Side.of(title, RunFolder(path)) for title, path in self.paths().items())
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


def read_images(reading, challenge, settings, image_ids, opened):
    """The images as the runs saw them, and a list of them at their own size, up to SHOWN; as of `find_images`."""
    paths, decoding = find_images(reading, challenge, settings, image_ids, opened)
    return as_seen(paths, decoding), [decode_image(path, own_decoding(path, SHOWN, decoding)) for path in paths]


def as_seen(paths, decoding):
    """The images as the runs saw them: uint8 (n, size, size, 3)."""
    return np.stack([decode_image(path, decoding) for path in paths])


def find_images(reading, challenge, settings, image_ids, opened):
    """The images' paths, a list, and the Decoding by which the runs saw them.

    Arguments:
        reading: a Reading of the runs' collection, or None.
        challenge: theirs.
        settings: of their config.json.
        image_ids: of the images.
        opened: an Opened.
    """
    name, collection = settings["collection"], None
    if reading is not None:
        collection = opened.collection(reading, challenge)
    elif name in collections.BUNDLED:
        collection = opened.collection(name)
    if collection is None or collection.name != name:
        raise InputError(f"the runs are of the collection {shown(name)}; name its folder with data=")
    size, recipe = settings["image_size"], settings["recipe"]
    decoding = Decoding((size, size), recipe["resize"], recipe["decoding"], megapixels=collection.megapixels)
    return list(collection.paths(image_ids).values()), decoding


def side_maps(side, images, method):
    """A network's maps of the images for the classes it predicts: float32 (n, height, width) in [0, 1]."""
    import keras

    model = keras.saving.load_model(side.run.path / "model.keras", compile=False, safe_mode=True)
    return method(model, images, model.predict_on_batch(images).argmax(axis=1))
