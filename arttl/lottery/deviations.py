"""Where a search or a transfer departs from the study, or settles what the study does not say, in words."""

from __future__ import annotations

from dataclasses import asdict

from arttl.lottery.networks import NETWORKS
from arttl.lottery.presets import THESIS, study_settings
from arttl.recipes.overrides import departures

SMALL = "at 32 pixels 27% of ResNet-50's prunable weights see only padding: 8 of the 9 taps of three kernels of 3 x 3"


def search_deviations(spec, data):
    """The departures that apply to one search, for its config.json.

    Arguments:
        spec: a SearchSpec.
        data: the TrainingData.

    Returns a list of lines.
    """
    _, settings = study_settings(NETWORKS[spec.network])
    study, ours = asdict(settings), asdict(spec.search)
    lines = [
        f"search.{name} is {ours[name]}, not {study[name]}"
        for name in study
        if ours[name] != study[name] and not name.startswith("keep_")
    ]
    if spec.fraction != 1:
        lines.append(f"{spec.fraction:.0%} of the training images")
    return lines + _shared(spec, data)


def ticket_deviations(spec, data):
    """Those of a network trained on a target, and those of the search that its ticket comes from.

    Arguments:
        spec: a TicketSpec.
        data: the TrainingData.
    """
    momentum = spec.batchnorm.momentum
    conditions = {
        f"BatchNormalization's momentum is {momentum}, not Keras' own": momentum is not None,
        "BatchNormalization's statistics are re-estimated before each validation": spec.batchnorm.recalibrate,
        "the head comes from the ticket": not spec.new_head and spec.start not in ("scratch", "reinitialised"),
        "the masks are shuffled within each layer": spec.start == "random-masks",
    }
    lines = [line for line, applies in conditions.items() if applies] + _shared(spec, data)
    if spec.search is None:
        return lines
    return lines + [f"the search: {line}" for line in spec.search.read_config()["deviations"]]


def _shared(spec, data):
    """Those that a search and a transfer can both have."""
    network = NETWORKS[spec.network]
    recipe, _ = study_settings(network)
    lines = list(departures(spec.recipe, recipe).values())
    if network.study == THESIS and spec.network != "resnet50":
        lines.append(f"the network is {spec.network}, not resnet50")
    if spec.network == "resnet50" and data.shape[0] <= 32:
        lines.append(SMALL)
    return lines + spec.computing.deviations + [f"data: {note}" for note in data.notes]
