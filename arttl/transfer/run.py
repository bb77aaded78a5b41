"""One run of Chapter 1: its images, its network, what is written before training begins, and its results."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from arttl.base.deviation import Deviation, recorded
from arttl.base.errors import InputError
from arttl.base.files import write_model, write_table
from arttl.models import parameter_counts
from arttl.models.belongings import NAMED_WEIGHTS
from arttl.runs.engine import do_run
from arttl.runs.keeping import release
from arttl.runs.leaks import run_of_weights, started_from
from arttl.training import set_product_precision, start_afresh
from arttl.training.features import network_fingerprint
from arttl.training.precision import device
from arttl.transfer.deviations import deviations


def run_one(spec, data, force=False, *, network, method):
    """Train and test one model by its RunSpec, resuming where its folder holds a checkpoint.

    Arguments:
        spec: the RunSpec.
        data: the CollectionData.
        force: make the run anew, whatever its folder holds.
        network: a function of the RunSpec and the number of classes that gives the keras.Model.
        method: a function of a Run (arttl.runs.engine), the model and the TrainingData that trains and tests it; it
            returns the Outcome and the model to be kept, or None in its place.

    Returns the metrics, as they stand in metrics.json, which is written last.

    Raises InputError when the folder holds a run of other settings, or another process is at work in it.
    """
    return do_run(spec, data, partial(_made, network, method), force)


def _made(network, method, run):
    spec, data = run.spec, run.data
    start_afresh(spec.seed)
    with spec.computing.applied():
        images = data.images(spec.image_size, spec.recipe, spec.challenge)
        set_product_precision(faithful=not spec.recipe.numerics.is_today)
        model = network(spec, images.num_classes)
        begin(run, images, model)
        with run.tracked():
            outcome, kept = method(run, model, images)
            if kept is not None:
                write_model(run.folder.path / "model.keras", kept)
            metrics = run.save(outcome, images)
        release(model if kept is None else kept)
    return metrics


def begin(run, images, model):
    """Write config.json before training begins, and see that a checkpoint is that of this very run.

    Nothing of a former run is removed before the images and the model are there.

    Arguments:
        run: the Run.
        images: the TrainingData.
        model: the keras.Model that it starts from.

    Raises InputError where the folder was begun with other images or other initial weights.
    """
    folder, spec, data = run.folder, run.spec, run.data
    if run.force:
        folder.empty()
    if not folder.is_started:  # whose they were nobody knows
        folder.remove_checkpoint()
        folder.remove_tracks()
    trainable, frozen = parameter_counts(model)
    bad = images.parts["test"][0].bad
    config = {
        "settings": run.settings,
        "weights_path": None if spec.weights in NAMED_WEIGHTS else str(Path(spec.weights).absolute()),
        "reading": data.collection.reading,
        "split": data.split.settings,
        "dropped_classes": data.split.dropped,
        "class_names": list(data.split.classes),
        "bad_images": bad,
        "reading_losses": list(images.reading_losses),
        "device": device(),
        "parameters": {"trainable": trainable, "frozen": frozen},
        "initial_backbone": network_fingerprint(model),
        "started_from": started_from(run_of_weights(spec.weights), folder),
        **recorded([*deviations(spec, data), *(Deviation("data", note) for note in images.notes)]),
    }
    if folder.is_started:
        former = folder.read_config()
        for name in ("bad_images", "initial_backbone"):
            if former.get(name) != config[name]:
                raise InputError(f"{folder.path} was begun with another {name}; force=True starts it anew")
    write_table(folder.path / "images.csv", images.table)
    folder.write_config(config)
    if bad:
        folder.log(f"  {len(bad)} images cannot be read and were left out, as was asked")
    for line in images.notes:
        folder.log(f"  {line}")
