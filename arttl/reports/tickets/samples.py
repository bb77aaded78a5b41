"""Figure 7: pictures of each target, and of the natural source that comes with the package."""

from __future__ import annotations

from PIL import Image

from arttl.base.errors import InputError
from arttl.base.wording import shown
from arttl.reports.figures import SAMPLES
from arttl.reports.tickets.naming import NATURAL, order
from arttl.runs import RunFolder
from arttl.sources import load_source

BUNDLED = "fashion_mnist"


def target_samples(tickets, pictures):
    """What arttl.reports.figures.sample_pictures draws: evenly spread images of each target, and of Fashion-MNIST.

    Arguments:
        tickets: what collect_tickets() returned.
        pictures: the Pictures of the targets' collections.

    A target without a collection that can be opened, or whose runs have no images.csv, has no row. Fashion-MNIST's are
    of the package's own subset, and there if any search or run is of it.
    """
    rows = {}
    runs = tickets.runs.drop_duplicates("target")
    for run in sorted(runs.itertuples(), key=lambda run: order(run.target, "")):
        try:
            images = RunFolder(run.path).images()[["image_id", "label"]]
        except (InputError, KeyError):
            continue
        chosen = images.iloc[:: max(1, len(images) // SAMPLES)].head(SAMPLES)
        found = [
            (pictures.picture(run.collection, image_id), label) for image_id, label in chosen.itertuples(index=False)
        ]
        rows[shown(run.target)] = [pair for pair in found if pair[0] is not None]
    if BUNDLED in natural_sources(tickets):
        source = load_source(BUNDLED, "bundled")
        step = len(source.train_images) // SAMPLES
        pairs = zip(source.train_images[::step], source.train_labels[::step], strict=True)
        named = [(_picture(image), source.class_names[label]) for image, label in pairs][:SAMPLES]
        rows[f"{NATURAL[BUNDLED]} (the package's subset)"] = named
    return {title: row for title, row in rows.items() if row}


def natural_sources(tickets):
    """Names of the natural sources that any search or run is of, in the order of the thesis."""
    found = {*tickets.runs.source, *tickets.controls.source, *tickets.searches.source}
    return [name for name in NATURAL if name in found]


def _picture(image):
    pixels = image[..., 0] if image.shape[-1] == 1 else image
    return Image.fromarray(pixels).convert("RGB")
